"""The kinds of goods of the sample and what each may be: materials, patterns, sizes, visible features, base price."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Domain = Literal["fashion", "home", "kitchen", "electronics", "toys", "stationery", "groceries"]


@dataclass(frozen=True)
class Kind:
    """One kind of goods.

    `sizes` map the size as recorded to its factor on the price; `features` are visible traits of the shape beside
    colour, material and pattern, each with the weights of its values; `price_eur` is the price of a plain article of
    a material, pattern, size and brand of factor 1. `stands` says whether it is photographed on its foot or lying
    flat; `is_pair` whether two make one article.
    """

    name: str
    domain: Domain
    category: tuple[str, ...]
    price_eur: float
    materials: Mapping[str, float]
    patterns: Mapping[str, float]
    sizes: Mapping[str, float]
    features: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    audiences: Mapping[str, float] = field(default_factory=dict)
    stands: bool = True
    is_pair: bool = False


_PRINTED = {"plain": 5.0, "striped": 2.0, "dotted": 1.2, "checked": 1.2, "floral": 1.2, "zigzag": 0.6, "starred": 0.6}
_QUIET = {"plain": 8.0, "striped": 1.0, "dotted": 0.6, "checked": 0.8, "floral": 0.7, "zigzag": 0.4}
_PLAIN = {"plain": 1.0}
_LETTERS = {"XS": 0.97, "S": 0.98, "M": 1.0, "L": 1.02, "XL": 1.05, "XXL": 1.08}
_SHOES = {
    f"{number:g}": round(1 + (number - 40) * 0.01, 3)
    for number in (35, 36, 36.5, 37, 38, 38.5, 39, 40, 40.5, 41, 42, 42.5, 43, 44, 44.5, 45, 46)
}
_LADIES_SHOES = {size: factor for size, factor in _SHOES.items() if float(size) <= 42}
_EVERYONE = {"women": 4.0, "men": 4.0, "kids": 1.5}
_LADIES = {"women": 5.0, "kids": 1.0}

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "t-shirt",
            "fashion",
            ("Fashion", "Clothing", "T-shirts"),
            15.0,
            {"cotton": 6, "linen": 1, "polyester": 2},
            _PRINTED,
            _LETTERS,
            {"neck": {"crew neck": 3, "v-neck": 2}, "sleeve": {"short sleeve": 3, "long sleeve": 1.5}},
            _EVERYONE,
            stands=False,
        ),
        Kind(
            "shirt",
            "fashion",
            ("Fashion", "Clothing", "Shirts"),
            30.0,
            {"cotton": 4, "linen": 2, "denim": 1.5, "silk": 1},
            {"plain": 4, "striped": 3, "checked": 3, "dotted": 1, "floral": 1},
            _LETTERS,
            {"sleeve": {"short sleeve": 1.5, "long sleeve": 3}},
            {"men": 3, "women": 2},
            stands=False,
        ),
        Kind(
            "hoodie",
            "fashion",
            ("Fashion", "Clothing", "Hoodies"),
            38.0,
            {"cotton": 4, "polyester": 2, "wool": 1},
            _QUIET,
            _LETTERS,
            {"closure": {"pullover": 3, "zip": 2}},
            _EVERYONE,
            stands=False,
        ),
        Kind(
            "dress",
            "fashion",
            ("Fashion", "Clothing", "Dresses"),
            45.0,
            {"cotton": 3, "linen": 2, "silk": 2, "velvet": 1, "polyester": 2},
            _PRINTED,
            _LETTERS,
            {
                "length": {"mini": 2, "midi": 3, "maxi": 2},
                "sleeve": {"sleeveless": 3, "short sleeve": 2, "long sleeve": 1.5},
            },
            _LADIES,
            stands=False,
        ),
        Kind(
            "skirt",
            "fashion",
            ("Fashion", "Clothing", "Skirts"),
            29.0,
            {"cotton": 3, "denim": 2, "leather": 1, "wool": 1.5, "silk": 1},
            _PRINTED,
            _LETTERS,
            {"cut": {"pleated": 2, "pencil": 2, "flared": 2}},
            _LADIES,
            stands=False,
        ),
        Kind(
            "trousers",
            "fashion",
            ("Fashion", "Clothing", "Trousers"),
            36.0,
            {"cotton": 3, "denim": 4, "linen": 1.5, "wool": 1, "leather": 0.6},
            {"plain": 8, "striped": 1, "checked": 1.5},
            _LETTERS,
            {"cut": {"slim": 2, "straight": 2, "wide": 1.5}, "length": {"full length": 4, "cropped": 1}},
            _EVERYONE,
            stands=False,
        ),
        Kind(
            "cap",
            "fashion",
            ("Fashion", "Accessories", "Caps"),
            18.0,
            {"cotton": 4, "denim": 1, "suede": 1, "polyester": 2},
            _QUIET,
            {"54 cm": 0.98, "56 cm": 1.0, "58 cm": 1.0, "60.5 cm": 1.02},
            audiences={"men": 2, "women": 2, "kids": 2},
        ),
        Kind(
            "sneakers",
            "fashion",
            ("Fashion", "Shoes", "Sneakers"),
            55.0,
            {"leather": 3, "canvas": 3, "suede": 2, "nylon": 2},
            {"plain": 8, "checked": 0.7, "dotted": 0.5, "floral": 0.6, "starred": 0.5},
            _SHOES,
            {"height": {"low-top": 3, "high-top": 1.5}},
            _EVERYONE,
            is_pair=True,
        ),
        Kind(
            "boots",
            "fashion",
            ("Fashion", "Shoes", "Boots"),
            78.0,
            {"leather": 4, "suede": 2, "rubber": 1},
            {"plain": 9, "floral": 0.6, "checked": 0.5},
            _SHOES,
            {"shaft": {"ankle": 3, "knee-high": 2}},
            _EVERYONE,
            is_pair=True,
        ),
        Kind(
            "heels",
            "fashion",
            ("Fashion", "Shoes", "Heels"),
            60.0,
            {"leather": 3, "suede": 2, "velvet": 1, "silk": 1},
            {"plain": 8, "dotted": 0.8, "floral": 0.8},
            _LADIES_SHOES,
            {"heel": {"stiletto heel": 2, "block heel": 2}},
            {"women": 1},
            is_pair=True,
        ),
        Kind(
            "handbag",
            "fashion",
            ("Fashion", "Bags", "Handbags"),
            65.0,
            {"leather": 5, "suede": 1.5, "canvas": 2, "rattan": 1.5},
            {"plain": 7, "checked": 1, "striped": 0.8, "floral": 0.6},
            {"24 x 16 cm": 0.92, "28 x 20 cm": 1.0, "32.5 x 24 cm": 1.1, "36 x 28 cm": 1.2},
            {"handle": {"top handle": 2, "twin handles": 2, "chain strap": 1.5}},
            {"women": 1},
        ),
        Kind(
            "backpack",
            "fashion",
            ("Fashion", "Bags", "Backpacks"),
            48.0,
            {"nylon": 3, "canvas": 3, "leather": 1.5, "polyester": 2},
            _QUIET,
            {"12 l": 0.9, "18 l": 1.0, "22.5 l": 1.08, "30 l": 1.2},
            {"closure": {"zip": 3, "buckled flap": 2}},
            _EVERYONE,
        ),
        Kind(
            "watch",
            "fashion",
            ("Fashion", "Accessories", "Watches"),
            95.0,
            {"leather": 3, "steel": 3, "silicone": 2, "nylon": 1},
            _PLAIN,
            {"28 mm": 0.95, "34 mm": 0.98, "38.5 mm": 1.0, "42 mm": 1.04},
            {"dial": {"round dial": 3, "square dial": 1.5}},
            {"women": 2, "men": 2},
            stands=False,
        ),
        Kind(
            "sunglasses",
            "fashion",
            ("Fashion", "Accessories", "Sunglasses"),
            58.0,
            {"acetate": 4, "steel": 2, "wood": 1},
            _PLAIN,
            {"48 mm": 0.98, "52 mm": 1.0, "55.5 mm": 1.02},
            {"frame": {"round frame": 2, "square frame": 2, "aviator frame": 1.5}},
            {"women": 2, "men": 2},
        ),
        Kind(
            "chair",
            "home",
            ("Home", "Furniture", "Chairs"),
            75.0,
            {"wood": 5, "plastic": 2, "steel": 1.5, "rattan": 1},
            _PLAIN,
            {"78 cm": 0.95, "82.5 cm": 1.0, "88 cm": 1.06, "94 cm": 1.12},
            {"back": {"slatted back": 2, "solid back": 2, "spindle back": 1}, "arms": {"no arms": 3, "armrests": 1}},
        ),
        Kind(
            "lamp",
            "home",
            ("Home", "Lighting", "Lamps"),
            42.0,
            {"ceramic": 3, "wood": 2, "steel": 2, "glass": 1},
            {"plain": 5, "striped": 1.5, "dotted": 1, "floral": 1, "zigzag": 0.8, "checked": 0.6},
            {"32 cm": 0.9, "40.5 cm": 1.0, "48 cm": 1.12, "56 cm": 1.25},
            {"shade": {"cone shade": 3, "drum shade": 2, "dome shade": 1.5}},
        ),
        Kind(
            "cushion",
            "home",
            ("Home", "Textiles", "Cushions"),
            17.0,
            {"cotton": 3, "linen": 2, "velvet": 2, "wool": 1.5},
            {"plain": 3, "striped": 2, "dotted": 1.2, "checked": 1.4, "floral": 1.4, "zigzag": 1.4, "starred": 0.8},
            {"35 cm": 0.9, "40 cm": 1.0, "45 cm": 1.1, "50.5 cm": 1.25},
            {"outline": {"square": 4, "rectangular": 2, "round": 1.5}},
            stands=False,
        ),
        Kind(
            "vase",
            "home",
            ("Home", "Decoration", "Vases"),
            26.0,
            {"ceramic": 4, "glass": 2, "porcelain": 1.5},
            {"plain": 5, "striped": 1.5, "floral": 1.2, "zigzag": 1, "dotted": 0.8},
            {"18 cm": 0.85, "24.5 cm": 1.0, "32 cm": 1.2, "40 cm": 1.4},
            {"silhouette": {"slender": 2, "rounded": 2, "bottle-necked": 1.5}},
        ),
        Kind(
            "mug",
            "kitchen",
            ("Kitchen", "Tableware", "Mugs"),
            9.0,
            {"ceramic": 5, "porcelain": 2, "enamelled steel": 1.5},
            _PRINTED,
            {"0.25 l": 0.9, "0.33 l": 1.0, "0.4 l": 1.1, "0.5 l": 1.2},
            {"sides": {"straight sides": 3, "rounded": 2, "tapered": 2}},
        ),
        Kind(
            "bottle",
            "kitchen",
            ("Kitchen", "Drinkware", "Bottles"),
            17.0,
            {"steel": 4, "glass": 2, "plastic": 3, "aluminium": 2},
            {"plain": 6, "striped": 1.2, "dotted": 0.8, "floral": 0.8, "zigzag": 0.7, "starred": 0.5},
            {"0.35 l": 0.9, "0.5 l": 1.0, "0.75 l": 1.15, "1 l": 1.3},
            {"lid": {"screw lid": 3, "carry loop": 2}},
        ),
        Kind(
            "jar",
            "groceries",
            ("Groceries", "Pantry", "Preserves"),
            4.5,
            {"glass": 1},
            {"plain": 4, "checked": 2, "striped": 1, "dotted": 1},
            {"180 g": 0.75, "250 g": 1.0, "340 g": 1.25, "500 g": 1.7},
            {"contents": {"honey": 2, "strawberry jam": 2, "orange marmalade": 2, "olives": 2, "fig jam": 1}},
        ),
        Kind(
            "pot",
            "kitchen",
            ("Kitchen", "Cookware", "Pots"),
            34.0,
            {"enamelled steel": 3, "aluminium": 2, "cast iron": 2},
            {"plain": 9, "dotted": 0.8, "floral": 0.7, "checked": 0.5},
            {"16 cm": 0.85, "20 cm": 1.0, "24 cm": 1.2, "28.5 cm": 1.45},
            {"handles": {"long handle": 2, "two handles": 3}},
        ),
        Kind(
            "headphones",
            "electronics",
            ("Electronics", "Audio", "Headphones"),
            70.0,
            {"plastic": 4, "aluminium": 2, "leather": 1.5},
            _PLAIN,
            {"32 mm": 0.9, "40 mm": 1.0, "50 mm": 1.15},
            {"connection": {"wireless": 3, "wired": 2}},
        ),
        Kind(
            "teddy bear",
            "toys",
            ("Toys", "Soft toys", "Teddy bears"),
            19.0,
            {"plush": 5, "cotton": 1.5, "wool": 1},
            {"plain": 9, "checked": 1, "dotted": 0.6},
            {"20 cm": 0.8, "27.5 cm": 1.0, "35 cm": 1.25, "50 cm": 1.7},
            {"neckwear": {"bow": 3, "scarf": 1.5, "bare neck": 2}},
        ),
        Kind(
            "toy car",
            "toys",
            ("Toys", "Vehicles", "Toy cars"),
            13.0,
            {"wood": 3, "plastic": 4, "aluminium": 2},
            {"plain": 6, "striped": 2, "starred": 0.8},
            {"8 cm": 0.8, "12.5 cm": 1.0, "18 cm": 1.3},
            {"body": {"saloon": 2, "van": 2, "pickup": 1.5}},
        ),
        Kind(
            "notebook",
            "stationery",
            ("Stationery", "Paper", "Notebooks"),
            7.5,
            {"cardboard": 4, "leather": 1.5, "linen": 1},
            {"plain": 4, "striped": 1.5, "dotted": 1.5, "checked": 1, "floral": 1.5, "zigzag": 1, "starred": 0.8},
            {"A6": 0.8, "A5": 1.0, "A4": 1.35},
            {"binding": {"spiral binding": 2, "hard cover": 3}},
            stands=False,
        ),
    )
}

KIND_NAMES = tuple(KINDS)

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
    "glass": 1.1,
    "leather": 1.9,
    "linen": 1.25,
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
