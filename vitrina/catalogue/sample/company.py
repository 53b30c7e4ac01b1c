"""Which other articles keep an article company in a scene, and how large all of them are."""

from collections.abc import Collection, Mapping

import skia

from vitrina.catalogue.sample.article import Article
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.figure import Sheet

FIRST = 400
"""Company has a lower number than the article's own, or one below this: it is in every sample that is large enough."""

_TRIALS = 40
"""How many numbers are looked at for each article wanted."""

_HEIGHTS_CM: Mapping[str, float] = {
    "t-shirt": 68,
    "shirt": 76,
    "hoodie": 72,
    "dress": 105,
    "skirt": 62,
    "trousers": 100,
    "scarf": 80,
    "cap": 15,
    "sneakers": 13,
    "boots": 26,
    "heels": 15,
    "handbag": 32,
    "backpack": 46,
    "watch": 18,
    "sunglasses": 6,
    "chair": 90,
    "table": 76,
    "bookcase": 170,
    "sofa": 84,
    "lamp": 46,
    "cushion": 44,
    "vase": 30,
    "mug": 10,
    "bottle": 26,
    "jar": 13,
    "pot": 20,
    "cereal box": 28,
    "tin can": 11,
    "carton": 24,
    "coffee bag": 23,
    "headphones": 20,
    "smartphone": 15,
    "speaker": 24,
    "camera": 10,
    "teddy bear": 32,
    "toy car": 11,
    "ball": 22,
    "notebook": 22,
}


def height_cm(article: Article) -> float:
    """How high an article of this kind usually is as it is drawn, in centimetres."""
    return _HEIGHTS_CM[article.kind.name]


def company(article: Article, *, kinds: Collection[str], count: int, draws: Draws) -> list[Article]:
    """At most `count` other articles of the sample of these kinds, some of them variants of one family.

    The picture of an article of the train split shows no article of another split.
    """
    top = max(article.number, FIRST)
    found: dict[int, Article] = {}
    for _ in range(_TRIALS * count):
        if len(found) >= count:
            break
        other = article.other(draws.below(top))
        if other.kind.name not in kinds or (article.split == "train" and other.split != "train"):
            continue
        found[other.number] = other
        # Shops show one model in several colours side by side.
        if draws.chance(0.4):
            for number in range(other.family, min(other.family + 3, top)):
                variant = article.other(number)
                if variant.family == other.family:
                    found[number] = variant
    found.pop(article.number, None)
    return list(found.values())[:count]


def standing(sheet: Sheet, *, x: float, floor: float, high: float, mirrored: bool = False) -> skia.Matrix:
    """Takes a drawing to where its foot is centred on (x, floor) and its height is `high`."""
    body = sheet.body
    scale = high / body.height()
    matrix = skia.Matrix()
    matrix.setScale(-scale if mirrored else scale, scale)
    matrix.preTranslate(-body.centerX(), -body.bottom())
    matrix.postTranslate(x, floor)
    return matrix


def breadth(sheet: Sheet, *, high: float) -> float:
    """How broad a drawing is where its height is `high`."""
    body = sheet.body
    return body.width() * high / body.height()
