"""What late, hybrid and early fusion are all asked: search, whether a text fits a picture, categories, and the cost."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F

from vitrina.catalogue.product import Product
from vitrina.data.batch import Texts
from vitrina.evaluation import metrics
from vitrina.models.answering import ROWS, answering
from vitrina.models.clip import Clip
from vitrina.models.early_fusion import EarlyFusion
from vitrina.models.flava import Flava
from vitrina.tasks import classify, match, search
from vitrina.tasks.prompts import templated
from vitrina.training.load import load

CANDIDATES = 20
"""Products that vectors bring and the pair form then orders anew."""

ANEW = 300
"""Queries whose candidates are ordered anew: each is a pass through the model for every candidate."""

_LEVELS = {"category": 0, "article type": 2}
_OTHERS: tuple[Literal["any", "category"], ...] = ("any", "category")
_TIMED = 256
_LOOKED_AT = 400


@dataclass(frozen=True)
class Thresholds:
    """From which belief on a text is said to fit, chosen on dev for each kind of wrong text."""

    any: float
    category: float


def thresholds(run: Path, *, products: Sequence[Product]) -> Thresholds:
    """Those that answer most questions about the first of these products rightly."""
    model, products = _model(run), products[:_LOOKED_AT]
    found = {}
    for other in _OTHERS:
        questions = match.pose(products, other=other, seed=0)
        own, wrong = _believed(model, questions=questions)
        found[other] = _best(own, wrong)
    return Thresholds(**found)


def ask(run: Path, *, products: Sequence[Product], at: Thresholds) -> dict[str, float]:
    """Every figure of a run on products that it never saw: shares, areas, and CPU milliseconds."""
    model = _model(run)
    pairs = [pair for product in products if (pair := search.pose(product)) is not None]
    by_text = search.answer(model, pairs=pairs, query="text").strict
    found = {f"R@{k}": float(by_text.recall(k).mean()) for k in (1, 5, 10)}
    found["R@10, picture → text"] = float(search.answer(model, pairs=pairs, query="picture").strict.recall(10).mean())
    if not isinstance(model, Clip):
        found |= _ordered_anew(model, pairs=pairs)
    for other in _OTHERS:
        own, wrong = _believed(model, questions=match.pose(products, other=other, seed=0))
        limit = at.any if other == "any" else at.category
        found[f"fits or not, {other}"] = _accuracy(own, wrong, limit=limit)
        found[f"AUC, {other}"] = float(metrics.auc(own, other=wrong)(np.ones((1, len(own))))[0])
    for name, level in _LEVELS.items():
        labelled = [p for p in products if len(p.category) > level and p.pictures]
        names = sorted({product.category[level] for product in labelled})
        answers = classify.answer(
            model,
            pictures=[product.pictures[0] for product in labelled],
            prompts=[templated(name, languages=["en"]) for name in names],
        )
        found[name] = float(np.mean([names[a] == p.category[level] for a, p in zip(answers, labelled, strict=True)]))
    return found | _cost(model, pairs=pairs) | {"parameters": float(sum(p.numel() for p in model.parameters()))}


def _model(run: Path) -> Clip | Flava | EarlyFusion:
    model = load(run)
    assert isinstance(model, Clip | Flava | EarlyFusion), f"{run} is of another family"
    return model


def _believed(model: Clip | Flava | EarlyFusion, *, questions: Sequence[match.Question]) -> tuple[np.ndarray, ...]:
    """(n,) twice: belief in the own and in the other text; of late fusion the cosine, of the others a probability."""
    if not isinstance(model, Clip):
        believed = match.answer(model, questions=questions)
        return believed.own.astype(np.float64), believed.other.astype(np.float64)
    pictures = model.embed_images([each.picture for each in questions])
    texts = (model.embed_texts([each.own for each in questions]), model.embed_texts([each.other for each in questions]))
    return tuple((pictures * each).sum(axis=1).astype(np.float64) for each in texts)


def _best(own: np.ndarray, wrong: np.ndarray) -> float:
    every = np.unique(np.concatenate([own, wrong]))
    between = (every[1:] + every[:-1]) / 2 if len(every) > 1 else every
    return float(max(between, key=lambda limit: _accuracy(own, wrong, limit=limit)))


def _accuracy(own: np.ndarray, wrong: np.ndarray, *, limit: float) -> float:
    return float(((own > limit).mean() + (wrong <= limit).mean()) / 2)


def _ordered_anew(model: Flava | EarlyFusion, *, pairs: Sequence[search.Pair]) -> dict[str, float]:
    """Recall of the first queries when their first products by vectors are put in the order of the pair form: a system
    of two stages; and what vectors alone reach on the same queries."""
    inputs = model.read_inputs()
    asked = pairs[:ANEW]
    scores = model.embed_texts([each.text for each in asked]) @ model.embed_images([each.picture for each in pairs]).T
    nearest = np.argsort(-scores, axis=1, kind="stable")[:, :CANDIDATES]
    pixels, texts = inputs.pictures([each.picture for each in pairs]), inputs.texts([each.text for each in asked])
    places = np.full((2, len(asked)), len(pairs), dtype=np.float64)
    with answering(model):
        for query, candidates in enumerate(nearest):
            if query not in candidates:
                continue
            rows = torch.full((len(candidates),), query)
            believed = model.matches(model.normalise(pixels[candidates]), _rows(texts, rows)).numpy()
            own = believed[candidates == query][0]
            places[0, query] = (candidates == query).argmax()
            places[1, query] = (believed > own).sum() + ((believed == own).sum() - 1) / 2
    stages = ("by vectors", f"first {CANDIDATES} ordered by pairs")
    return {
        f"R@{k} of {ANEW}, {words}": float((some < k).mean())
        for k in (1, 10)
        for words, some in zip(stages, places, strict=True)
    }


def _rows(text: Texts, rows: torch.Tensor) -> Texts:
    return Texts(text.ids[rows], text.is_token[rows], text.types[rows], text.masked_ids[rows], text.is_masked[rows])


def _cost(model: Clip | Flava | EarlyFusion, *, pairs: Sequence[search.Pair]) -> dict[str, float]:
    """CPU milliseconds of one picture, one text and one judged pair, decoded and tokenised before; least of three."""
    inputs = model.read_inputs()
    some = pairs[:_TIMED]
    pixels, texts = inputs.pictures([each.picture for each in some]), inputs.texts([each.text for each in some])
    with answering(model):
        found = {
            "ms a picture": _timed(lambda part: model.project_images(model.normalise(pixels[part])), len(some)),
            "ms a text": _timed(lambda part: model.project_texts(_part(texts, part)), len(some)),
        }
        if isinstance(model, Clip):
            vectors = F.normalize(model.project_images(model.normalise(pixels)), dim=-1)
            found["ms a pair"] = _timed(lambda part: vectors[part] @ vectors.T, len(some)) / len(some)
        else:
            judge = model.matches
            found["ms a pair"] = _timed(
                lambda part: judge(model.normalise(pixels[part]), _part(texts, part)), len(some)
            )
    return found


def _part(text: Texts, rows: slice) -> Texts:
    return Texts(text.ids[rows], text.is_token[rows], text.types[rows], text.masked_ids[rows], text.is_masked[rows])


def _timed(work: Callable[[slice], object], count: int) -> float:
    every = []
    for _ in range(3):
        began = time.process_time()
        for start in range(0, count, ROWS):
            work(slice(start, start + ROWS))
        every.append(1000 * (time.process_time() - began) / count)
    return min(every)
