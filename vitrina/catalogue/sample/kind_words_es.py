"""Spanish nouns for the kinds of goods, with gender and number, and sentences about their use."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Gender = Literal["m", "f"]


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
    "scarf": SpanishKind(
        (Noun("bufanda", "f"), Noun("fular", "m")),
        (
            "Da dos vueltas al cuello.",
            "Suave con la piel.",
            "Para (las mañanas de helada|las tardes frescas|dar un toque de color).",
        ),
    ),
    "table": SpanishKind(
        (Noun("mesa", "f"), Noun("mesa de comedor", "f"), Noun("mesa de cocina", "f")),
        (
            "Cabe toda la familia.",
            "Se limpia con un paño.",
            "Se monta fácilmente con las herramientas incluidas.",
        ),
    ),
    "bookcase": SpanishKind(
        (Noun("estantería", "f"), Noun("librería", "f"), Noun("librero", "m")),
        (
            "Incluye fijaciones para la pared.",
            "Sitio para (libros|plantas|todo lo que no tiene sitio).",
            "Cada balda aguanta hasta 20 kilos.",
        ),
    ),
    "sofa": SpanishKind(
        (Noun("sofá", "m"), Noun("sofá de salón", "m")),
        (
            "Fundas que se quitan para lavarlas.",
            "Con fondo para echar la siesta.",
            "Una estructura que no cruje con los años.",
        ),
    ),
    "cereal box": SpanishKind(
        (Noun("caja de cereales", "f"), Noun("paquete de cereales", "m")),
        (
            "Fuente de fibra.",
            "Con leche o con yogur.",
            "Para (el desayuno|un tentempié|las mañanas de colegio).",
        ),
    ),
    "tin can": SpanishKind(
        (Noun("lata", "f"), Noun("lata de conservas", "f")),
        (
            "List{o} para comer en frío o en caliente.",
            "Dura años en la despensa.",
            "Con el punto justo de sal.",
        ),
    ),
    "carton": SpanishKind(
        (Noun("brik", "m"), Noun("cartón", "m"), Noun("tetrabrik", "m")),
        (
            "Agitar antes de abrir.",
            "Una vez abierto, consumir en tres días.",
            "Envase reciclable.",
        ),
    ),
    "coffee bag": SpanishKind(
        (Noun("bolsa de café", "f"), Noun("paquete de café", "m")),
        (
            "Tueste lento en tambor pequeño.",
            "Notas de (cacao|avellana|caramelo).",
            "La válvula guarda el aroma.",
        ),
    ),
    "smartphone": SpanishKind(
        (Noun("móvil", "m"), Noun("teléfono móvil", "m"), Noun("celular", "m")),
        (
            "Batería para dos días.",
            "Se desbloquea con la huella.",
            "Fotos nítidas incluso al anochecer.",
        ),
    ),
    "speaker": SpanishKind(
        (Noun("altavoz", "m"), Noun("bocina", "f"), Noun("parlante", "m")),
        (
            "Llena una habitación sin distorsión.",
            "Se empareja con el teléfono en segundos.",
            "Diez horas de música con una carga.",
        ),
    ),
    "camera": SpanishKind(
        (Noun("cámara", "f"), Noun("cámara de fotos", "f"), Noun("cámara fotográfica", "f")),
        (
            "Enfoque rápido con poca luz.",
            "Cabe en el bolsillo del abrigo.",
            "Para (viajes|la calle|los días en familia).",
        ),
    ),
    "ball": SpanishKind(
        (Noun("pelota", "f"), Noun("balón", "m")),
        (
            "Bota alto y no pierde aire.",
            "Para (el jardín|la playa|el parque).",
            "Suave para manos pequeñas.",
        ),
    ),
}

PACKAGES_ES: Mapping[str, tuple[Noun, ...]] = {
    "jar": (Noun("tarro", "m"), Noun("bote", "m"), Noun("frasco", "m")),
    "cereal box": (Noun("caja", "f"), Noun("paquete", "m")),
    "tin can": (Noun("lata", "f"),),
    "carton": (Noun("brik", "m"), Noun("cartón", "m")),
    "coffee bag": (Noun("bolsa", "f"), Noun("paquete", "m")),
}
"""What groceries are packed in, to go with `de` and their contents."""
