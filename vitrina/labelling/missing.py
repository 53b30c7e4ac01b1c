"""Fill what is missing: values for attributes and categories that products lack, in a file for a person to review.

A field is learnt from the products that state it. What a product of another kind does not have is not missing: an
attribute is proposed only where products of the same category have it often enough.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from vitrina.catalogue.product import Product
from vitrina.catalogue.store import Catalogue
from vitrina.evaluation.fingerprint import model_digest
from vitrina.labelling.asked import languages_of
from vitrina.labelling.known import Known, embedded, training_products
from vitrina.labelling.labeller import Labeller, read_tagger, write_tagger
from vitrina.labelling.parts import Written, check_out, working
from vitrina.tasks.abilities import EmbedsBoth
from vitrina.tasks.fields import MOST_VALUES, Field, attributes_of
from vitrina.tasks.labels import Labels
from vitrina.tasks.product_vectors import Sides, embed_products
from vitrina.tasks.tagger import Examples
from vitrina.training.load import load_embedding

LEAST_KNOWN = 50
"""Products that must state a field before it is proposed for others."""

APPLIES_SHARE = 0.2
"""Of the products of a category, so many have an attribute where it is missing from the others."""

_REVIEW = pa.schema(
    [
        ("accept", pa.string()),
        ("id", pa.string()),
        ("field", pa.string()),
        ("value", pa.string()),
        ("confidence", pa.float64()),
        ("runner_up", pa.string()),
        ("runner_up_confidence", pa.float64()),
        ("title", pa.string()),
        ("evidence", pa.string()),
    ]
)
_LOT = 10_000  # rows of the review that are written at a time


@dataclass(frozen=True)
class _Filler:
    """A field that can be filled: its labeller, where it applies, and an example of each value to compare with."""

    field: Field
    labeller: Labeller
    applies: frozenset[tuple[str, ...]] | None
    known: Known
    truth: np.ndarray

    def lacks(self, product: Product) -> bool:
        """Whether the product lacks a value that products like it have."""
        is_open = self.field.value(product) is None
        return is_open and (self.applies is None or product.category in self.applies)


def fill_missing(
    run: str | os.PathLike[str],
    *,
    catalogue: str | os.PathLike[str],
    out: str | os.PathLike[str],
    fields: Sequence[str] | None = None,
) -> Written:
    """Propose values for what products lack, into the review file `out` (CSV or Parquet by its suffix).

    `fields` are `category` or `attributes.NAME`; by default the category and every attribute with 2 to 200 values that
    LEAST_KNOWN training products or more state. Each row is one proposal: `accept` (empty, for the reviewer), `id`,
    `field`, `value`, `confidence`, the runner-up, the title, and as evidence what the model looked at, the known
    product that is most like it, and how often the field is right. First stand the rows where a look mends most:
    those where the value is likely wrong and the runner-up likely right; last those that may be accepted unseen, and
    the hopeless. Resumable as `tag` is. `vitrina.labelling.review.accept` takes the accepted rows into the catalogue.

    Raises ValueError where nothing can be learnt, or a name is not what it should be.
    """
    target = Path(out)
    check_out(target)
    opened = Catalogue.open(catalogue)
    if not len(opened):
        raise ValueError(f"{opened.path} holds no products: nothing is missing")
    model = load_embedding(run)
    told = None if fields is None else [Field.parse(each) for each in fields]
    return fill_with(model, digest=model_digest(model, inputs=model.inputs), catalogue=opened, out=target, fields=told)


def fill_with(
    model: EmbedsBoth, *, digest: str, catalogue: Catalogue, out: Path, fields: Sequence[Field] | None
) -> Written:
    """`fill_missing` by a model at hand, which `digest` identifies."""
    wide = [each for each in fields or () if each.level is not None]
    if wide:
        raise ValueError(f"{wide[0]} alone cannot be filled in: ask for `category`, the whole path")
    stamp = {
        "model": digest,
        "catalogue": catalogue.digest,
        "choice of fields": "every field" if fields is None else ", ".join(map(str, fields)),
    }
    with working(out, stamp=stamp) as job:
        if job.summary is not None:
            return Written(out, job.summary, was_there=True)
        rows = training_products(catalogue, field=None)
        known = embedded(catalogue, rows=rows, model=model)
        fillers = _fillers(model, catalogue=catalogue, known=known, fields=fields, keep=job.folder)
        job.fill(
            catalogue,
            rows=lambda products: _proposed(products, model=model, fillers=fillers),
            schema=_REVIEW,
            what="filling in",
        )
        proposals = pa.concat_tables([_REVIEW.empty_table(), *job.tables()])
        order = _by_use(proposals)
        tables = (proposals.take(order[start : start + _LOT]) for start in range(0, max(len(order), 1), _LOT))
        summary = _summary(out, proposals=proposals, fillers=fillers, products=len(catalogue))
        job.finish(tables, schema=_REVIEW, summary=summary)
        return Written(out, summary, was_there=False)


def _fillers(
    model: EmbedsBoth, *, catalogue: Catalogue, known: Known, fields: Sequence[Field] | None, keep: Path
) -> list[_Filler]:
    """The fields that can be learnt. Raises ValueError where a named one cannot, or none can."""
    asked = fields
    if asked is None:
        paths = {product.category for product in known.products if product.category}
        told = sum(1 for product in known.products if product.category)
        is_kind = 2 <= len(paths) <= MOST_VALUES and told >= LEAST_KNOWN
        asked = [*([Field()] if is_kind else []), *attributes_of(known.products, least=LEAST_KNOWN)]
    found = []
    languages = languages_of(catalogue)
    for field in asked:
        rows = np.array([row for row, each in enumerate(known.products) if field.value(each) is not None], dtype=int)
        own = Known([known.products[row] for row in rows.tolist()], known.sides.rows(rows))
        labels = Labels.of_field(own.products, field=field)
        if len(labels) < 2:
            raise ValueError(
                f"the training products of {catalogue.path} state {len(labels)} values of {field}: "
                "there is nothing to learn it from"
            )
        places = {name: place for place, name in enumerate(labels.names)}
        truth = np.array([places[str(field.value(each))] for each in own.products], dtype=np.int64)
        path = keep / f"field-{len(found):03d}.safetensors"
        if path.is_file():
            labeller = Labeller(model, tagger=read_tagger(path))
        else:
            examples = Examples(own.sides, truth, own.families)
            labeller = Labeller.from_examples(model, labels=labels, examples=examples, languages=languages)
            write_tagger(path, tagger=labeller.tagger)
        found.append(_Filler(field, labeller, _where_it_applies(known.products, field=field), own, truth))
    if not found:
        raise ValueError(
            f"{catalogue.path} has no category and no attribute with 2 to {MOST_VALUES} values that {LEAST_KNOWN} "
            "training products state: there is nothing to learn from"
        )
    return found


def _where_it_applies(products: Sequence[Product], *, field: Field) -> frozenset[tuple[str, ...]] | None:
    """The categories whose products have an attribute often enough; None, everywhere, for the category itself."""
    if field.is_category:
        return None
    counts: defaultdict[tuple[str, ...], Counter[bool]] = defaultdict(Counter)
    for product in products:
        counts[product.category][field.value(product) is not None] += 1
    return frozenset(path for path, each in counts.items() if each[True] >= APPLIES_SHARE * each.total())


def _proposed(
    products: Sequence[Product], *, model: EmbedsBoth, fillers: Sequence[_Filler]
) -> Iterator[dict[str, object]]:
    """A row for each product and field that it lacks. Only products that lack something are embedded."""
    able = [each for each in products if (each.pictures or each.texts) and any(one.lacks(each) for one in fillers)]
    sides = embed_products(model, products=able)
    for filler in fillers:
        chosen = np.array([row for row, product in enumerate(able) if filler.lacks(product)], dtype=np.int64)
        if not len(chosen):
            continue
        own = sides.rows(chosen)
        guessed = filler.labeller.guesses(own, top=2)
        bases = filler.labeller.tagger.looks_at(own)
        for place, (row, guesses, basis) in enumerate(zip(chosen.tolist(), guessed, bases, strict=True)):
            if guesses:
                product, (first, second) = able[row], guesses
                yield {
                    "accept": "",
                    "id": product.id,
                    "field": str(filler.field),
                    "value": first.name,
                    "confidence": round(first.confidence, 6),
                    "runner_up": second.name,
                    "runner_up_confidence": round(second.confidence, 6),
                    "title": product.texts[0].text if product.texts else "",
                    "evidence": _evidence(filler, own.rows(np.array([place])), value=first.name, basis=basis),
                }


def _evidence(filler: _Filler, sides: Sides, *, value: str, basis: str) -> str:
    """What the model looked at, the known product with this value that is most like it, and how good the field is."""
    words = [f"by {basis}"]
    own = np.flatnonzero(filler.truth == filler.labeller.names.index(value))
    likeness = (filler.known.sides.pictures[own] @ sides.pictures.T + filler.known.sides.texts[own] @ sides.texts.T)[
        :, 0
    ]
    if len(own):
        nearest = filler.known.products[int(own[likeness.argmax()])]
        title = f" “{nearest.texts[0].text}”" if nearest.texts else ""
        words.append(f"most like {nearest.id}{title}")
    trust = filler.labeller.tagger.trust
    if trust.is_calibrated:
        words.append(f"right for {100 * trust.accuracy:.0f} % of {trust.proven:,} known")
    else:
        words.append(f"not calibrated, {trust.examples:,} known")
    return "; ".join(words)


def _by_use(proposals: pa.Table) -> np.ndarray:
    """The order in which a look at a row mends most: (1 − p)(p + q), the chance that the value is wrong times the
    chance that value or runner-up is right; equal ones by field and id."""
    first = np.nan_to_num(proposals["confidence"].to_numpy())
    second = np.nan_to_num(proposals["runner_up_confidence"].to_numpy())
    use = np.round((1 - first) * (first + second), 9)
    ids, names = proposals["id"].to_pylist(), proposals["field"].to_pylist()
    return np.array(sorted(range(len(use)), key=lambda row: (-use[row], names[row], ids[row])), dtype=np.int64)


def _summary(out: Path, *, proposals: pa.Table, fillers: Sequence[_Filler], products: int) -> str:
    counts = Counter(proposals["field"].to_pylist())
    sums: defaultdict[str, float] = defaultdict(float)
    for name, confidence in zip(proposals["field"].to_pylist(), proposals["confidence"].to_pylist(), strict=True):
        sums[name] += confidence
    lines = [f"{out}: {len(proposals):,} proposals for {products:,} products, to be reviewed"]
    for filler in fillers:
        name, trust = str(filler.field), filler.labeller.tagger.trust
        line = f"  {name}: {counts[name]:,} proposed among {len(filler.labeller.names):,} values"
        if counts[name]:
            line += f", mean confidence {100 * sums[name] / counts[name]:.1f} %"
        if trust.is_calibrated:
            line += (
                f"; on {trust.proven:,} known products {100 * trust.accuracy:.1f} % right, always the commonest "
                f"{100 * trust.majority:.1f} %, calibration error {100 * trust.error:.1f} %"
            )
        else:
            line += f"; not calibrated, {trust.examples:,} known products are too few"
        lines.append(line)
    lines.append(
        "  write yes into the column `accept`, mend `value` where it is wrong, and take the rows back"
        if len(proposals)
        else "  no product lacks what others like it state"
    )
    return "\n".join(lines)
