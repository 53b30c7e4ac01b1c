def render(inspection, *, catalogue):
    return ""
