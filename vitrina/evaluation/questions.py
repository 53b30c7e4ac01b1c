"""All that can be asked of a model about held-out products; what it cannot do is said, not hidden."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from vitrina.catalogue.product import Product
from vitrina.evaluation import measure, prompted
from vitrina.evaluation.evaluation import Section, Skipped
from vitrina.evaluation.heldout import HeldOut
from vitrina.evaluation.measure import Classification, Retrieval, UnaskableError
from vitrina.evaluation.remembered import Remembered, Shown
from vitrina.evaluation.tagging import tagger_section
from vitrina.tasks.abilities import EmbedsBoth, MatchesPairs


@dataclass
class Findings:
    """Sections and what was skipped, in the order asked, with the answers that the report shows."""

    sections: list[Section] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    retrieval: Retrieval | None = None
    classifications: list[Classification] = field(default_factory=list)

    def try_to(self, title: str, measure_it: Callable[[], list[Section]]) -> None:
        """Add the sections, or why there is nothing to measure."""
        try:
            self.sections += measure_it()
        except UnaskableError as reason:
            self.skipped.append(Skipped(title, str(reason)))


def ask(
    model: object,
    *,
    held: HeldOut,
    seen: set[str],
    seed: int,
    unmatched: str | None = None,
    known: Sequence[Product] = (),
) -> Findings:
    """Every task of `vitrina.tasks` that the model has the ability for.

    `seen` holds the training titles, `known` training products that a tagger learns from (without any it is not asked);
    `unmatched` says why matching is not to be asked although the model answers.
    """
    findings = Findings()
    if isinstance(model, EmbedsBoth):
        _ask_embeddings(Remembered(model), held=held, seen=seen, seed=seed, known=known, findings=findings)
    else:
        reason = "the model does not embed texts and pictures"
        findings.skipped += [Skipped(title, reason) for title in ("Search", "Category of a picture")]
    title = "Image-text matching"
    if not isinstance(model, MatchesPairs):
        findings.skipped.append(Skipped(title, "the model does not look at a picture and a text together"))
    elif unmatched is not None:
        findings.skipped.append(Skipped(title, unmatched))
    else:
        shown = Shown(model)
        for other in ("any", "category"):
            findings.try_to(
                title,
                lambda other=other: [measure.matching_section(shown, products=held.products, other=other, seed=seed)],
            )
    return findings


def _ask_embeddings(
    model: Remembered, *, held: HeldOut, seen: set[str], seed: int, known: Sequence[Product], findings: Findings
) -> None:
    products = held.products
    try:
        found = measure.retrieve(model, products=products, domains=held.domains)
    except UnaskableError as reason:
        findings.skipped.append(Skipped("Search", str(reason)))
    else:
        findings.retrieval = found
        findings.sections += measure.retrieval_sections(model, found=found, seed=seed)
        title = "Search for titles that have no twin in train"
        if held.split == "train":
            findings.skipped.append(Skipped(title, "the training products themselves were asked about"))
        elif not seen:
            findings.skipped.append(Skipped(title, "no training products are at hand to compare with"))
        else:
            findings.try_to(title, lambda: measure.twinless_sections(found, products=products, seen=seen, seed=seed))
        findings.sections.append(measure.control_section(model, found=found, seed=seed))
    levels = prompted.levels(products)
    if not levels:
        reason = "no level of the category path has two names or more among the products with pictures"
        findings.skipped.append(Skipped("Category of a picture", reason))
    attributes = prompted.attributes(products)
    for asked in [*levels, *attributes[: prompted.MOST_ATTRIBUTES]]:
        section, classification = prompted.classification(
            model, products=products, domains=held.domains, field=asked, seed=seed
        )
        findings.sections.append(section)
        if asked.is_category:
            findings.classifications.append(classification)
    for asked in [*levels, *attributes[: prompted.MOST_ATTRIBUTES]] if known and held.split != "train" else []:
        findings.try_to(
            f"Tagging {asked}",
            lambda asked=asked: [tagger_section(model, known=known, asked=products, field=asked, seed=seed)],
        )
    left_out = [str(field.attribute) for field in attributes[prompted.MOST_ATTRIBUTES :]]
    if left_out:
        reason = f"only the {prompted.MOST_ATTRIBUTES} most widely known are asked about"
        findings.skipped.append(Skipped(f"Attributes {', '.join(left_out)}", reason))
