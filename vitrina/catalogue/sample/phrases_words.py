"""What the parts of things, and one piece of a pair, are called in English and Spanish."""

from collections.abc import Mapping
from dataclasses import dataclass

from vitrina.catalogue.sample.phrases_grammar import Name, plural
from vitrina.catalogue.sample.truth import Language

PRINT = "print"
"""The name that the truth gives to the parts that are printed words."""


@dataclass(frozen=True)
class PartWords:
    """A part's names. Of what comes in `flocks` (laces, links) the truth may list many as one part: then, and only
    there, a single listed part is spoken of in the plural."""

    english: Name
    spanish: Name
    flocks: bool = False

    def name(self, language: Language) -> Name:
        """The name in a language."""
        return self.english if language == "en" else self.spanish


def _part(english: str, spanish: str, *, flocks: bool = False) -> PartWords:
    """English as it is, Spanish behind the article of its gender and number, also where the ear makes it another."""
    article, _, noun = spanish.partition(" ")
    assert article in ("el", "la", "los", "las"), f"no article before {spanish!r}"
    gender = "f" if article in ("la", "las") else "m"
    many = article.endswith("s")
    words = PartWords(Name(english, many), Name(noun, many, gender), flocks)
    if not flocks:
        return words
    return PartWords(plural(words.english, language="en"), plural(words.spanish, language="es"), flocks)


_PARTS: Mapping[str, PartWords] = {
    "ankle strap": _part("ankle strap", "la pulsera del tobillo"),
    "apron": _part("apron", "el faldón"),
    "arm": _part("arm", "el brazo"),
    "arm roll": _part("arm scroll", "la voluta"),
    "armrest": _part("armrest", "el reposabrazos"),
    "armrest post": _part("armrest post", "el soporte del reposabrazos"),
    "axle": _part("axle", "el eje"),
    "back": _part("back", "la parte de atrás"),
    "back cover": _part("back cover", "la contracubierta"),
    "back cushion": _part("back cushion", "el cojín del respaldo"),
    "back panel": _part("back panel", "el panel trasero"),
    "badge": _part("badge", "la insignia"),
    "band": _part("headband", "la diadema"),
    "base": _part("base", "la base"),
    "base plate": _part("base plate", "la placa inferior"),
    "belly": _part("belly", "la barriga"),
    "belt": _part("belt", "el cinturón"),
    "bodice": _part("bodice", "el cuerpo"),
    "body": _part("body", "el cuerpo"),
    "book": _part("book", "el libro", flocks=True),
    "bow": _part("bow", "el lazo"),
    "box": _part("storage box", "la caja"),
    "brace": _part("brace", "la riostra"),
    "buckle": _part("buckle", "la hebilla"),
    "buckle strap": _part("buckle strap", "la correa de la hebilla"),
    "bumper": _part("bumper", "el parachoques"),
    "button": _part("button", "el botón", flocks=True),
    "cable": _part("cable", "el cable"),
    "camera island": _part("camera island", "el módulo de cámaras"),
    "cap": _part("cap", "el tapón"),
    "case": _part("case", "la caja"),
    "cereal": _part("flake", "el copo", flocks=True),
    "chain": _part("chain", "la cadena"),
    "clasp": _part("clasp", "el broche"),
    "clip": _part("clip", "la pinza"),
    "collar": _part("collar", "el cuello"),
    "column": _part("column", "la columna"),
    "cone": _part("cone", "el cono"),
    "contents": _part("contents", "el contenido"),
    "cover": _part("front cover", "la cubierta"),
    "crown": _part("crown", "la corona"),
    "cuff": _part("cuff", "el puño"),
    "dial": _part("dial", "la esfera"),
    "drawer knob": _part("drawer knob", "el tirador del cajón"),
    "drink": _part("drink", "la bebida"),
    "ear": _part("ear", "la oreja"),
    "ear cup": _part("ear cup", "el auricular"),
    "ear cushion": _part("ear cushion", "la almohadilla"),
    "edge": _part("edge", "el canto"),
    "elastic": _part("elastic band", "la goma"),
    "elastic side": _part("elastic side panel", "el elástico lateral"),
    "end": _part("end", "el extremo"),
    "eye": _part("eye", "el ojo"),
    "eyelet": _part("eyelet", "el ojal", flocks=True),
    "finder": _part("viewfinder", "el visor"),
    "flap": _part("flap", "la solapa"),
    "flash": _part("flash", "el flash"),
    "fold": _part("folded top", "el doblez"),
    "foot": _part("foot", "el pie"),
    "frame": _part("frame", "la montura"),
    "front": _part("front", "la parte delantera"),
    "front camera": _part("front camera", "la cámara frontal"),
    "front pocket": _part("front pocket", "el bolsillo delantero"),
    "glass": _part("glass", "el vidrio"),
    "grille": _part("grille", "la rejilla"),
    "grip": _part("grip", "la empuñadura"),
    "gusset": _part("gusset", "el fuelle"),
    "handle": _part("handle", "la asa"),
    "handle joint": _part("handle joint", "la unión del asa"),
    "head": _part("head", "la cabeza"),
    "headlight": _part("headlight", "el faro"),
    "heel": _part("heel", "el tacón"),
    "heel counter": _part("heel counter", "el contrafuerte"),
    "hem": _part("hem", "el bajo"),
    "hinge": _part("hinge", "la bisagra"),
    "hole": _part("hole", "el agujero", flocks=True),
    "hood": _part("hood", "la capucha"),
    "hub": _part("hubcap", "el tapacubos"),
    "icon": _part("icon", "el icono", flocks=True),
    "inner ear": _part("inner ear", "la oreja interior"),
    "inside": _part("inside", "el interior"),
    "knob": _part("lid knob", "el pomo"),
    "knob stem": _part("knob stem", "el cuello del pomo"),
    "label": _part("label", "la etiqueta"),
    "lace": _part("lace", "el cordón", flocks=True),
    "leaf": _part("leaf", "la hoja", flocks=True),
    "leg": _part("leg", "la pata"),
    "lens": _part("lens", "el cristal"),
    "lens ring": _part("lens ring", "el anillo del objetivo"),
    "lid": _part("lid", "la tapa"),
    "light ring": _part("light ring", "el aro de luz"),
    "lining": _part("lining", "el forro"),
    "loop": _part("loop", "la presilla"),
    "luggage": _part("luggage", "el equipaje"),
    "mouth": _part("mouth", "la boca"),
    "muzzle": _part("muzzle", "el hocico"),
    "nose": _part("nose", "la nariz"),
    "notch": _part("notch", "la muesca"),
    "olive": _part("olive", "la aceituna", flocks=True),
    "padding": _part("headband padding", "el acolchado de la diadema"),
    "pages": PartWords(Name("pages", True), Name("páginas", True, "f")),
    "panel": _part("panel", "el panel", flocks=True),
    "paw": _part("paw pad", "la almohadilla"),
    "picture": _part("picture", "el dibujo", flocks=True),
    "pillow": _part("throw pillow", "el almohadón"),
    "piping": _part("piping", "el ribete"),
    "placket": _part("placket", "la tapeta"),
    "plate": _part("name plate", "la cartela"),
    "pleat": _part("pleat", "el pliegue", flocks=True),
    "plug": _part("plug", "la clavija"),
    "pocket": _part("pocket", "el bolsillo"),
    "post": _part("back post", "el montante"),
    "pull": _part("pull", "el tirador"),
    "pull tab": _part("pull tab", "el tirador"),
    "race disc": _part("number disc", "el disco del número"),
    "rail": _part("back rail", "el larguero"),
    "ribbon": _part("ribbon", "la cinta"),
    "ridge": _part("ridge", "la solapa superior"),
    "rim": _part("rim", "el borde"),
    "ring": _part("ring", "la argolla"),
    "ring pull": _part("ring pull", "la anilla"),
    "roof": _part("top", "la parte de arriba"),
    "roof rack": _part("roof rack", "la baca"),
    "scarf": _part("scarf", "la bufanda"),
    "screen": _part("screen", "la pantalla"),
    "seal": _part("seal", "el sellado"),
    "seat": _part("seat", "el asiento"),
    "seat cushion": _part("seat cushion", "el cojín del asiento"),
    "seat edge": _part("seat edge", "el canto del asiento"),
    "shade": _part("shade", "la pantalla"),
    "shelf": _part("shelf", "el estante", flocks=True),
    "shoulder strap": _part("shoulder strap", "el tirante"),
    "shutter": _part("shutter button", "el disparador"),
    "side": _part("side", "el lateral"),
    "side mark": _part("side mark", "el distintivo lateral"),
    "side pocket": _part("side pocket", "el bolsillo lateral"),
    "skirt": _part("skirt", "la falda"),
    "slat": _part("slat", "el listón", flocks=True),
    "sleeve": _part("sleeve", "la manga"),
    "sole": _part("sole", "la suela"),
    "spindle": _part("spindle", "el barrote", flocks=True),
    "spine": _part("spine", "el lomo"),
    "stem": _part("stem", "el vástago"),
    "strap": _part("strap", "la correa"),
    "strap hole": _part("strap hole", "el agujero de la correa", flocks=True),
    "stretcher": _part("stretcher", "el travesaño"),
    "string": _part("string", "el cordón"),
    "strip": _part("strip", "la franja"),
    "stripe": _part("side stripe", "la franja lateral"),
    "sweatband": _part("sweatband", "la banda interior"),
    "tail light": _part("tail light", "la luz trasera"),
    "tassel": _part("tassel", "la borla", flocks=True),
    "tin tie": _part("tin tie", "el cierre metálico"),
    "toe cap": _part("toe cap", "la puntera"),
    "tongue": _part("tongue", "la lengüeta"),
    "top": _part("top", "la parte de arriba"),
    "top board": _part("top board", "el tablero superior"),
    "top plate": _part("top plate", "la placa superior"),
    "tuft": _part("tuft", "el botón", flocks=True),
    "under layer": _part("under layer", "la capa de abajo"),
    "upper": _part("upper", "el empeine"),
    "valve": _part("valve", "la válvula"),
    "visor": _part("visor", "la visera"),
    "visor underside": _part("underside of the visor", "el reverso de la visera"),
    "waistband": _part("waistband", "la cinturilla"),
    "water": _part("water", "la agua"),
    "wave": _part("wave", "la onda"),
    "wheel": _part("wheel", "la rueda"),
    "window": _part("window", "la ventanilla"),
    "wire": _part("binding ring", "la anilla", flocks=True),
    "yoke": _part("yoke", "la horquilla"),
    "zip": _part("zip", "la cremallera"),
    "zip pull": _part("zip pull", "el tirador de la cremallera"),
}

_PARTS_OF: Mapping[tuple[str, str], PartWords] = {
    ("backpack", "loop"): _part("carry loop", "la trabilla"),
    ("ball", "cap"): _part("centre", "el centro"),
    ("bottle", "collar"): _part("collar", "el aro"),
    ("bottle", "lid"): _part("lid", "el tapón"),
    ("bottle", "loop"): _part("carry loop", "la anilla"),
    ("camera", "dial"): _part("dial", "el dial"),
    ("camera", "lens ring"): _part("lens", "el objetivo"),
    ("cap", "button"): _part("top button", "el botón"),
    ("cap", "crown"): _part("crown", "la copa"),
    ("carton", "badge"): _part("volume plate", "el recuadro del volumen"),
    ("carton", "glass"): _part("drawing of a glass", "el dibujo de un vaso"),
    ("cereal box", "badge"): _part("weight plate", "el recuadro del peso"),
    ("chair", "back"): _part("back", "el respaldo"),
    ("cushion", "button"): _part("button", "el botón"),
    ("coffee bag", "badge"): _part("weight plate", "el recuadro del peso"),
    ("headphones", "badge"): _part("ear cup plate", "la placa del auricular"),
    ("jar", "string"): _part("string", "el cordel"),
    ("shirt", "collar"): _part("collar point", "la punta del cuello"),
    ("smartphone", "button"): _part("side button", "el botón lateral"),
    ("sofa", "back"): _part("back", "el respaldo"),
    ("sofa", "foot"): _part("foot", "la pata"),
    ("speaker", "cap"): _part("dust cap", "el centro del cono"),
    ("sunglasses", "arm"): _part("temple", "la patilla"),
    ("table", "top"): _part("tabletop", "el tablero"),
    ("toy car", "body"): _part("body", "la carrocería"),
    ("toy car", "handle"): _part("door handle", "la manilla"),
    ("trousers", "button"): _part("button", "el botón"),
    ("trousers", "leg"): _part("leg", "la pernera"),
}
"""Parts that are called otherwise on a certain kind."""

UNSPOKEN: frozenset[tuple[str, str]] = frozenset(
    {
        ("camera", "lens"),
        ("camera", "lens barrel"),
        ("carton", "cap"),
        ("carton", "drink"),
        ("carton", "side"),
        ("cereal box", "bowl"),
        ("bookcase", "bowl"),
        ("heels", "bow"),
        ("scarf", "loop"),
        ("smartphone", "frame"),
        ("smartphone", "lens"),
        ("smartphone", "lens ring"),
        ("smartphone", "wallpaper"),
        ("teddy bear", "bow"),
        ("teddy bear", "scarf"),
        ("tin can", "lid"),
        ("watch", "pin"),
        ("watch", "strap"),
    }
)
"""Parts by kind that are drawn in several pieces, or are too small, to be pointed at."""


def part_words(name: str, *, kind: str) -> PartWords | None:
    """The words for a part of a kind as the truth names both, None where there are none."""
    return _PARTS_OF.get((kind, name)) or _PARTS.get(name)


_SHOE_EN, _SHOE_ES = Name("shoe"), Name("zapato", gender="m")

PIECES: Mapping[tuple[Language, str], tuple[Name, ...]] = {
    ("en", "sneakers"): (Name("sneaker"), _SHOE_EN, Name("trainer")),
    ("es", "sneakers"): (Name("zapatilla", gender="f"), Name("deportiva", gender="f")),
    ("en", "boots"): (Name("boot"),),
    ("es", "boots"): (Name("bota", gender="f"),),
    ("en", "heels"): (Name("high heel"), _SHOE_EN),
    ("es", "heels"): (Name("zapato de tacón", gender="m"), _SHOE_ES),
}
"""What one piece of a pair is called, by language and kind."""

GENERIC_PIECES: Mapping[tuple[Language, str], tuple[Name, ...]] = {
    **{("en", kind): (_SHOE_EN,) for kind in ("sneakers", "boots", "heels")},
    **{("es", kind): (_SHOE_ES,) for kind in ("sneakers", "boots", "heels")},
}
"""Wider words that a piece goes by too: whoever says them means pieces of any of these kinds."""
