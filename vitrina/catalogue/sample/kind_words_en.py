"""English nouns for the kinds of goods, and sentences about their use."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class EnglishKind:
    """Nouns of a kind (the first is the plainest), whether they are plural, and sentences about its use."""

    nouns: tuple[str, ...]
    is_plural: bool
    uses: tuple[str, ...]


KINDS_EN: Mapping[str, EnglishKind] = {
    "t-shirt": EnglishKind(
        ("T-shirt", "tee", "tee shirt"),
        False,
        (
            "Wear it on its own or under a jacket.",
            "Cut for an easy fit (through the body|at the shoulders|all day).",
            "A staple for (weekends|warm days|every wardrobe).",
        ),
    ),
    "shirt": EnglishKind(
        ("shirt", "button-up shirt", "button-down"),
        False,
        (
            "Looks as good tucked in as worn loose.",
            "Made for (the office|long lunches|dressing up a little).",
            "The collar keeps its shape wash after wash.",
        ),
    ),
    "hoodie": EnglishKind(
        ("hoodie", "hooded sweatshirt", "hooded jumper"),
        False,
        (
            "Brushed inside for warmth.",
            "The hood adjusts with a drawstring.",
            "Ready for (cold mornings|the gym|evenings on the sofa).",
        ),
    ),
    "dress": EnglishKind(
        ("dress", "frock", "gown"),
        False,
        (
            "Falls softly from the waist.",
            "Equally at home (at a wedding|on the beach|in town).",
            "Wear it with flats by day and heels by night.",
        ),
    ),
    "skirt": EnglishKind(
        ("skirt",),
        False,
        (
            "Sits at the waist and moves with every step.",
            "Pairs with a (simple top|knitted jumper|tucked-in shirt).",
            "Closes at the back with a hidden zip.",
        ),
    ),
    "trousers": EnglishKind(
        ("trousers", "pants"),
        True,
        (
            "Two pockets in front and a button at the waist.",
            "Comfortable from (desk to dinner|morning to night|Monday to Sunday).",
            "Easy to turn up at the hem.",
        ),
    ),
    "cap": EnglishKind(
        ("cap", "baseball cap", "peaked cap"),
        False,
        (
            "Adjusts at the back to fit most heads.",
            "Keeps the sun out of your eyes.",
            "Stitched eyelets let air through.",
        ),
    ),
    "sneakers": EnglishKind(
        ("sneakers", "trainers", "running shoes"),
        True,
        (
            "A cushioned sole takes the edge off hard pavements.",
            "Laced for a firm hold.",
            "Made for (walking the city|long days|light training).",
        ),
    ),
    "boots": EnglishKind(
        ("boots",),
        True,
        (
            "A grippy rubber sole for wet streets.",
            "Warm enough for (winter|autumn walks|a frosty morning).",
            "Lined for comfort from the first day.",
        ),
    ),
    "heels": EnglishKind(
        ("heels", "court shoes", "pumps", "high heels"),
        True,
        (
            "A padded insole makes long evenings easy.",
            "The pointed toe lengthens the leg.",
            "For (parties|the office|a night out).",
        ),
    ),
    "handbag": EnglishKind(
        ("handbag", "purse", "bag"),
        False,
        (
            "Room for a phone, keys and a paperback.",
            "One zipped pocket inside.",
            "Carry it by hand or over the arm.",
        ),
    ),
    "backpack": EnglishKind(
        ("backpack", "rucksack", "daypack"),
        False,
        (
            "Padded straps spread the load.",
            "A sleeve inside fits a laptop.",
            "Made for (school|the commute|day hikes).",
        ),
    ),
    "watch": EnglishKind(
        ("watch", "wristwatch", "wrist watch"),
        False,
        (
            "Quartz movement with a two-year battery.",
            "Splash-proof to 3 bar.",
            "Clear hands that read at a glance.",
        ),
    ),
    "sunglasses": EnglishKind(
        ("sunglasses", "shades", "sunnies"),
        True,
        (
            "Lenses block all UVA and UVB light.",
            "Come with a soft pouch.",
            "Light on the nose, even after hours.",
        ),
    ),
    "chair": EnglishKind(
        ("chair", "dining chair", "kitchen chair"),
        False,
        (
            "Sturdy enough for every day.",
            "Felt pads under the legs protect the floor.",
            "Takes ten minutes to put together.",
        ),
    ),
    "lamp": EnglishKind(
        ("lamp", "table lamp", "bedside lamp"),
        False,
        (
            "Takes one E27 bulb, not included.",
            "Gives a warm, soft light.",
            "Switch on the cable.",
        ),
    ),
    "cushion": EnglishKind(
        ("cushion", "throw pillow", "scatter cushion"),
        False,
        (
            "The cover comes off for washing.",
            "Filled with soft recycled fibre.",
            "Brightens up a (sofa|bed|reading corner).",
        ),
    ),
    "vase": EnglishKind(
        ("vase", "flower vase"),
        False,
        (
            "Beautiful with a single stem or none at all.",
            "Watertight inside.",
            "Turned by hand, so no two are quite alike.",
        ),
    ),
    "mug": EnglishKind(
        ("mug", "coffee mug", "cup"),
        False,
        (
            "Safe in the dishwasher.",
            "For (morning coffee|afternoon tea|hot chocolate in winter).",
            "A handle that fits the whole hand.",
        ),
    ),
    "bottle": EnglishKind(
        ("bottle", "water bottle", "drinking bottle", "flask"),
        False,
        (
            "Leakproof, even upside down in a bag.",
            "Wide enough for ice cubes.",
            "Take it to (the office|the gym|the mountains).",
        ),
    ),
    "jar": EnglishKind(
        ("jar", "jar of preserves"),
        False,
        (
            "Cooked in small batches.",
            "No colourings, nothing artificial.",
            "Keep in the fridge once opened.",
        ),
    ),
    "pot": EnglishKind(
        ("pot", "cooking pot", "saucepan", "stockpot"),
        False,
        (
            "Works on gas, electric and induction hobs.",
            "Heats evenly and holds the heat.",
            "The lid fits snugly.",
        ),
    ),
    "headphones": EnglishKind(
        ("headphones", "over-ear headphones", "headset"),
        True,
        (
            "Soft cushions close off outside noise.",
            "Clear voices and a warm bass.",
            "The band slides to fit.",
        ),
    ),
    "teddy bear": EnglishKind(
        ("teddy bear", "teddy", "stuffed bear"),
        False,
        (
            "Soft, huggable and hard to put down.",
            "Machine washable at 30 degrees.",
            "Suitable from birth.",
        ),
    ),
    "toy car": EnglishKind(
        ("toy car", "play car", "little car"),
        False,
        (
            "The wheels really turn.",
            "No batteries needed.",
            "For children from three years up.",
        ),
    ),
    "notebook": EnglishKind(
        ("notebook", "notepad", "journal"),
        False,
        (
            "96 pages of smooth cream paper.",
            "Lies flat when open.",
            "For (lists|sketches|a diary).",
        ),
    ),
    "scarf": EnglishKind(
        ("scarf", "neck scarf", "muffler"),
        False,
        (
            "Long enough to wrap twice.",
            "Soft against the skin.",
            "For (frosty mornings|breezy evenings|a touch of colour).",
        ),
    ),
    "table": EnglishKind(
        ("table", "dining table", "kitchen table"),
        False,
        (
            "Seats the whole family.",
            "Wipes clean in a moment.",
            "Easy to put together with the tools supplied.",
        ),
    ),
    "bookcase": EnglishKind(
        ("bookcase", "bookshelf", "shelving unit"),
        False,
        (
            "Comes with fixings for the wall.",
            "Room for (books|plants|everything that has no place).",
            "Each board carries up to 20 kilograms.",
        ),
    ),
    "sofa": EnglishKind(
        ("sofa", "couch", "settee"),
        False,
        (
            "Covers that come off for cleaning.",
            "Deep enough for a nap.",
            "A frame that will not creak for years.",
        ),
    ),
    "cereal box": EnglishKind(
        ("cereal box", "box of cereal", "breakfast cereal"),
        False,
        (
            "Source of fibre.",
            "With milk or yoghurt.",
            "For (breakfast|a quick snack|school mornings).",
        ),
    ),
    "tin can": EnglishKind(
        ("tin can", "tin", "food tin"),
        False,
        (
            "Ready to eat, hot or cold.",
            "Keeps for years in the cupboard.",
            "Drained and salted with care.",
        ),
    ),
    "carton": EnglishKind(
        ("carton", "drinks carton"),
        False,
        (
            "Shake before opening.",
            "Once opened, drink within three days.",
            "A carton that can be recycled.",
        ),
    ),
    "coffee bag": EnglishKind(
        ("coffee bag", "bag of coffee", "coffee"),
        False,
        (
            "Roasted slowly in small drums.",
            "Notes of (cocoa|hazelnut|caramel).",
            "A valve keeps the aroma in.",
        ),
    ),
    "smartphone": EnglishKind(
        ("smartphone", "mobile phone", "phone"),
        False,
        (
            "A battery for two days.",
            "Unlocks with a fingerprint.",
            "Takes sharp pictures even at dusk.",
        ),
    ),
    "speaker": EnglishKind(
        ("speaker", "loudspeaker", "music speaker"),
        False,
        (
            "Fills a room without distortion.",
            "Pairs with a phone in seconds.",
            "Ten hours of music on one charge.",
        ),
    ),
    "camera": EnglishKind(
        ("camera", "photo camera", "digital camera"),
        False,
        (
            "Fast focus in low light.",
            "Fits in a coat pocket.",
            "For (travel|street scenes|family days).",
        ),
    ),
    "ball": EnglishKind(
        ("ball", "play ball", "toy ball"),
        False,
        (
            "Bounces high and holds its air.",
            "For (the garden|the beach|the playground).",
            "Gentle on small hands.",
        ),
    ),
}

PACKAGES_EN: Mapping[str, tuple[str, ...]] = {
    "jar": ("jar", "glass jar"),
    "cereal box": ("box", "packet"),
    "tin can": ("tin", "can"),
    "carton": ("carton",),
    "coffee bag": ("bag", "pouch"),
}
"""What groceries are packed in, to go with `of` and their contents."""
