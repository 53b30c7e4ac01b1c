"""Tag: a label with a confidence for every product of a catalogue, in a file."""

# pyright: reportAttributeAccessIssue=false
# Arrow makes its compute functions when it is imported.

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from vitrina.catalogue.product import Product
from vitrina.catalogue.store import Catalogue
from vitrina.evaluation.fingerprint import model_digest
from vitrina.labelling.asked import Asked, labeller_for
from vitrina.labelling.labeller import Labeller
from vitrina.labelling.parts import Written, check_out, working
from vitrina.tasks.abilities import EmbedsBoth
from vitrina.tasks.fields import Field
from vitrina.tasks.product_vectors import embed_products
from vitrina.tasks.tagger import Mode, Use
from vitrina.training.load import load_embedding

TOP = 3
_LISTED = 10

_PLACES = [("label", "confidence"), *((f"label_{place}", f"confidence_{place}") for place in range(2, TOP + 1))]
_OUT = pa.schema(
    [
        ("id", pa.string()),
        ("title", pa.string()),
        *[pair for name, share in _PLACES for pair in ((name, pa.string()), (share, pa.float64()))],
        ("from", pa.string()),
        ("known", pa.string()),
    ]
)
_PART = pa.schema([*_OUT, ("split", pa.string()), ("unreadable", pa.int64())])


def tag(
    run: str | os.PathLike[str],
    *,
    catalogue: str | os.PathLike[str],
    out: str | os.PathLike[str],
    labels: str | os.PathLike[str] | None = None,
    by: str | None = None,
    examples: str | os.PathLike[str] | None = None,
    mode: Mode = "auto",
    use: Use = "auto",
) -> Written:
    """Write the three likeliest labels of every product that has a picture or a text, with confidences, into `out`.

    The labels are those of the file `labels`, else the values of the field `by` (`category`, `category:LEVEL`,
    `attributes.NAME`; by default `category`). Known answers calibrate the confidence, and `mode` learns from them: what
    training products state about `by`, or what the file `examples` says (columns `id` and `label`). With neither,
    labels are asked for by prompts alone, and the summary says that the confidence is not calibrated.

    `out` is CSV or Parquet by its suffix: `id`, `title`, three labels with their confidences, `from` (what they rest
    on: picture, text or both) and `known` (what the catalogue states about `by`). It stands there when it is whole; a
    call after an interruption goes on where that one was, and one after the end does nothing. Memory does not grow with
    the catalogue, but for up to 20,000 known products' vectors.

    Raises ValueError where run, catalogue, a file or a field is not what it should be, and where `out` was made with
    another model, catalogue or choice of labels.

    >>> print(tag("runs/clip", catalogue="shop", out="colours.csv", by="attributes.colour").text())  # doctest: +SKIP
    """
    target = Path(out)
    check_out(target)
    asked = Asked.read(labels=labels, by=by, examples=examples)
    opened = Catalogue.open(catalogue)
    if not len(opened):
        raise ValueError(f"{opened.path} holds no products: there is nothing to tag")
    model = load_embedding(run)
    digest = model_digest(model, inputs=model.inputs)
    return tag_with(model, digest=digest, catalogue=opened, out=target, asked=asked, mode=mode, use=use)


def tag_with(
    model: EmbedsBoth, *, digest: str, catalogue: Catalogue, out: Path, asked: Asked, mode: Mode, use: Use
) -> Written:
    """`tag` by a model at hand, which `digest` identifies."""
    stamp = {
        "model": digest,
        "catalogue": catalogue.digest,
        "choice of labels": asked.digest,
        "mode": f"{mode}, looking at {use}",
    }
    with working(out, stamp=stamp) as job:
        if job.summary is not None:
            return Written(out, job.summary, was_there=True)
        labeller = labeller_for(model, catalogue=catalogue, asked=asked, mode=mode, use=use, keep=job.folder)
        job.fill(
            catalogue,
            rows=lambda products: _labelled(products, labeller=labeller, by=asked.field),
            schema=_PART,
            what="tagging",
        )
        tally = _Tally()
        for table in job.tables():
            tally.add(table)
        summary = tally.summary(out, labeller=labeller, by=asked.field, products=len(catalogue))
        found = (table.filter(pc.is_valid(table["label"])).select(_OUT.names) for table in job.tables())
        job.finish(found, schema=_OUT, summary=summary)
        return Written(out, summary, was_there=False)


def _labelled(products: list[Product], *, labeller: Labeller, by: Field | None) -> Iterator[dict[str, object]]:
    """A row for each product; without a label where there is nothing to look at."""
    sides = embed_products(labeller.model, products=products)
    bases = labeller.tagger.looks_at(sides)
    unreadable = sides.unreadable
    for product, guesses, basis in zip(products, labeller.guesses(sides, top=TOP), bases, strict=True):
        row: dict[str, object] = {
            "id": product.id,
            "title": product.texts[0].text if product.texts else None,
            "from": basis,
            "known": None if by is None else by.value(product),
            "split": product.split,
            "unreadable": unreadable,
        }
        for (name, share), guess in zip(_PLACES, guesses, strict=False):
            row[name], row[share] = guess.name, round(guess.confidence, 6)
        unreadable = 0
        yield row


@dataclass
class _Tally:
    """Counts over the parts, for the summary."""

    labels: Counter[str] = field(default_factory=Counter)
    bases: Counter[str] = field(default_factory=Counter)
    confidence: float = 0.0
    unreadable: int = 0
    held: int = 0
    held_same: int = 0
    held_values: Counter[str] = field(default_factory=Counter)

    def add(self, table: pa.Table) -> None:
        """Count a part."""
        columns = {name: table[name].to_pylist() for name in ("label", "confidence", "from", "known", "split")}
        self.labels.update(label for label in columns["label"] if label is not None)
        self.bases.update(columns["from"])
        self.confidence += sum(filter(None, columns["confidence"]))
        self.unreadable += sum(table["unreadable"].to_pylist())
        for label, known, split in zip(columns["label"], columns["known"], columns["split"], strict=True):
            if split != "train" and known is not None and label is not None:
                self.held += 1
                self.held_same += label == known
                self.held_values[known] += 1

    def summary(self, out: Path, *, labeller: Labeller, by: Field | None, products: int) -> str:
        """The outcome in lines, with what knowing nothing reaches."""
        count, trust = self.labels.total(), labeller.tagger.trust
        names = len(labeller.names)
        bases = ", ".join(f"{number:,} by {basis}" for basis, number in sorted(self.bases.items()) if basis)
        lines = [f"{out}: {count:,} of {products:,} products got one of {names:,} labels ({bases or 'none'})"]
        if self.bases[""]:
            sides = [("no picture", labeller.tagger.picture), ("no text", labeller.tagger.text)]
            lacking = " and ".join(words for words, head in sides if head is not None)
            lines.append(f"  {self.bases['']:,} have {lacking} to look at, and no label")
        if self.unreadable:
            lines.append(
                f"  {self.unreadable:,} pictures cannot be read and were left out: `vitrina inspect` names them"
            )
        lines.append(f"  {labeller.tagger.words()}")
        if trust.is_calibrated:
            lines.append(
                f"  on {trust.proven:,} known products not learnt from: {100 * trust.accuracy:.1f} % right, macro-F1 "
                f"{100 * trust.macro_f1:.1f} %; always the commonest {100 * trust.majority:.1f} %, at random "
                f"{100 / names:.1f} %; expected calibration error {100 * trust.error:.1f} %"
            )
        else:
            known = f"{trust.examples:,} known products are too few" if trust.examples else "no label is known"
            lines.append(
                f"  not calibrated, as {known}: the confidence is the model's own; at random {100 / names:.1f} %"
            )
        if self.held:
            commonest = self.held_values.most_common(1)[0][1]
            lines.append(
                f"  of {self.held:,} products outside the training split that state {by}, "
                f"{100 * self.held_same / self.held:.1f} % got the same; the commonest value alone "
                f"{100 * commonest / self.held:.1f} %"
            )
        if count:
            lines.append(f"  mean confidence {100 * self.confidence / count:.1f} %")
            some = [f"{name} {100 * number / count:.1f} %" for name, number in self.labels.most_common(_LISTED)]
            more = len(self.labels) - len(some)
            lines.append(f"  given: {', '.join(some)}" + (f" and {more:,} more" if more else ""))
        return "\n".join(lines)
