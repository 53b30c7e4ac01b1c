"""The template of a page, for every page that is made with jinja2."""

from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Template


def page_template(name: str, *, package: str, page: str) -> "Template":
    """The template `name` in a package, where what is missing is an error and words are escaped.

    Raises ImportError that says `page` needs jinja2, and names the extra, where it is missing.
    """
    try:
        from jinja2 import Environment, StrictUndefined
    except ImportError as error:
        raise ImportError(f"{page} needs jinja2: pip install 'vitrina[report]'") from error
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(files(package).joinpath(name).read_text("utf-8"))
