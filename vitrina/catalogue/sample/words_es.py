"""Spanish words for what the sample shows, with the gender and number that agreement needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Gender = Literal["m", "f"]

Forms = tuple[str, ...]
"""An adjective in its four forms: masculine, feminine, masculine plural, feminine plural."""


@dataclass(frozen=True)
class Noun:
    """A noun with its gender and whether it is plural."""

    text: str
    gender: Gender
    is_plural: bool = False


@dataclass(frozen=True)
class SpanishKind:
    """Nouns of a kind (the first is the plainest) and sentences about its use."""

    nouns: tuple[Noun, ...]
    uses: tuple[str, ...]


KINDS_ES: Mapping[str, SpanishKind] = {
    "t-shirt": SpanishKind(
        (Noun("camiseta", "f"), Noun("playera", "f"), Noun("remera", "f")),
        (
            "Queda bien sola o debajo de una chaqueta.",
            "Corte cómodo para (todo el día|el fin de semana|el verano).",
            "Un básico que no falla.",
        ),
    ),
    "shirt": SpanishKind(
        (Noun("camisa", "f"),),
        (
            "Sirve igual por dentro que por fuera del pantalón.",
            "Pensad{o} para (la oficina|una comida larga|ir un poco más arreglado).",
            "El cuello no pierde la forma con los lavados.",
        ),
    ),
    "hoodie": SpanishKind(
        (Noun("sudadera", "f"), Noun("sudadera con capucha", "f")),
        (
            "Interior afelpado que abriga.",
            "La capucha se ajusta con un cordón.",
            "Para (las mañanas frías|el gimnasio|las tardes de sofá).",
        ),
    ),
    "dress": SpanishKind(
        (Noun("vestido", "m"),),
        (
            "Cae con soltura desde la cintura.",
            "Igual de bien (en una boda|en la playa|en la ciudad).",
            "De día con zapato plano y de noche con tacón.",
        ),
    ),
    "skirt": SpanishKind(
        (Noun("falda", "f"), Noun("pollera", "f")),
        (
            "Se ajusta a la cintura y tiene mucho movimiento.",
            "Combina con (una blusa sencilla|un jersey de punto|una camisa).",
            "Cremallera oculta por detrás.",
        ),
    ),
    "trousers": SpanishKind(
        (Noun("pantalón", "m"), Noun("pantalones", "m", is_plural=True)),
        (
            "Dos bolsillos delante y botón en la cintura.",
            "Comodidad (de la mañana a la noche|de lunes a domingo).",
            "El bajo se arregla con facilidad.",
        ),
    ),
    "cap": SpanishKind(
        (Noun("gorra", "f"), Noun("gorra de béisbol", "f"), Noun("gorra con visera", "f")),
        (
            "Se ajusta por detrás a casi cualquier cabeza.",
            "Protege los ojos del sol.",
            "Los ojales bordados dejan pasar el aire.",
        ),
    ),
    "sneakers": SpanishKind(
        (
            Noun("zapatillas", "f", is_plural=True),
            Noun("deportivas", "f", is_plural=True),
            Noun("tenis", "m", is_plural=True),
            Noun("zapatillas deportivas", "f", is_plural=True),
        ),
        (
            "Suela acolchada que amortigua la pisada.",
            "Cordones que sujetan bien el pie.",
            "Para (andar por la ciudad|días largos|entrenar suave).",
        ),
    ),
    "boots": SpanishKind(
        (Noun("botas", "f", is_plural=True),),
        (
            "Suela de goma que agarra en mojado.",
            "Abrigan en (invierno|los paseos de otoño|las mañanas de helada).",
            "Forro cómodo desde el primer día.",
        ),
    ),
    "heels": SpanishKind(
        (
            Noun("tacones", "m", is_plural=True),
            Noun("zapatos de tacón", "m", is_plural=True),
            Noun("zapatos de salón", "m", is_plural=True),
        ),
        (
            "La plantilla acolchada alivia las noches largas.",
            "La punta fina estiliza la pierna.",
            "Para (fiestas|la oficina|salir de noche).",
        ),
    ),
    "handbag": SpanishKind(
        (Noun("bolso", "m"), Noun("bolso de mano", "m"), Noun("cartera", "f")),
        (
            "Caben el móvil, las llaves y un libro.",
            "Bolsillo interior con cremallera.",
            "Se lleva en la mano o al brazo.",
        ),
    ),
    "backpack": SpanishKind(
        (Noun("mochila", "f"), Noun("morral", "m")),
        (
            "Tirantes acolchados que reparten el peso.",
            "Funda interior para el portátil.",
            "Para (el colegio|ir al trabajo|excursiones de un día).",
        ),
    ),
    "watch": SpanishKind(
        (Noun("reloj", "m"), Noun("reloj de pulsera", "m")),
        (
            "Movimiento de cuarzo con pila para dos años.",
            "Resiste salpicaduras hasta 3 bar.",
            "Agujas claras que se leen de un vistazo.",
        ),
    ),
    "sunglasses": SpanishKind(
        (Noun("gafas de sol", "f", is_plural=True), Noun("lentes de sol", "m", is_plural=True)),
        (
            "Los cristales filtran toda la luz UVA y UVB.",
            "Con funda blanda.",
            "No pesan en la nariz ni después de horas.",
        ),
    ),
    "chair": SpanishKind(
        (Noun("silla", "f"), Noun("silla de comedor", "f"), Noun("silla de cocina", "f")),
        (
            "Aguanta el uso diario.",
            "Fieltros bajo las patas para no rayar el suelo.",
            "Se monta en diez minutos.",
        ),
    ),
    "lamp": SpanishKind(
        (Noun("lámpara", "f"), Noun("lámpara de mesa", "f"), Noun("lámpara de noche", "f")),
        (
            "Para una bombilla E27, no incluida.",
            "Da una luz cálida y suave.",
            "Interruptor en el cable.",
        ),
    ),
    "cushion": SpanishKind(
        (Noun("cojín", "m"), Noun("almohadón", "m")),
        (
            "La funda se quita para lavarla.",
            "Relleno de fibra reciclada muy blanda.",
            "Alegra (el sofá|la cama|el rincón de lectura).",
        ),
    ),
    "vase": SpanishKind(
        (Noun("jarrón", "m"), Noun("florero", "m")),
        (
            "Precioso con una sola rama o sin nada.",
            "Impermeable por dentro.",
            "Hecho a torno: no hay dos iguales.",
        ),
    ),
    "mug": SpanishKind(
        (Noun("taza", "f"), Noun("tazón", "m"), Noun("taza de café", "f")),
        (
            "Apt{o} para lavavajillas.",
            "Para (el café|el té|el chocolate) de cada (mañana|tarde|día).",
            "Un asa donde cabe toda la mano.",
        ),
    ),
    "bottle": SpanishKind(
        (Noun("botella", "f"), Noun("botella de agua", "f"), Noun("cantimplora", "f")),
        (
            "No gotea ni boca abajo en la mochila.",
            "Boca ancha para cubitos de hielo.",
            "Para (la oficina|el gimnasio|la montaña).",
        ),
    ),
    "jar": SpanishKind(
        (Noun("tarro", "m"), Noun("bote", "m"), Noun("frasco", "m")),
        (
            "Elaborado en pequeñas cantidades.",
            "Sin colorantes ni nada artificial.",
            "Una vez abierto, conservar en la nevera.",
        ),
    ),
    "pot": SpanishKind(
        (Noun("olla", "f"), Noun("cacerola", "f"), Noun("cazuela", "f")),
        (
            "Vale para gas, vitrocerámica e inducción.",
            "Reparte bien el calor y lo conserva.",
            "La tapa cierra bien.",
        ),
    ),
    "headphones": SpanishKind(
        (Noun("auriculares", "m", is_plural=True), Noun("cascos", "m", is_plural=True)),
        (
            "Almohadillas blandas que aíslan del ruido.",
            "Voces claras y graves cálidos.",
            "La diadema se ajusta a la cabeza.",
        ),
    ),
    "teddy bear": SpanishKind(
        (Noun("osito", "m"), Noun("oso de peluche", "m"), Noun("osito de peluche", "m")),
        (
            "Blandito y difícil de soltar.",
            "Se lava a máquina a 30 grados.",
            "Desde el nacimiento.",
        ),
    ),
    "toy car": SpanishKind(
        (Noun("coche de juguete", "m"), Noun("cochecito", "m"), Noun("carrito", "m")),
        (
            "Las ruedas giran de verdad.",
            "No lleva pilas.",
            "A partir de tres años.",
        ),
    ),
    "notebook": SpanishKind(
        (Noun("cuaderno", "m"), Noun("libreta", "f")),
        (
            "96 páginas de papel crema.",
            "Se abre del todo sobre la mesa.",
            "Para (listas|bocetos|un diario).",
        ),
    ),
}

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
    "glass": ("vidrio", "cristal", "vidrio soplado"),
    "leather": ("cuero", "piel", "piel auténtica"),
    "linen": ("lino", "lino", "lino puro"),
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
