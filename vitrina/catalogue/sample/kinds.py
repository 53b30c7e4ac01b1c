"""The kinds of goods of the sample and the factors of materials and patterns on their prices."""

from collections.abc import Mapping

from vitrina.catalogue.sample.kind import Domain as Domain
from vitrina.catalogue.sample.kind import Kind
from vitrina.catalogue.sample.kinds_food import FOOD
from vitrina.catalogue.sample.kinds_home import AT_HOME
from vitrina.catalogue.sample.kinds_worn import WORN

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (*WORN, *AT_HOME, *FOOD)}

MATERIAL_FACTORS: Mapping[str, float] = {
    "acetate": 1.0,
    "aluminium": 1.1,
    "canvas": 1.0,
    "cardboard": 1.0,
    "cast iron": 1.5,
    "ceramic": 1.0,
    "cotton": 1.0,
    "denim": 1.15,
    "enamelled steel": 1.2,
    "foil": 1.1,
    "glass": 1.1,
    "kraft paper": 1.0,
    "leather": 1.9,
    "linen": 1.25,
    "marble": 2.1,
    "nylon": 0.9,
    "plastic": 0.7,
    "plush": 1.0,
    "polyester": 0.8,
    "porcelain": 1.35,
    "rattan": 1.3,
    "rubber": 0.75,
    "silicone": 0.8,
    "silk": 2.0,
    "steel": 1.3,
    "suede": 1.6,
    "velvet": 1.4,
    "wood": 1.2,
    "wool": 1.5,
}

PATTERN_FACTORS: Mapping[str, float] = {
    "plain": 1.0,
    "striped": 1.05,
    "dotted": 1.06,
    "starred": 1.08,
    "checked": 1.1,
    "zigzag": 1.12,
    "floral": 1.18,
}
