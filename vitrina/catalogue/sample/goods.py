"""Which drawing belongs to which kind of goods."""

from collections.abc import Callable, Mapping

from vitrina.catalogue.sample import accessories, bags, clothing, footwear, home, kitchen, playroom
from vitrina.catalogue.sample.figure import Sheet

Drawing = Callable[[Sheet], None]

_DRAWINGS: Mapping[str, Drawing] = {
    "t-shirt": clothing.t_shirt,
    "shirt": clothing.shirt,
    "hoodie": clothing.hoodie,
    "dress": clothing.dress,
    "skirt": clothing.skirt,
    "trousers": clothing.trousers,
    "cap": accessories.cap,
    "sneakers": footwear.sneakers,
    "boots": footwear.boots,
    "heels": footwear.heels,
    "handbag": bags.handbag,
    "backpack": bags.backpack,
    "watch": accessories.watch,
    "sunglasses": accessories.sunglasses,
    "chair": home.chair,
    "lamp": home.lamp,
    "cushion": home.cushion,
    "vase": home.vase,
    "mug": kitchen.mug,
    "bottle": kitchen.bottle,
    "jar": kitchen.jar,
    "pot": kitchen.pot,
    "headphones": accessories.headphones,
    "teddy bear": playroom.teddy_bear,
    "toy car": playroom.toy_car,
    "notebook": playroom.notebook,
}


def drawing(kind: str) -> Drawing:
    """The function that draws articles of this kind."""
    return _DRAWINGS[kind]
