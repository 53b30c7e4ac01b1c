"""Which drawing belongs to which kind of goods."""

from collections.abc import Callable, Mapping

from vitrina.catalogue.sample import clothing
from vitrina.catalogue.sample.figure import Sheet

Drawing = Callable[[Sheet], None]

_DRAWINGS: Mapping[str, Drawing] = {
    "t-shirt": clothing.t_shirt,
    "shirt": clothing.shirt,
    "hoodie": clothing.hoodie,
    "dress": clothing.dress,
    "skirt": clothing.skirt,
    "trousers": clothing.trousers,
}


def drawing(kind: str) -> Drawing:
    """The function that draws articles of this kind."""
    return _DRAWINGS[kind]
