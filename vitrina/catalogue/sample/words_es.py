"""Spanish words for what the sample shows, with the gender and number that agreement needs."""

from collections.abc import Mapping

from vitrina.catalogue.sample.kind_words_es import KINDS_ES as KINDS_ES
from vitrina.catalogue.sample.kind_words_es import PACKAGES_ES as PACKAGES_ES
from vitrina.catalogue.sample.kind_words_es import Gender as Gender
from vitrina.catalogue.sample.kind_words_es import Noun

Forms = tuple[str, ...]
"""An adjective in its four forms: masculine, feminine, masculine plural, feminine plural."""

COLOURS_ES: Mapping[str, tuple[Forms, ...]] = {
    "black": (("negro", "negra", "negros", "negras"),),
    "white": (("blanco", "blanca", "blancos", "blancas"), ("blanco roto",) * 4),
    "grey": (("gris", "gris", "grises", "grises"),),
    "beige": (("beige",) * 4, ("color arena",) * 4),
    "brown": (("marrón", "marrón", "marrones", "marrones"), ("color café",) * 4),
    "red": (("rojo", "roja", "rojos", "rojas"), ("rojo vivo",) * 4),
    "burgundy": (("granate", "granate", "granates", "granates"), ("burdeos",) * 4),
    "orange": (("naranja",) * 4, ("anaranjado", "anaranjada", "anaranjados", "anaranjadas")),
    "yellow": (("amarillo", "amarilla", "amarillos", "amarillas"),),
    "green": (("verde", "verde", "verdes", "verdes"),),
    "olive": (("verde oliva",) * 4, ("color oliva",) * 4),
    "turquoise": (("turquesa",) * 4, ("azul turquesa",) * 4),
    "blue": (("azul", "azul", "azules", "azules"),),
    "navy": (("azul marino",) * 4, ("azul oscuro",) * 4),
    "purple": (("morado", "morada", "morados", "moradas"), ("violeta",) * 4),
    "pink": (("rosa",) * 4, ("rosado", "rosada", "rosados", "rosadas")),
}

MATERIALS_ES: Mapping[str, tuple[str, ...]] = {
    "acetate": ("acetato",),
    "aluminium": ("aluminio", "aluminio cepillado"),
    "canvas": ("lona", "lona gruesa"),
    "cardboard": ("cartón", "cartón reciclado"),
    "cast iron": ("hierro fundido", "hierro colado"),
    "ceramic": ("cerámica", "gres"),
    "cotton": ("algodón", "algodón", "algodón orgánico", "puro algodón"),
    "denim": ("tela vaquera", "denim", "mezclilla"),
    "enamelled steel": ("acero esmaltado", "esmalte"),
    "foil": ("papel de aluminio",),
    "glass": ("vidrio", "cristal", "vidrio soplado"),
    "kraft paper": ("papel kraft", "papel reciclado"),
    "leather": ("cuero", "piel", "piel auténtica"),
    "linen": ("lino", "lino", "lino puro"),
    "marble": ("mármol", "mármol pulido"),
    "nylon": ("nailon", "nailon resistente"),
    "plastic": ("plástico",),
    "plush": ("felpa", "felpa suave"),
    "polyester": ("poliéster", "poliéster reciclado"),
    "porcelain": ("porcelana", "porcelana fina"),
    "rattan": ("ratán", "ratán trenzado"),
    "rubber": ("caucho", "goma"),
    "silicone": ("silicona",),
    "silk": ("seda", "seda natural", "satén de seda"),
    "steel": ("acero", "acero inoxidable", "acero inoxidable"),
    "suede": ("ante", "gamuza"),
    "velvet": ("terciopelo",),
    "wood": ("madera", "madera maciza"),
    "wool": ("lana", "lana merina", "punto de lana"),
}

ADJECTIVES_ES: tuple[Forms, ...] = (
    ("clásico", "clásica", "clásicos", "clásicas"),
    ("práctico", "práctica", "prácticos", "prácticas"),
    ("bonito", "bonita", "bonitos", "bonitas"),
    ("moderno", "moderna", "modernos", "modernas"),
    ("sencillo", "sencilla", "sencillos", "sencillas"),
    ("elegante", "elegante", "elegantes", "elegantes"),
    ("resistente", "resistente", "resistentes", "resistentes"),
    ("original", "original", "originales", "originales"),
    ("atemporal", "atemporal", "atemporales", "atemporales"),
)

PATTERNS_ES: Mapping[str, tuple[Forms, ...]] = {
    "plain": (("liso", "lisa", "lisos", "lisas"),),
    "striped": (("a rayas",) * 4, ("de rayas",) * 4, ("rayado", "rayada", "rayados", "rayadas")),
    "dotted": (("de lunares",) * 4, ("a topos",) * 4, ("con puntos",) * 4),
    "checked": (("de cuadros",) * 4, ("a cuadros",) * 4),
    "zigzag": (("con zigzags",) * 4, ("con dibujo en zigzag",) * 4),
    "floral": (("de flores",) * 4, ("con estampado floral",) * 4, ("floreado", "floreada", "floreados", "floreadas")),
    "starred": (("de estrellas",) * 4, ("estrellado", "estrellada", "estrellados", "estrelladas")),
}

PATTERN_MARKS_ES: Mapping[str, tuple[Noun, ...]] = {
    "striped": (Noun("rayas", "f", is_plural=True), Noun("franjas", "f", is_plural=True)),
    "dotted": (Noun("lunares", "m", is_plural=True), Noun("topos", "m", is_plural=True)),
    "checked": (Noun("cuadros", "m", is_plural=True),),
    "zigzag": (Noun("zigzags", "m", is_plural=True),),
    "floral": (Noun("flores", "f", is_plural=True),),
    "starred": (Noun("estrellas", "f", is_plural=True),),
}

AUDIENCES_ES: Mapping[str, tuple[str, ...]] = {
    "women": ("de mujer", "para mujer", "de señora"),
    "men": ("de hombre", "para hombre", "de caballero"),
    "kids": ("infantil{es}", "para niños", "de niño"),
}

CONTENTS_ES: Mapping[str, tuple[str, ...]] = {
    "honey": ("miel", "miel de flores"),
    "strawberry jam": ("mermelada de fresa", "confitura de fresa"),
    "orange marmalade": ("mermelada de naranja",),
    "olives": ("aceitunas", "aceitunas verdes"),
    "fig jam": ("mermelada de higo", "mermelada de higos"),
    "corn flakes": ("copos de maíz", "copos de maíz tostados"),
    "muesli": ("muesli", "muesli con frutas"),
    "oat flakes": ("copos de avena", "avena en copos"),
    "chocolate puffs": ("bolitas de chocolate", "bolitas de cereal con chocolate"),
    "wheat squares": ("cuadritos de trigo", "cereales de trigo integral"),
    "chickpeas": ("garbanzos", "garbanzos cocidos"),
    "tomatoes": ("tomates", "tomates pelados"),
    "tuna": ("atún", "atún en aceite"),
    "sardines": ("sardinas", "sardinas en aceite"),
    "sweetcorn": ("maíz dulce",),
    "beans": ("alubias", "judías"),
    "whole milk": ("leche entera",),
    "oat drink": ("bebida de avena",),
    "almond drink": ("bebida de almendra", "bebida de almendras"),
    "orange juice": ("zumo de naranja", "jugo de naranja"),
    "tomato juice": ("zumo de tomate", "jugo de tomate"),
    "espresso beans": ("café en grano", "granos de café para espresso"),
    "ground coffee": ("café molido",),
    "filter coffee": ("café de filtro", "café para filtro"),
    "decaf coffee": ("café descafeinado",),
}
"""What is in a package of groceries, the plainest word first."""
