"""Which of two texts describes the picture? The one question that both forms of image-text matching answer."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vitrina.catalogue.store import Catalogue
from vitrina.evaluation.heldout import held_out
from vitrina.models.answering import ROWS, answering
from vitrina.models.flava import Flava
from vitrina.tasks.match import Question, pose
from vitrina.training.load import load, recipe_of, weights_of

QUESTIONS = {"any product": "any", "same category": "category"}


def choosing(run: str | Path, *, catalogue: Path) -> dict[str, float]:
    """The share of dev products whose own text is chosen over another product's, by where the other comes from.

    The `pair` form is asked about each text by itself and prefers the likelier; the `segments` form sees both at once,
    in both orders, so that a liking for the first counts for nothing.
    """
    model = load(run)
    assert isinstance(model, Flava), "only FLAVA matches texts with pictures"
    form = recipe_of(weights_of(Path(run))).corruption.itm
    products = held_out(Catalogue.open(catalogue), split="val", seed=0).products
    found = {}
    for name, other in QUESTIONS.items():
        questions = pose(products, other=other, seed=0)  # type: ignore[arg-type]  # one of the two literals
        pictures = [each.picture for each in questions]
        if form == "pair":
            own = model.match_pairs(pictures, [each.own for each in questions])
            believed = own - model.match_pairs(pictures, [each.other for each in questions])
        else:
            believed = _own_rather(model, questions=questions)
        found[name] = float((believed > 0).mean() + (believed == 0).mean() / 2)
    return found


def _own_rather(model: Flava, *, questions: Sequence[Question]) -> np.ndarray:
    """(n,) the logit of the own text's segment less that of the other's, summed over both orders."""
    inputs = model.read_inputs()
    believed = np.zeros(len(questions), dtype=np.float32)
    with answering(model) as device:
        for start in range(0, len(questions), ROWS):
            some = questions[start : start + ROWS]
            pixels = model.normalise(inputs.pictures([each.picture for each in some]).to(device))
            states = model.image(pixels)
            for own_segment in (0, 1):
                pairs = [(each.own, each.other) if own_segment == 0 else (each.other, each.own) for each in some]
                text = inputs.tokens([first for first, _ in pairs], seconds=[second for _, second in pairs]).clean()
                text = text.to(device)
                words = model.text(text.ids, is_token=text.is_token, types=text.types)
                logits = model.itm_head(model.multimodal(states, words, is_token=text.is_token).cls).float()
                believed[start : start + ROWS] += (logits[:, own_segment] - logits[:, 1 - own_segment]).cpu().numpy()
    return believed
