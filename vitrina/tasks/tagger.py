"""A tagger: prompts, few examples or a linear probe over product vectors, chosen on examples that it did not see.

Pictures and texts have a classifier each. A product that has both gets the weighted mean of their calibrated log
probabilities (logarithmic opinion pool, Genest & Zidek 1986, section 3); the weight is chosen like everything else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Literal

import numpy as np

from vitrina.tasks.calibration import expected_calibration_error, fit_temperature, log_softmax, surprise
from vitrina.tasks.labels import Style
from vitrina.tasks.probe import Affine, class_means, logistic
from vitrina.tasks.product_vectors import Sides

Kind = Literal["prompts", "few-shot", "probe"]
Mode = Literal["auto", "prompts", "few-shot", "probe"]
Use = Literal["auto", "picture", "text", "both"]

LEAST_PROVEN = 20
"""Examples that must be answered unseen before a confidence is called calibrated."""

STRENGTHS = (0.0, 1.0, 4.0, 16.0)
PENALTIES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)
_SHARES = tuple(number / 10 for number in range(11))
_FOLDS = 5
_MANY = 1000  # examples of which one fold alone is enough to choose by
_MOST_TO_CHOOSE = 5000


@dataclass(frozen=True)
class Examples:
    """Products whose label is known: their vectors, the numbers of their labels (n,), and their families."""

    sides: Sides
    truth: np.ndarray
    families: Sequence[str]


@dataclass(frozen=True)
class Head:
    """The classifier of one side: its affine map, temperature, and in words what it is."""

    affine: Affine
    temperature: float
    kind: Kind
    words: str

    def log_probabilities(self, vectors: np.ndarray) -> np.ndarray:
        """(n, c) float64."""
        return log_softmax(self.affine.logits(vectors) / self.temperature)


@dataclass(frozen=True)
class Trust:
    """What answers to `proven` examples that were not learnt from say about a tagger; shares of 1.

    Nothing but `examples` means anything where `proven` is 0. `error` is the expected calibration error.
    """

    examples: int = 0
    proven: int = 0
    accuracy: float = 0.0
    macro_f1: float = 0.0
    majority: float = 0.0
    error: float = 0.0

    @property
    def is_calibrated(self) -> bool:
        """Whether the confidences were fitted to known answers."""
        return self.proven >= LEAST_PROVEN


@dataclass(frozen=True)
class Tagger:
    """`names` of the labels, a head for pictures and one for texts (None: that side is not looked at).

    `text_share` is the weight of a product's texts beside its pictures, `temperature` that of the mixture.
    """

    names: tuple[str, ...]
    picture: Head | None
    text: Head | None
    text_share: float
    temperature: float
    trust: Trust

    def log_probabilities(self, sides: Sides) -> np.ndarray:
        """(n, c) float64; rows of a product with nothing to look at are NaN."""
        found = np.full((len(sides), len(self.names)), np.nan)
        both = np.zeros(len(sides), dtype=bool)
        if self.picture is not None and self.text is not None:
            both = sides.has_picture & sides.has_text
            found[both] = _mixed(
                self.picture.log_probabilities(sides.pictures[both]),
                self.text.log_probabilities(sides.texts[both]),
                share=self.text_share,
                temperature=self.temperature,
            )
        for head, has, vectors in (
            (self.picture, sides.has_picture, sides.pictures),
            (self.text, sides.has_text, sides.texts),
        ):
            if head is not None:
                found[has & ~both] = head.log_probabilities(vectors[has & ~both])
        return found

    def looks_at(self, sides: Sides) -> np.ndarray:
        """(n,) of `picture`, `text`, `picture+text` or nothing: what each product's answer rests on."""
        pictured = sides.has_picture & (self.picture is not None)
        worded = sides.has_text & (self.text is not None)
        found = np.full(len(sides), "", dtype=object)
        found[pictured], found[worded] = "picture", "text"
        both = pictured & worded
        found[both] = {0.0: "picture", 1.0: "text"}.get(self.text_share, "picture+text")
        return found

    def words(self) -> str:
        """What it is, in a line."""
        parts = [f"{side}: {head.words}" for side, head in (("pictures", self.picture), ("texts", self.text)) if head]
        if self.picture is not None and self.text is not None:
            parts.append(f"texts weigh {100 * self.text_share:.0f} % where a product has both")
        return "; ".join(parts)


def fit_tagger(
    names: Sequence[str],
    *,
    prompts: Mapping[Style, Affine],
    examples: Examples | None,
    mode: Mode,
    use: Use,
    scale: float,
) -> Tagger:
    """The tagger that surprises unseen examples least, among what `mode` and `use` allow.

    `prompts` holds the classifier that each style's prompts make, `scale` the model's own factor of cosines: the
    inverse temperature where no example proves another. Kind, style, strength and penalty, temperatures and the weight
    of texts are chosen by five-fold answers to whole families of examples (one fold where there are many); the chosen
    is then fitted to all. Raises ValueError where `mode` needs examples and there are none.
    """
    if examples is None or not len(examples.truth):
        if mode in ("few-shot", "probe"):
            raise ValueError(f"mode {mode!r} learns from examples, and there are none: name some, or use prompts")
        head = Head(prompts["templates"], 1 / scale, "prompts", _PROMPTED)
        picture = None if use == "text" else head
        text = None if use == "picture" else head
        return Tagger(tuple(names), picture, text, 0.5 if use == "both" else 0.0, 1.0, Trust())
    folds = _folds(examples.families)
    fitted: dict[str, _Fitted] = {}
    for side, vectors in (("picture", examples.sides.pictures), ("text", examples.sides.texts)):
        if use in (side, "both", "auto"):
            fitted[side] = _fit_side(vectors, examples.truth, folds, prompts=prompts, mode=mode, scale=scale)
    picture, text = fitted.get("picture"), fitted.get("text")
    tagger = Tagger(
        tuple(names), picture and picture.head, text and text.head, text_share=0.0, temperature=1.0, trust=Trust()
    )
    unseen = np.full((len(examples.truth), len(names)), np.nan)
    for each in (text, picture):
        if each is not None:
            unseen[each.rows] = each.unseen
    if picture is not None and text is not None:
        share, temperature = _fusion(picture, text, truth=examples.truth, use=use)
        tagger = replace(tagger, text_share=share, temperature=temperature)
        rows, first, second = _common(picture, text)
        if len(rows):
            unseen[rows] = _mixed(picture.unseen[first], text.unseen[second], share=share, temperature=temperature)
    return replace(tagger, trust=_trust(unseen, examples))


_PROMPTED = "prompts in the sentences of titles, the model's own scale, not calibrated"


@dataclass(frozen=True)
class _Fitted:
    """A head, and its log probabilities (m, c) of the examples `rows` (m,) that it had not seen."""

    head: Head
    rows: np.ndarray
    unseen: np.ndarray


@dataclass(frozen=True)
class _Candidate:
    kind: Kind
    style: Style
    dial: float = 0.0

    def fit(self, vectors: np.ndarray, truth: np.ndarray, *, prompts: Affine, start: Affine) -> Affine:
        match self.kind:
            case "prompts":
                return prompts
            case "few-shot":
                return class_means(
                    vectors, truth=truth, classes=prompts.classes, prompts=start.weight, strength=self.dial
                )
            case "probe":
                return logistic(vectors, truth=truth, classes=prompts.classes, penalty=self.dial, start=start)

    def words(self) -> str:
        style = "plain names" if self.style == "plain" else "the sentences of titles"
        match self.kind:
            case "prompts":
                return f"prompts in {style}"
            case "few-shot":
                return f"class means, prompts in {style} as {self.dial:g} further examples"
            case "probe":
                return f"linear probe, penalty {self.dial:g}, from prompts in {style}"


def _fit_side(
    vectors: np.ndarray,
    truth: np.ndarray,
    folds: np.ndarray,
    *,
    prompts: Mapping[Style, Affine],
    mode: Mode,
    scale: float,
) -> _Fitted:
    """Choose among the candidates by unseen answers, then fit the chosen one to every example that has the side."""
    there = np.flatnonzero(vectors.any(1))
    asked = there[:_MOST_TO_CHOOSE]
    tried: list[tuple[float, _Candidate, float, np.ndarray, np.ndarray]] = []

    def attempt(candidate: _Candidate, *, start: Affine) -> None:
        rows, logits = _unseen(candidate, vectors, truth, folds, asked, prompts=prompts[candidate.style], start=start)
        if len(rows) >= LEAST_PROVEN:
            temperature = fit_temperature(logits, truth=truth[rows])
            answers = log_softmax(logits / temperature)
            tried.append((surprise(answers, truth=truth[rows]), candidate, temperature, rows, answers))

    for style in prompts:
        attempt(_Candidate("prompts", style), start=prompts[style].single(scale=scale))
    style = min(tried, key=lambda each: each[0])[1].style if tried else "templates"
    start = prompts[style].single(scale=1 / min(tried, key=lambda each: each[0])[2] if tried else scale)
    if mode in ("few-shot", "probe"):
        tried.clear()
    all_known = len(np.unique(truth[there])) == prompts[style].classes
    if mode in ("auto", "few-shot"):
        for strength in STRENGTHS if all_known else STRENGTHS[1:]:
            attempt(_Candidate("few-shot", style, strength), start=start)
    if mode == "probe" or (mode == "auto" and all_known):  # a probe does not answer what it never saw
        for penalty in PENALTIES:
            attempt(_Candidate("probe", style, penalty), start=start)
    if not tried:  # too few examples to choose by
        fallback = {"prompts": _Candidate("prompts", style), "probe": _Candidate("probe", style, 1e-2)}
        candidate = fallback.get(mode, _Candidate("few-shot", style, 1.0))
        known = there if len(there) else np.zeros(0, dtype=np.int64)
        if not len(known):
            candidate = fallback["prompts"]
        affine = candidate.fit(vectors[known], truth[known], prompts=prompts[style], start=start)
        temperature = 1.0 if candidate.kind == "probe" else 1 / scale
        head = Head(affine, temperature, candidate.kind, candidate.words() + ", not calibrated")
        return _Fitted(head, np.zeros(0, np.int64), np.zeros((0, prompts[style].classes)))
    _, candidate, temperature, rows, answers = min(tried, key=lambda each: each[0])
    affine = candidate.fit(vectors[there], truth[there], prompts=prompts[candidate.style], start=start)
    return _Fitted(Head(affine, temperature, candidate.kind, candidate.words()), rows, answers)


def _unseen(
    candidate: _Candidate,
    vectors: np.ndarray,
    truth: np.ndarray,
    folds: np.ndarray,
    asked: np.ndarray,
    *,
    prompts: Affine,
    start: Affine,
) -> tuple[np.ndarray, np.ndarray]:
    """The examples (m,) that were answered by a fit without their fold, and its logits (m, c)."""
    rows, logits = [np.zeros(0, dtype=np.int64)], [np.zeros((0, prompts.classes), dtype=np.float32)]
    for fold in range(1 if len(asked) >= _MANY else _FOLDS):
        held, seen = asked[folds[asked] == fold], asked[folds[asked] != fold]
        if len(held) and len(seen):
            affine = candidate.fit(vectors[seen], truth[seen], prompts=prompts, start=start)
            rows.append(held)
            logits.append(affine.logits(vectors[held]))
    return np.concatenate(rows), np.concatenate(logits)


def _fusion(picture: _Fitted, text: _Fitted, *, truth: np.ndarray, use: Use) -> tuple[float, float]:
    """The weight of texts and the mixture's temperature that surprise unseen examples with both sides least."""
    rows, first, second = _common(picture, text)
    if len(rows) < LEAST_PROVEN:
        return (0.5 if use == "both" else 0.0), 1.0
    found = []
    for share in _SHARES if use == "auto" else _SHARES[1:-1]:
        mixed = (1 - share) * picture.unseen[first] + share * text.unseen[second]
        temperature = fit_temperature(mixed, truth=truth[rows])
        found.append((surprise(log_softmax(mixed / temperature), truth=truth[rows]), share, temperature))
    _, share, temperature = min(found)
    return share, temperature


def _common(picture: _Fitted, text: _Fitted) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Examples that both heads answered unseen, and their places in each."""
    return np.intersect1d(picture.rows, text.rows, return_indices=True)


def _mixed(picture: np.ndarray, text: np.ndarray, *, share: float, temperature: float) -> np.ndarray:
    return log_softmax(((1 - share) * picture + share * text) / temperature)


def _trust(unseen: np.ndarray, examples: Examples) -> Trust:
    """What unseen answers (n, c), NaN where there is none, say."""
    rows = np.flatnonzero(~np.isnan(unseen).any(1))
    if len(rows) < LEAST_PROVEN:
        return Trust(examples=len(examples.truth))
    truth, answers = examples.truth[rows], unseen[rows]
    said = answers.argmax(1)
    return Trust(
        examples=len(examples.truth),
        proven=len(rows),
        accuracy=float((said == truth).mean()),
        macro_f1=_macro_f1(truth, said),
        majority=float(np.bincount(truth).max() / len(truth)),
        error=expected_calibration_error(np.exp(answers.max(1)), is_right=said == truth),
    )


def _macro_f1(truth: np.ndarray, said: np.ndarray) -> float:
    """Mean F1 over the classes that occur in either."""
    classes = np.union1d(truth, said)
    right = np.array([((truth == each) & (said == each)).sum() for each in classes])
    sizes = np.array([(truth == each).sum() + (said == each).sum() for each in classes])
    return float((2 * right / sizes).mean())


def _folds(families: Sequence[str]) -> np.ndarray:
    """(n,) int64: the fold of each family, by a hash that no other example can change."""
    digests = [blake2b(family.encode("utf-8", "surrogatepass"), digest_size=8).digest() for family in families]
    return np.array([int.from_bytes(digest, "little") % _FOLDS for digest in digests], dtype=np.int64)
