"""What a user asks to be told about products, and the labeller that tells it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from vitrina.catalogue.store import Catalogue
from vitrina.labelling.known import Known, embedded, rows_of, training_products
from vitrina.labelling.labeller import Labeller, read_tagger, write_tagger
from vitrina.labelling.labels_file import read_examples, read_labels
from vitrina.tasks.abilities import EmbedsBoth
from vitrina.tasks.classify import prompt_languages
from vitrina.tasks.fields import MOST_VALUES, Field
from vitrina.tasks.labels import Labels
from vitrina.tasks.sameness import plain
from vitrina.tasks.tagger import Examples, Mode, Use

_HEARD = 512  # products whose languages say in which the prompts are
_TAGGER = "tagger.safetensors"


@dataclass(frozen=True)
class Asked:
    """The labels of a file, the field that says what products are, and known labels by product id; `digest` is of all.

    Of these three at least one is there.
    """

    labels: Labels | None
    field: Field | None
    examples: dict[str, str] | None
    digest: str

    @classmethod
    def read(
        cls,
        *,
        labels: str | os.PathLike[str] | None,
        by: str | None,
        examples: str | os.PathLike[str] | None,
    ) -> "Asked":
        """What the files and the field's name say; nothing at all asks for the category. Raises ValueError for a file
        or a name that cannot be read, and where both `by` and `examples` say what products are."""
        if by is not None and examples is not None:
            raise ValueError(f"{by} and {examples} both say what products are: learn from one of the two")
        is_bare = labels is None and examples is None
        told = Field() if by is None and is_bare else None if by is None else Field.parse(by)
        found = None if labels is None else read_labels(Path(labels))
        known = None if examples is None else read_examples(Path(examples))
        digest = sha256(f"{told}|{found}|{sorted((known or {}).items())}".encode())
        return cls(found, told, known, digest.hexdigest())


def labeller_for(
    model: EmbedsBoth, *, catalogue: Catalogue, asked: Asked, mode: Mode, use: Use, keep: Path
) -> Labeller:
    """The labeller of what was asked, from `keep` where an interrupted call left it there.

    Raises ValueError where the catalogue states nothing about the field, or an example is of no product or label.
    """
    path = keep / _TAGGER
    if path.is_file():
        return Labeller(model, tagger=read_tagger(path))
    if asked.examples is not None:
        rows = rows_of(catalogue, ids=asked.examples)
        known = embedded(catalogue, rows=rows, model=model)
        _refuse_strangers(asked.examples, known=known)
        truth = [asked.examples[product.id] for product in known.products]
    else:
        rows = training_products(catalogue, field=asked.field) if asked.field is not None else []
        known = embedded(catalogue, rows=rows, model=model)
        truth = [str(asked.field.value(product)) if asked.field else "" for product in known.products]
    labels = asked.labels or _labels_of(known, truth, field=asked.field, catalogue=catalogue)
    places = {plain(name): place for place, name in enumerate(labels.names)}
    if asked.examples is not None:
        strange = sorted(set(truth) - {name for name in truth if plain(name) in places})
        if strange:
            raise ValueError(f"the examples name {strange[0]!r}, which is none of the {len(labels)} labels: add it")
    usable = np.array([place for place, name in enumerate(truth) if plain(name) in places], dtype=np.int64)
    examples = Examples(
        known.sides.rows(usable),
        np.array([places[plain(truth[place])] for place in usable.tolist()], dtype=np.int64),
        [known.families[place] for place in usable.tolist()],
    )
    labeller = Labeller.from_examples(
        model,
        labels=labels,
        examples=examples if len(usable) else None,
        languages=languages_of(catalogue),
        mode=mode,
        use=use,
    )
    write_tagger(path, tagger=labeller.tagger)
    return labeller


def languages_of(catalogue: Catalogue) -> list[str]:
    """The languages of the prompts: those of some products spread over the catalogue."""
    rows = np.unique(np.linspace(0, len(catalogue) - 1, num=min(_HEARD, len(catalogue))).astype(np.int64))
    return prompt_languages(catalogue.read(rows, pictures="none"))


def _labels_of(known: Known, truth: Sequence[str], *, field: Field | None, catalogue: Catalogue) -> Labels:
    """The labels that known products have. Raises ValueError where they are none to choose among, or too many."""
    labels = Labels.named(sorted(set(truth))) if field is None else Labels.of_field(known.products, field=field)
    if len(labels) < 2:
        values = ", ".join(map(repr, labels.names)) or "nothing"
        raise ValueError(
            f"the training products of {catalogue.path} state {values} about {field or 'the examples'}: "
            "there is nothing to choose among; name another field, or a file of labels"
        )
    if field is not None and not field.is_category and len(labels) > 5 * MOST_VALUES:
        raise ValueError(
            f"{field} has {len(labels):,} values: they name products rather than kinds of them; write those that you "
            "want into a file of labels"
        )
    return labels


def _refuse_strangers(examples: dict[str, str], *, known: Known) -> None:
    strangers = sorted(examples.keys() - {product.id for product in known.products})
    if strangers:
        more = f" and {len(strangers) - 1:,} more" if len(strangers) > 1 else ""
        raise ValueError(
            f"the examples name product {strangers[0]!r}{more}, which is not in the catalogue: name its ids"
        )
