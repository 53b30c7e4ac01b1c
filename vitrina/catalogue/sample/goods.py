"""Which drawing belongs to which kind of goods, and the drawing of one article."""

from collections.abc import Callable, Mapping

from vitrina.catalogue.sample import (
    accessories,
    bags,
    clothing,
    devices,
    footwear,
    furniture,
    home,
    kitchen,
    pantry,
    playroom,
)
from vitrina.catalogue.sample.article import Article
from vitrina.catalogue.sample.colours import BLACK, PALETTE, WHITE, Colour
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.figure import Finish, Sheet

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
    "scarf": accessories.scarf,
    "table": furniture.table,
    "bookcase": furniture.bookcase,
    "sofa": furniture.sofa,
    "cereal box": pantry.cereal_box,
    "tin can": pantry.tin_can,
    "carton": pantry.carton,
    "coffee bag": pantry.coffee_bag,
    "smartphone": devices.smartphone,
    "speaker": devices.speaker,
    "camera": devices.camera,
    "ball": playroom.ball,
    "headphones": accessories.headphones,
    "teddy bear": playroom.teddy_bear,
    "toy car": playroom.toy_car,
    "notebook": playroom.notebook,
}


def figure(article: Article) -> Sheet:
    """The article's drawing: its parts from the back to the front, the same for every picture of it."""
    # The print has draws of its own, so that another pattern leaves the shape alone.
    shape, print_draws = Draws(article.seed, "shape", article.family), Draws(article.seed, "print", article.family)
    tint = Draws(article.seed, "tint", article.number)
    colour = PALETTE[article.colour].nudged(
        hue_degrees=tint.uniform(-5, 5), saturation=tint.uniform(0.92, 1.08), value=tint.uniform(0.93, 1.07)
    )
    accent = PALETTE[article.accent] if article.accent is not None else _trim(colour, tint)
    period, turn = print_draws.uniform(0.14, 0.34), print_draws.choice((0.0, 0.0, 90.0, 45.0))
    main = Finish(
        colour,
        article.material,
        article.pattern,
        accent,
        period=period,
        turn_degrees=turn if article.pattern in ("striped", "checked") else 0.0,
    )
    sheet = Sheet(
        article=article,
        main=main,
        plain=Finish(colour, article.material),
        accent=Finish(accent, article.material),
        trim=Finish(_trim(colour, tint), article.material),
        shape=shape,
    )
    _DRAWINGS[article.kind.name](sheet)
    return sheet


def _trim(colour: Colour, draws: Draws) -> Colour:
    """A quiet colour for belts and strings that shows on the main one."""
    if colour.lightness > 0.55:
        return draws.choice((Colour(52, 50, 54), Colour(110, 72, 44), colour.mixed(BLACK, 0.45)))
    return draws.choice((Colour(240, 238, 232), Colour(200, 176, 140), colour.mixed(WHITE, 0.5)))
