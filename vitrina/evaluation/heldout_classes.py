"""Zero-shot, measured: classes that no training product shows, told apart by their prompts alone.

Choose classes, train on a catalogue without them, and ask the run about them: among themselves, and among all names,
where the classes it knows tempt it away (Xian et al. 2019, "Zero-Shot Learning — A Comprehensive Evaluation of the
Good, the Bad and the Ugly", sections 3 and 5: accuracies are means over classes, and the harmonic mean sums up).

    classes = choose_classes(catalogue, field=Field(level=2), count=20, seed=0)
    kept = without_classes(catalogue, out="shop-without", field=Field(level=2), classes=classes)
    # … train a run on kept.path …
    sections = heldout_sections(vitrina.load(run), products=val, field=Field(level=2), classes=classes, seed=0)
"""

import os
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain
from pathlib import Path

import numpy as np

from vitrina.catalogue.product import Product
from vitrina.catalogue.store import Catalogue, write_catalogue
from vitrina.catalogue.walk import walk
from vitrina.evaluation import metrics
from vitrina.evaluation.evaluation import Metric, Section
from vitrina.evaluation.measure import UnaskableError, estimated
from vitrina.evaluation.prompted import WORDS, key_of
from vitrina.tasks import classify
from vitrina.tasks.abilities import EmbedsBoth
from vitrina.tasks.fields import Field
from vitrina.tasks.labels import STYLES, Labels
from vitrina.tasks.prompts import singular


@dataclass(frozen=True)
class Kept:
    """A catalogue without some classes among its training products.

    `dropped` training products were left out, `mentions` of the `trained` that stayed name one of the classes in a
    text: the words may be known, what they look like is not.
    """

    path: Path
    classes: tuple[str, ...]
    dropped: int
    trained: int
    mentions: int

    def text(self) -> str:
        """The outcome for a terminal."""
        return (
            f"{self.path}: {self.dropped:,} training products of {len(self.classes)} classes left out, "
            f"{self.trained:,} stay; {self.mentions:,} of them name a class that was left out in a text"
        )


def choose_classes(
    catalogue: Catalogue, *, field: Field, count: int, seed: int, split: str = "val", least: int = 5
) -> tuple[str, ...]:
    """`count` names of a field to keep out of training, in alphabetical order, by a hash of seed and name alone.

    Each has at least `least` products with a picture in `split` to be asked about, and some training product to leave
    out. Raises ValueError where there are fewer than `count` of these beside one that stays.
    """
    asked: Counter[str] = Counter()
    trained: set[str] = set()
    products = chain.from_iterable(walk(catalogue, what="counting classes", pictures="none"))
    for product, pictures in zip(products, catalogue.facts()["picture_count"].to_pylist(), strict=True):
        value = field.value(product)
        if value is not None and product.split == "train":
            trained.add(value)
        elif value is not None and product.split == split and pictures:
            asked[value] += 1
    able = sorted(name for name, number in asked.items() if number >= least and name in trained)
    if count < 2 or len(able) <= count:
        raise ValueError(
            f"{count} classes of {field} cannot be kept out: {len(able)} have {least} products or more in split "
            f"{split} and some in train; choose at least 2, and leave some to learn"
        )
    order = sorted(able, key=lambda name: blake2b(f"{seed} {name}".encode(), digest_size=8).digest())
    return tuple(sorted(order[:count]))


def without_classes(
    catalogue: Catalogue, *, out: str | os.PathLike[str], field: Field, classes: Collection[str]
) -> Kept:
    """Write a catalogue without the training products of some classes; other splits stay whole, so that it can be
    evaluated too. Raises ValueError where `out` exists already, or a class has no training product.
    """
    path = Path(out)
    if path.exists():
        raise ValueError(f"{path} exists already: name a new folder for the catalogue without {len(classes)} classes")
    left, counts, mentions = set(classes), Counter[str](), 0
    named = _naming(classes)

    def kept() -> Iterator[Product]:
        nonlocal mentions
        for product in chain.from_iterable(walk(catalogue, what="copying products")):
            if product.split == "train" and field.value(product) in left:
                counts[str(field.value(product))] += 1
                continue
            if product.split == "train":
                counts[""] += 1
                mentions += any(named.search(text.text) is not None for text in product.texts)
            yield product

    told = chain.from_iterable(walk(catalogue, what="looking for classes", pictures="none"))
    missing = left - {str(field.value(each)) for each in told}
    if missing:
        raise ValueError(f"{catalogue.path} has no product whose {field} is {min(missing)!r}: name its own classes")
    write_catalogue(path, kept())
    trained = counts.pop("", 0)
    return Kept(path, tuple(sorted(left)), dropped=counts.total(), trained=trained, mentions=mentions)


def heldout_sections(
    model: EmbedsBoth, *, products: Sequence[Product], field: Field, classes: Collection[str], seed: int
) -> list[Section]:
    """Products of classes that training never saw, among these classes alone and among all; base rate: chance.

    Raises UnaskableError where fewer than two of the classes have a product with a picture.
    """
    posed = [each for product in products if (each := classify.pose(product, field=field)) is not None]
    labels = Labels.of_field([product for product in products if product.pictures], field=field)
    number = {name: place for place, name in enumerate(labels.names)}
    new = np.array(sorted(number[name] for name in classes if name in number), dtype=np.int64)
    if len(new) < 2:
        raise UnaskableError(f"{len(new)} of the {len(classes)} classes kept out have products with pictures to ask")
    truth = np.array([number[each.label] for each in posed])
    vectors = model.embed_images([each.picture for each in posed])
    is_new = np.isin(truth, new)
    languages = classify.prompt_languages(products)
    alone: list[Metric] = []
    among: list[Metric] = []
    for style in STYLES:
        scores = classify.prompted(model, prompts=labels.prompts(style, languages=languages)).logits(vectors)
        own, all_names = new[scores[:, new].argmax(1)], scores.argmax(1)
        alone += _accuracies(truth[is_new], own[is_new], names=len(new), suffix=WORDS[style], seed=seed)
        among += _accuracies(truth[is_new], all_names[is_new], names=len(labels), suffix=WORDS[style], seed=seed)
        right = (truth == all_names).astype(np.float64)
        harmonic = _harmonic(truth, right, is_new=is_new, classes=len(labels))
        name = f"harmonic mean with known classes, {WORDS[style]}"
        among.append(estimated(name, harmonic, questions=len(truth), seed=seed, base=1 / len(labels)))
    return [
        Section(
            key=f"zero_shot_{key_of(field)}",
            title=f"Zero-shot: {len(new)} names of {field} that no training product shows",
            note=f"Among these names alone, by prompts ({', '.join(languages)}). Per class: the mean over classes. "
            f"Base rate: one of the {len(new)} names at random.",
            questions=int(is_new.sum()),
            metrics=tuple(alone),
        ),
        Section(
            key=f"zero_shot_{key_of(field)}_among_all",
            title=f"Generalised zero-shot: the same products among all {len(labels)} names",
            note="The known names tempt: what was never seen is often called something that was. The harmonic mean is "
            f"of the accuracies per class on new and on known classes, over {len(truth):,} products. Base rate: one of "
            f"the {len(labels)} names at random.",
            questions=int(is_new.sum()),
            metrics=tuple(among),
        ),
    ]


def _accuracies(truth: np.ndarray, said: np.ndarray, *, names: int, suffix: str, seed: int) -> list[Metric]:
    right = (truth == said).astype(np.float64)
    statistics = {"accuracy": metrics.mean_of(right), "accuracy per class": _per_class(truth, right)}
    return [
        estimated(f"{name}, {suffix}", statistic, questions=len(truth), seed=seed, base=1 / names)
        for name, statistic in statistics.items()
    ]


def _per_class(truth: np.ndarray, right: np.ndarray) -> metrics.Statistic:
    """Mean over the classes of a resample of the share of their products that was answered rightly."""
    numbers = np.unique(truth, return_inverse=True)[1].reshape(-1)
    one_hot = np.eye(int(numbers.max()) + 1)[numbers]
    good = one_hot * right[:, None]

    def statistic(weights: np.ndarray) -> np.ndarray:
        sizes = weights @ one_hot
        return ((weights @ good) / np.maximum(sizes, 1e-12)).sum(1) / np.maximum((sizes > 0).sum(1), 1)

    return statistic


def _harmonic(truth: np.ndarray, right: np.ndarray, *, is_new: np.ndarray, classes: int) -> metrics.Statistic:
    """2ab / (a + b) of the accuracies per class on new and on known classes; that of the new where all are."""
    new = _per_class(truth[is_new], right[is_new])
    if is_new.all():
        return lambda weights: new(weights)
    known = _per_class(truth[~is_new], right[~is_new])

    def statistic(weights: np.ndarray) -> np.ndarray:
        first, second = new(weights[:, is_new]), known(weights[:, ~is_new])
        return 2 * first * second / np.maximum(first + second, 1e-12)

    return statistic


def _naming(classes: Collection[str]) -> re.Pattern[str]:
    """What finds the last words of class names in a text, in the plural or the singular, in English or Spanish."""
    words = {
        form
        for name in classes
        for leaf in [name.split(" > ")[-1]]
        for form in (leaf, singular(leaf, language="en"), singular(leaf, language="es"))
    }
    return re.compile(r"\b(?:" + "|".join(re.escape(word) for word in sorted(words)) + r")\b", re.IGNORECASE)
