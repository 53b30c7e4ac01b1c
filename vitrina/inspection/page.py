"""The inspection's page: one HTML file that needs nothing beside it."""

import io
from base64 import b64encode
from collections.abc import Iterator

import numpy as np
from PIL import Image
from tqdm import tqdm

from vitrina.catalogue.store import Catalogue
from vitrina.evaluation.template import page_template
from vitrina.inspection.figures import price_svg, steps_svg
from vitrina.inspection.result import PROBLEMS, Histogram, Inspection, PictureOf

_THUMBNAIL_PX, _QUALITY = 144, 78
_READ_TOGETHER = 64


def render(inspection: Inspection, *, catalogue: Catalogue) -> str:
    """The page, with a thumbnail of every picture that its galleries show. Raises ImportError that names the extra
    where jinja2 is missing."""
    template = page_template("page.html.j2", package="vitrina.inspection", page="inspection.html")
    return template.render(
        found=inspection,
        lead=lead(inspection),
        every_case=PROBLEMS,
        thumbnails=_thumbnails(inspection, catalogue=catalogue),
        price_svg=price_svg,
        words_svg=_words_svg,
        sizes_svg=_sizes_svg,
    )


def lead(inspection: Inspection) -> str:
    """One sentence on what there is and how it stands."""
    parts = [f"{each.count:,} with {each.name}" for each in inspection.coverage.modality[:1] if each.count]
    parts += [f"{each.count:,} {each.name}" for each in inspection.coverage.modality[1:] if each.count]
    grave = sum(each.level == "stop" for each in inspection.advice)
    minor = sum(each.level == "mind" for each in inspection.advice)
    state = "Nothing stands in the way of training."
    if grave:
        state = f"{grave} thing{'s' * (grave > 1)} to mend before training" + (
            f", {minor} more to mind." if minor else "."
        )
    elif minor:
        state = f"Nothing forbids training; {minor} thing{'s' * (minor > 1)} to mind."
    return f"{inspection.products:,} products: {', '.join(parts) or 'none'}. {state}"


def _words_svg(histogram: Histogram) -> str:
    def name(low: float, high: float) -> str:
        return f"{low:g}" if high - low == 1 else f"{low:g}+" if high > 1024 else f"{low:g}–{high - 1:g}"

    return steps_svg(histogram, words="Texts by their number of words", name=name)


def _sizes_svg(histogram: Histogram) -> str:
    def name(low: float, high: float) -> str:
        return f"{low:g}"

    return steps_svg(histogram, words="Pictures by the pixels of their longer side", name=name)


def _thumbnails(inspection: Inspection, *, catalogue: Catalogue) -> dict[tuple[int, int], str]:
    """Data addresses by (row, number of the picture); a picture that cannot be decoded has none."""
    wanted = sorted({(each.row, each.number) for each in _shown(inspection)})
    found = {}
    with tqdm(total=len(wanted), desc="galleries", unit="picture", disable=None, delay=2) as bar:
        for start in range(0, len(wanted), _READ_TOGETHER):
            part = wanted[start : start + _READ_TOGETHER]
            products = catalogue.read(np.array([row for row, _ in part]))
            for (row, number), product in zip(part, products, strict=True):
                address = _data_address(product.pictures[number])
                if address is not None:
                    found[row, number] = address
            bar.update(len(part))
    return found


def _shown(inspection: Inspection) -> Iterator[PictureOf]:
    for problem in inspection.problems:
        for example in problem.examples:
            yield from example.pictures


def _data_address(encoded: bytes) -> str | None:
    try:
        with Image.open(io.BytesIO(encoded), formats=("JPEG",)) as image:
            image.draft("RGB", (2 * _THUMBNAIL_PX, 2 * _THUMBNAIL_PX))
            image.thumbnail((_THUMBNAIL_PX, _THUMBNAIL_PX))
            buffer = io.BytesIO()
            image.convert("RGB").save(buffer, format="JPEG", quality=_QUALITY)
    except (OSError, ValueError):
        return None
    return "data:image/jpeg;base64," + b64encode(buffer.getvalue()).decode()
