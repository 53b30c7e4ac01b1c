"""What is asked, as plain data: experiments, their arms, and the settings that all of them share.

Towers have one layer and patches of 16 px, so that a run takes a minute or two of one core; see LOG.md for what such
towers reach. An arm is a recipe with settings on some catalogues of `benchmarks.learnt_data`.
"""

from dataclasses import dataclass
from typing import Literal

from vitrina.evaluation.evaluation import Unit


@dataclass(frozen=True)
class Figure:
    """A figure of an evaluation: its section and name there, `title` in the table, and whether more is better."""

    title: str
    section: str
    name: str
    more_is_better: bool = True
    unit: Unit = "share"


@dataclass(frozen=True)
class Arm:
    """One way to train: a recipe's settings on some catalogues.

    `codebook` names one of CODEBOOKS. `plain_targets` makes every row of a batch a product and a text of its own, so
    that the contrastive targets are the plain diagonal. An arm that `has_towers` starts from a dual encoder's,
    with a multimodal encoder that can see with them (`benchmarks.learnt_start`), or without what is `spared` of that.
    """

    name: str
    catalogues: tuple[str, ...] = ("dev",)
    recipe: Literal["flava", "clip", "codebook"] = "flava"
    size: Literal["tiny", "small"] = "tiny"
    settings: tuple[str, ...] = ()
    codebook: str | None = None
    plain_targets: bool = False
    has_towers: bool = False
    spared: Literal["centring", "gain", "both"] | None = None
    share_of_steps: float = 1.0


@dataclass(frozen=True)
class Experiment:
    """A question, its arms, and what decides it: the first of `figures`.

    Every arm takes `steps` steps or, where these are None, as many as fit into `cpu_seconds` of training by a timing
    of a few steps. `choose` also asks which of two texts describes a picture. `asked` are the catalogues whose dev
    part is asked about, `settings` those of every arm.
    """

    name: str
    title: str
    arms: tuple[Arm, ...]
    figures: tuple[Figure, ...]
    settings: tuple[str, ...]
    asked: tuple[str, ...] = ("dev",)
    steps: int | None = None
    cpu_seconds: float | None = None
    choose: bool = False
    notes: tuple[str, ...] = ()


SEARCH = (
    Figure("R@10", "text_to_picture_strict", "R@10"),
    Figure("R@10, picture → text", "picture_to_text_strict", "R@10"),
)
TWINS = Figure("R@10, any of the same title", "text_to_picture_duplicates", "R@10")
HIDDEN = (
    Figure("hidden words, text alone", "masked_prediction", "hidden words, text alone", False, "nats"),
    Figure("hidden words beside the picture", "masked_prediction", "hidden words beside the picture", False, "nats"),
    Figure("hidden patches, picture alone", "masked_prediction", "hidden patches, picture alone", False, "nats"),
    Figure("hidden patches beside the text", "masked_prediction", "hidden patches beside the text", False, "nats"),
)

COMMON = (
    "precision=bf16",
    "augment.shift_share=0.03",
    "augment.scale_share=0.05",
    "augment.aspect_share=0.0",
    "checkpoint_every=100000",
    "keep=1",
)
TOWERS = (
    *COMMON,
    "model.image.patch_px=16",
    "model.image.layers=1",
    "model.text.layers=1",
    "batch_rows=128",
    "ema_decay=0.98",
    "optim.warmup_steps=30",
)
FUSED = (*TOWERS, "corruption.fused_share=0.25", "corruption.itm_negative_share=0.5", "augment.views=2")

CODEBOOKS = {
    "256 codes": ("model.levels=8,8,4",),
    "1000 codes": ("model.levels=8,5,5,5",),
    "4375 codes": ("model.levels=7,5,5,5,5",),
}
CODEBOOK = ("precision=bf16", "model.size_px=32", "keep=1", "steps=1000")

_PAIRS = ("mixture.text=0", "mixture.image=0", "mixture.pair=1")
_MIXED = ("mixture.text=0.15", "mixture.image=0.15", "mixture.pair=0.7")

MIXTURE = Experiment(
    name="mixture",
    title="The mixture .70/.15/.15 against pairs alone, at equal CPU time (FLAVA)",
    arms=(
        Arm("8,100 pairs alone", settings=_PAIRS, codebook="1000 codes"),
        Arm(
            "8,100 pairs, mixed with other shops' texts and pictures",
            catalogues=("dev", "clothing_images", "text_mercadona_es"),
            settings=_MIXED,
            codebook="1000 codes",
        ),
        Arm("half the pairs alone", catalogues=("half",), settings=_PAIRS, codebook="1000 codes"),
        Arm(
            "half, mixed with the other half's texts and pictures apart",
            catalogues=("half", "half_apart"),
            settings=_MIXED,
            codebook="1000 codes",
        ),
    ),
    figures=(*SEARCH, *HIDDEN),
    settings=FUSED,
    cpu_seconds=40.0,
)

CODES = Experiment(
    name="codes",
    title="Cached codes of 256, 1000 or 4375 (FLAVA, .70/.15/.15)",
    arms=tuple(
        Arm(
            name,
            catalogues=("dev", "clothing_images", "text_mercadona_es"),
            settings=_MIXED,
            codebook=name,
        )
        for name in CODEBOOKS
    ),
    figures=(*SEARCH, *HIDDEN[2:]),
    settings=FUSED,
    steps=80,
)

DUPLICATES = Experiment(
    name="duplicates",
    title="Duplicate-aware against plain contrastive targets on repeated titles (dual encoder)",
    arms=(
        Arm("duplicate-aware", recipe="clip"),
        Arm("plain diagonal", recipe="clip", plain_targets=True),
    ),
    figures=(SEARCH[0], TWINS, SEARCH[1]),
    settings=TOWERS,
    steps=200,
    notes=(
        "Of dev's 8,100 training products 1,908 share their title with another; in a batch of 128 1.0 % of the rows "
        "have a twin, of 256 1.3 %, of 512 3.1 %, of 1,024 5.6 %.",
    ),
)

_FIELDS = 'shown.fields={"title":1,"category":0.25,"attributes.colour":0.25,"attributes.gender":0.25}'

SIDES = Experiment(
    name="clip_sides",
    title="What stands on the text side, and beside it, at equal CPU time (CLIP)",
    arms=(
        Arm("the title, drawn", recipe="clip"),
        Arm("title, category, colour, gender, averaged by weight", recipe="clip", settings=(_FIELDS,)),
        *(
            Arm(
                f"4 explicit negatives, {share:.0%} of the own category",
                recipe="clip",
                settings=("negatives.contrast=4", f"negatives.category_share={share}"),
            )
            for share in (0.0, 0.5)
        ),
        Arm("half of the batch of the same category", recipe="clip", settings=("mixture.same_category=0.5",)),
        Arm(
            "both: averaged by weight, 4 explicit negatives, 50% of the own category",
            recipe="clip",
            settings=(_FIELDS, "negatives.contrast=4", "negatives.category_share=0.5"),
        ),
    ),
    figures=(*SEARCH, TWINS),
    settings=TOWERS,
    cpu_seconds=45.0,
    notes=(
        "A query is a title alone in every arm. Half of the same category: of eight batches drawn together, half "
        "of the rows are dealt out in order of category.",
    ),
)

_SMALL = (*COMMON, "batch_rows=128", "ema_decay=0.95", "optim.warmup_steps=20", "optim.lr=1e-3")

DEPTH = Experiment(
    name="patches",
    title="Patch size and depth of small, at equal CPU time (dual encoder, 96 px, width 256)",
    arms=tuple(
        Arm(
            f"patches of {patch} px, {layers} layers",
            recipe="clip",
            size="small",
            settings=(f"model.image.patch_px={patch}", f"model.image.layers={layers}"),
        )
        for patch, layers in ((8, 3), (8, 6), (16, 3), (16, 6))
    ),
    figures=SEARCH,
    settings=_SMALL,
    cpu_seconds=300.0,
)

TWINS_ONLY = Experiment(
    name="twins",
    title="Duplicate-aware against plain targets where every title is shared (dual encoder)",
    arms=(
        Arm("duplicate-aware", recipe="clip", catalogues=("twins",)),
        Arm("plain diagonal", recipe="clip", catalogues=("twins",), plain_targets=True),
    ),
    figures=(TWINS, SEARCH[0], SEARCH[1]),
    settings=TOWERS,
    steps=80,
    notes=("Trained on the 1,908 training products of dev whose title another one has too; asked about all of dev.",),
)

TRAINED_TOWERS = (*TOWERS, "batch_rows=256", "ema_decay=0.99", "steps=300", "seed=0")
_FASHION, _BOTH = '"domains":{"dev":1}', '"domains":{"dev":1,"grocery":1}'
_GROCERY = '"domains":{"grocery":1}'
_STAGE = '{"share_of_run":0.5,"text":0,"image":0,"pair":1,%s}'
_TWO_SHOPS = ("dev", "grocery")


def _stages(*domains: str) -> tuple[str, ...]:
    return (f"mixture.stages=[{','.join(_STAGE % each for each in domains)}]",)


FORGETTING = Experiment(
    name="forgetting",
    title="A second shop that comes later: groceries after fashion (dual encoder)",
    arms=(
        Arm("fashion alone, half the steps", _TWO_SHOPS, "clip", settings=_stages(_FASHION), share_of_steps=0.5),
        Arm("fashion, then groceries alone", _TWO_SHOPS, "clip", settings=_stages(_FASHION, _GROCERY)),
        Arm("fashion, then both", _TWO_SHOPS, "clip", settings=_stages(_FASHION, _BOTH)),
        Arm("both from the start", _TWO_SHOPS, "clip", settings=_stages(_BOTH)),
    ),
    figures=(SEARCH[0], Figure("R@1, any of the same title", "picture_to_text_duplicates", "R@1")),
    settings=(*TOWERS, "optim.schedule=constant", "ema_decay=0.95"),
    asked=_TWO_SHOPS,
    steps=120,
    notes=(
        "Fashion is dev, groceries are grocery_store's photographs under the names of their goods, a tenth of each "
        "held out. The learning rate is constant, so that the first half of every run is alike.",
    ),
)

_MATCHING = (
    *TOWERS,
    *_PAIRS,
    "batch_rows=256",
    "frozen=image,text",
    "corruption.itm_negative_share=0.5",
    "corruption.mlm_share=0",
    "corruption.mim_share=0",
)
MATCHES = (
    Figure("own text chosen, other of any product", "choosing", "any product"),
    Figure("own text chosen, other of the same category", "choosing", "same category"),
    Figure("AUC, any product", "matching_any", "AUC", unit="number"),
    Figure("AUC, same category", "matching_category", "AUC", unit="number"),
    SEARCH[0],
)

_MATCHING_STEPS = 100
_DEFAULT_NEGATIVES = ("negatives.category_share=0", "negatives.redraw=epoch")
_MATCHING_NOTES = (
    "Both towers start from a dual encoder of the same products (R@10 72 on dev) and stay as they are; only the "
    "multimodal encoder learns, from clean pictures and texts, half of them wrong. What the towers say is centred and "
    "scaled for it, and it is drawn at a gain of one: without both it stays at chance (see docs/what-we-learnt.md).",
)

PLATEAU = Experiment(
    name="plateau",
    title="What lets image-text matching learn at all: centred states, and an encoder drawn at a gain of one",
    arms=(
        Arm("as the package draws it", settings=_DEFAULT_NEGATIVES, has_towers=True, spared="both"),
        Arm("gain alone", settings=_DEFAULT_NEGATIVES, has_towers=True, spared="centring"),
        Arm("centring alone", settings=_DEFAULT_NEGATIVES, has_towers=True, spared="gain"),
        Arm("both", settings=_DEFAULT_NEGATIVES, has_towers=True),
    ),
    figures=MATCHES[2:],
    settings=_MATCHING,
    choose=True,
    steps=_MATCHING_STEPS,
    notes=_MATCHING_NOTES,
)

NEGATIVES = Experiment(
    name="negatives",
    title="Wrong texts for image-text matching: whose, and drawn how often",
    arms=tuple(
        Arm(
            f"{whose}, {often}",
            settings=(f"negatives.category_share={share}", f"negatives.redraw={redraw}"),
            has_towers=True,
        )
        for whose, share in (("any product's", 0), ("same category's", 1))
        for often, redraw in (("new each epoch", "epoch"), ("fixed", "fixed"))
    ),
    figures=MATCHES,
    settings=_MATCHING,
    choose=True,
    steps=_MATCHING_STEPS,
    notes=_MATCHING_NOTES,
)

FORMS = Experiment(
    name="forms",
    title="The two forms of image-text matching: does it match, or which of two does",
    arms=(
        Arm("pair: does the text match", settings=_DEFAULT_NEGATIVES, has_towers=True),
        Arm(
            "segments: which of two texts does",
            settings=(*_DEFAULT_NEGATIVES, "corruption.itm=segments"),
            has_towers=True,
        ),
    ),
    figures=(*MATCHES[:2], Figure("loss, ln 2 by chance", "masked_prediction", "which text belongs", False, "nats")),
    settings=_MATCHING,
    choose=True,
    steps=_MATCHING_STEPS,
    notes=_MATCHING_NOTES,
)

EXPERIMENTS = {
    each.name: each
    for each in (DUPLICATES, TWINS_ONLY, SIDES, MIXTURE, CODES, DEPTH, FORGETTING, PLATEAU, NEGATIVES, FORMS)
}
