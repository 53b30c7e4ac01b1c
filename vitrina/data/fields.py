"""Fields: what of a product stands on the sides of the contrastive loss — its pictures, texts, and facts as prompts.

A side is one vector: the weighted mean of the normalised vectors of its parts (generalised contrastive learning, Zhu et
al. 2024, section 3.2).
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from vitrina.catalogue.product import Product
from vitrina.data.draws import hashed, integers
from vitrina.data.permutation import permute
from vitrina.data.text import text_key
from vitrina.tasks.prompts import singular

FIELDS: tuple[str, ...] = ("title", "description", "brand", "category", "attributes")
"""The fields that a side may be made of; `attributes.NAME` is one attribute of that name."""

_ONE_ATTRIBUTE = "attributes."

# How Spanish titles call what catalogues name in English.
_SPANISH = {
    "age group": "edad",
    "brand": "marca",
    "color": "color",
    "colour": "color",
    "gender": "género",
    "height": "alto",
    "label": "etiqueta",
    "length": "largo",
    "material": "material",
    "pattern": "estampado",
    "season": "temporada",
    "shape": "forma",
    "size": "talla",
    "style": "estilo",
    "usage": "uso",
    "weight": "peso",
    "width": "ancho",
    "year": "año",
}


@dataclass(frozen=True)
class Sides:
    """What a row shows of its product: one picture and one text by default, drawn anew in every epoch.

    With `pictures` or `texts` above 1 as many different ones, where the product has them, are drawn and averaged.

    `fields` makes the text side of the product's fields, by weight, `{"title": 1, "description": 0.5, "attributes":
    0.5}` for one; each is a prompt (`prompts`). Of every field at most `texts` prompts are drawn, which share its
    weight. A product without a field lacks that part and the others keep their proportions; one without any of them
    shows a text as it would without `fields`. `attributes` stands for all that are not named by themselves, as
    `attributes.colour` is. Raises ValueError for a field that is none of FIELDS, and for weights that leave nothing.

    What is the same text, where rows show several: rows that share one of their titles, or of their descriptions where
    they show no title, or that show the very same prompts where they show neither. A prompt alone makes no twins,
    and need not: two products that are both `colour: red` stay negatives of each other by what else they say. A
    row's gradient on a prompt of its own text, of weight w in all n texts that have it, is w (1 - p), p being the
    probability that the row gives these n together: never a push, and none at all where every text has it.
    """

    pictures: int = 1
    texts: int = 1
    fields: Mapping[str, float] = field(default_factory=dict, hash=False, metadata={"names": "open"})

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", {name: float(weight) for name, weight in self.fields.items()})
        for name, number in (("pictures", self.pictures), ("texts", self.texts)):
            if number < 1:
                raise ValueError(f"shown.{name} is {number}: a row shows 1 or more.")
        for name, weight in self.fields.items():
            is_one = name.startswith(_ONE_ATTRIBUTE) and len(name) > len(_ONE_ATTRIBUTE)
            if name not in FIELDS and not is_one:
                raise ValueError(
                    f"shown.fields has no {name!r}: there are {', '.join(FIELDS)}, and attributes.NAME for one of them."
                )
            if not math.isfinite(weight) or weight < 0:
                raise ValueError(f"shown.fields.{name} is {weight}: a weight is a number of 0 or more.")
        if self.fields and not any(self.fields.values()):
            raise ValueError("shown.fields: every weight is 0, so no text would be shown; give a field more than 0.")

    @property
    def has_one_text(self) -> bool:
        """Whether a row shows one of its texts and nothing else."""
        return self.texts == 1 and not self.fields


@dataclass(frozen=True)
class TextSide:
    """What a product shows as its text: `texts` with their `weights`, which sum to one; `keys` say what is the same."""

    texts: tuple[str, ...]
    weights: tuple[float, ...]
    keys: tuple[int, ...]


def prompts(product: Product, *, fields: Mapping[str, float]) -> dict[str, tuple[str, ...]]:
    """The prompts of those of `fields` that the product has and that have a weight, in the order of FIELDS.

    Titles, descriptions and the brand stand as they are, of the category the narrowest level, and attributes as `name:
    value`. Where all of a product's texts are in one language, English or Spanish, the category is put into the
    singular, as titles have it, and common names of attributes into Spanish.

    >>> prompts(Product("1", brand="Adler", attributes={"colour": "red"}), fields={"brand": 1, "attributes": 1})
    {'brand': ('Adler',), 'attributes': ('colour: red',)}
    """
    language = _language(product)
    named = [name for name in fields if name.startswith(_ONE_ATTRIBUTE)]
    attributes = {
        f"{_ONE_ATTRIBUTE}{name}": _stated(name, value, language) for name, value in product.attributes.items()
    }
    found = {
        "title": tuple(each.text for each in product.titles),
        "description": tuple(each.text for each in product.descriptions),
        "brand": (product.brand,) if product.brand else (),
        "category": (_named(product.category[-1], language),) if product.category else (),
        "attributes": tuple(prompt for name, prompt in attributes.items() if name not in named),
    }
    found |= {name: (attributes[name],) for name in named if name in attributes}
    return {name: each for name, each in found.items() if each and fields.get(name, 0.0) > 0}


def text_side(product: Product, *, sides: Sides) -> TextSide:
    """All that a product may show, averaged: what stands for it in an index. Nothing where it has no text.

    >>> text_side(Product("1", brand="Adler"), sides=Sides(fields={"brand": 1})).texts
    ('Adler',)
    """
    chosen = prompts(product, fields=sides.fields)
    if not chosen:
        return _plain(tuple(each.text for each in product.texts))
    return _weighted(chosen, sides=sides)


def draw_text_sides(seed: int, keys: np.ndarray, *, products: Sequence[Product], sides: Sides) -> list[TextSide]:
    """What each row of `keys` (b, k) shows of its product's texts; one without any shows `""`.

    Every draw depends on seed and key alone. Without `fields` the first text is that of `vitrina.data.builder.draw`.
    """
    texts = [tuple(text.text for text in each.texts) for each in products]
    drawn = _drawn(seed, keys, name="text", pools=texts, sides=sides)
    if not sides.fields:
        return [_plain(some or ("",)) for some in drawn]
    by_field = [prompts(each, fields=sides.fields) for each in products]
    chosen: list[dict[str, tuple[str, ...]]] = [{} for _ in products]
    # In one order, whatever the neighbours: a row's parts stand alike on every rank.
    for name in (*FIELDS, *(name for name in sides.fields if name.startswith(_ONE_ATTRIBUTE))):
        pools = [each.get(name, ()) for each in by_field]
        for row, some in enumerate(_drawn(seed, keys, name=f"field {name}", pools=pools, sides=sides)):
            if some:
                chosen[row][name] = some
    return [
        _weighted(some, sides=sides) if some else _plain(plain or ("",))
        for some, plain in zip(chosen, drawn, strict=True)
    ]


def draw_several(seed: int, keys: np.ndarray, *, name: str, counts: np.ndarray, most: int) -> np.ndarray:
    """Up to `most` different of `counts` (b,) things for each row of `keys` (b, k): (b, most) int64, filled up by -1.

    The first is what `integers` draws under that name, so that asking for more leaves it as it was.
    """
    found = np.full((len(keys), most), -1, dtype=np.int64)
    found[:, 0] = np.where(counts > 0, integers(seed, keys, name=name, below=np.maximum(counts, 1)), -1)
    if most == 1:
        return found
    shuffles = hashed(seed, keys, name=f"more of {name}")
    for place in range(1, most):
        rows = np.flatnonzero(counts > place)
        others = permute(np.full(len(rows), place - 1), sizes=counts[rows] - 1, keys=shuffles[rows])
        found[rows, place] = (found[rows, 0] + 1 + others) % counts[rows]
    return found


def _drawn(
    seed: int, keys: np.ndarray, *, name: str, pools: Sequence[tuple[str, ...]], sides: Sides
) -> list[tuple[str, ...]]:
    """Some of each row's pool."""
    counts = np.array([len(each) for each in pools], dtype=np.int64)
    numbers = draw_several(seed, keys, name=name, counts=counts, most=sides.texts)
    return [tuple(pool[each] for each in some if each >= 0) for pool, some in zip(pools, numbers.tolist(), strict=True)]


def _plain(texts: tuple[str, ...]) -> TextSide:
    return TextSide(texts, tuple(1 / len(texts) for _ in texts), tuple(text_key(each) for each in texts))


def _weighted(chosen: Mapping[str, tuple[str, ...]], *, sides: Sides) -> TextSide:
    """Prompts by field as one side, each field's weight shared among its prompts."""
    total = sum(sides.fields[name] for name in chosen)
    texts = tuple(prompt for some in chosen.values() for prompt in some)
    weights = tuple(sides.fields[name] / len(some) / total for name, some in chosen.items() for _ in some)
    names = chosen.get("title") or chosen.get("description") or ("\n".join(sorted(texts)),)
    return TextSide(texts, weights, tuple(text_key(each) for each in names))


def _language(product: Product) -> str | None:
    """The language of all of a product's texts; None where they differ or one is not told."""
    found = {each.language and each.language.split("-")[0].lower() for each in product.texts}
    return found.pop() if len(found) == 1 else None


def _named(category: str, language: str | None) -> str:
    return singular(category, language=language) if language in ("en", "es") else category


def _stated(name: str, value: str, language: str | None) -> str:
    """`baseColour` and `base_colour` are called base colour."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).replace("_", " ").strip().lower()
    return f"{_SPANISH.get(words, words) if language == 'es' else words}: {value}"
