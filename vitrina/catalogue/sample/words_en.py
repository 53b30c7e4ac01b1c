"""English words for what the sample shows. Every word is true of the attribute that it names."""

from collections.abc import Mapping

from vitrina.catalogue.sample.kind_words_en import KINDS_EN as KINDS_EN
from vitrina.catalogue.sample.kind_words_en import PACKAGES_EN as PACKAGES_EN

COLOURS_EN: Mapping[str, tuple[str, ...]] = {
    "black": ("black", "black", "jet black"),
    "white": ("white", "white", "off-white"),
    "grey": ("grey", "gray"),
    "beige": ("beige", "beige", "sand"),
    "brown": ("brown", "brown", "chocolate brown"),
    "red": ("red", "red", "bright red"),
    "burgundy": ("burgundy", "wine red", "maroon"),
    "orange": ("orange",),
    "yellow": ("yellow", "yellow", "sunny yellow"),
    "green": ("green", "green", "leaf green"),
    "olive": ("olive", "olive green"),
    "turquoise": ("turquoise", "turquoise", "aqua"),
    "blue": ("blue", "blue", "royal blue"),
    "navy": ("navy", "navy blue", "dark blue"),
    "purple": ("purple", "violet"),
    "pink": ("pink", "pink", "light pink"),
}

MATERIALS_EN: Mapping[str, tuple[str, ...]] = {
    "acetate": ("acetate",),
    "aluminium": ("aluminium", "brushed aluminium"),
    "canvas": ("canvas", "canvas", "heavy canvas"),
    "cardboard": ("cardboard", "recycled cardboard"),
    "cast iron": ("cast iron",),
    "ceramic": ("ceramic", "stoneware"),
    "cotton": ("cotton", "cotton", "organic cotton", "100% cotton"),
    "denim": ("denim", "washed denim"),
    "enamelled steel": ("enamel", "enamelled steel"),
    "foil": ("foil", "aluminium foil"),
    "glass": ("glass", "blown glass"),
    "kraft paper": ("kraft paper", "kraft paper", "recycled paper"),
    "leather": ("leather", "leather", "genuine leather", "full-grain leather"),
    "linen": ("linen", "linen", "pure linen"),
    "marble": ("marble", "polished marble"),
    "nylon": ("nylon", "ripstop nylon"),
    "plastic": ("plastic",),
    "plush": ("plush", "soft plush"),
    "polyester": ("polyester", "recycled polyester"),
    "porcelain": ("porcelain", "fine porcelain"),
    "rattan": ("rattan", "woven rattan"),
    "rubber": ("rubber", "natural rubber"),
    "silicone": ("silicone",),
    "silk": ("silk", "mulberry silk", "silk satin"),
    "steel": ("steel", "stainless steel", "stainless steel"),
    "suede": ("suede", "soft suede"),
    "velvet": ("velvet",),
    "wood": ("wood", "solid wood"),
    "wool": ("wool", "merino wool", "knitted wool"),
}

MATERIAL_ADJECTIVES_EN: Mapping[str, tuple[str, ...]] = {
    "cast iron": ("cast-iron",),
    "wood": ("wooden", "wooden", "solid wood"),
    "enamelled steel": ("enamel", "enamelled"),
}
"""Materials whose word before a noun differs from the material's name."""

ADJECTIVES_EN = (
    "classic",
    "everyday",
    "handy",
    "lovely",
    "modern",
    "practical",
    "simple",
    "smart",
    "timeless",
    "well-made",
)

PATTERNS_EN: Mapping[str, tuple[str, ...]] = {
    "plain": ("plain", "solid"),
    "striped": ("striped", "striped", "stripy"),
    "dotted": ("polka-dot", "dotted", "spotted"),
    "checked": ("checked", "check", "gingham"),
    "zigzag": ("zigzag", "chevron"),
    "floral": ("floral", "flower-print", "flowery"),
    "starred": ("star-print", "starry"),
}

PATTERN_MARKS_EN: Mapping[str, tuple[str, ...]] = {
    "striped": ("stripes",),
    "dotted": ("polka dots", "dots", "spots"),
    "checked": ("checks",),
    "zigzag": ("zigzags", "chevrons"),
    "floral": ("flowers", "blossoms"),
    "starred": ("stars",),
}

AUDIENCES_EN: Mapping[str, tuple[str, ...]] = {
    "women": ("women's", "women's", "ladies'"),
    "men": ("men's", "men's", "gents'"),
    "kids": ("kids'", "children's"),
}

CONTENTS_EN: Mapping[str, tuple[str, ...]] = {
    "honey": ("honey", "blossom honey"),
    "strawberry jam": ("strawberry jam",),
    "orange marmalade": ("orange marmalade",),
    "olives": ("olives", "green olives"),
    "fig jam": ("fig jam",),
    "corn flakes": ("corn flakes", "toasted corn flakes"),
    "muesli": ("muesli", "fruit muesli"),
    "oat flakes": ("oat flakes", "rolled oats"),
    "chocolate puffs": ("chocolate puffs", "puffed chocolate cereal"),
    "wheat squares": ("wheat squares", "wholewheat squares"),
    "chickpeas": ("chickpeas", "cooked chickpeas"),
    "tomatoes": ("tomatoes", "peeled tomatoes"),
    "tuna": ("tuna", "tuna in oil"),
    "sardines": ("sardines", "sardines in oil"),
    "sweetcorn": ("sweetcorn",),
    "beans": ("beans", "kidney beans"),
    "whole milk": ("whole milk", "full-fat milk"),
    "oat drink": ("oat drink", "oat milk"),
    "almond drink": ("almond drink", "almond milk"),
    "orange juice": ("orange juice",),
    "tomato juice": ("tomato juice",),
    "espresso beans": ("espresso beans", "whole espresso beans"),
    "ground coffee": ("ground coffee",),
    "filter coffee": ("filter coffee",),
    "decaf coffee": ("decaf coffee", "decaffeinated coffee"),
}
"""What is in a package of groceries, the plainest word first."""
