"""An inspection for a terminal."""

import textwrap
from collections.abc import Iterable, Sequence

from vitrina.inspection.result import PROBLEMS, CategoryNode, Count, Inspection, Spread

_WIDTH = 100
_MARKS = {"stop": "!!", "mind": " !", "know": " ·"}


def as_text(found: Inspection) -> str:
    """A page of a terminal."""
    return "\n".join(_lines(found))


def _lines(found: Inspection) -> Iterable[str]:
    yield f"{found.catalogue}: {found.products:,} products, digest {found.digest[:12]}"
    coverage = found.coverage
    yield f"  has         {_counts(coverage.modality)}"
    yield f"  splits      {_counts(coverage.splits)}"
    if coverage.categories:
        yield f"  categories  {coverage.category_count:,} in use; {_counts(coverage.categories[:5])}"
    if found.texts.titles + found.texts.descriptions:
        titles, descriptions = _words(found.texts.title_words), _words(found.texts.description_words)
        descriptions = f"{found.texts.descriptions:,} descriptions ({descriptions})"
        yield f"  texts       {found.texts.titles:,} titles ({titles}), {descriptions}"
        undecided = f", undetermined {found.languages.undetermined:,}" if found.languages.undetermined else ""
        yield f"  languages   {_counts(found.languages.detected[:6]) or 'none found'}{undecided}"
    if found.pictures.longer_side is not None:
        side = found.pictures.longer_side
        sides = f"{side.least:,.0f} to {side.largest:,.0f} pixels, half over {side.median:,.0f}"
        yield f"  pictures    {found.pictures.count:,}, longer side {sides}"
    for each in found.prices.currencies:
        usual = f"half between {each.spread.low:,.2f} and {each.spread.high:,.2f}"
        yield f"  prices      {each.count:,} in {each.currency}: {usual}, {each.outliers:,} stand out"
    if found.training is not None:
        parts = ", ".join(f"{part.kind} {part.products:,}" for part in found.training.parts)
        yield f"  training    {parts}; {found.training.mixture}; size {found.training.size}"
    if found.advice:
        yield ""
        for each in found.advice:
            yield from _paragraph(f"{each.what} {each.why}", mark=_MARKS[each.level])
            if each.mend is not None:
                yield from _paragraph(f"→ {each.mend}", mark="  ")
    if found.problems:
        yield ""
        width = max(len(f"{each.count:,}") for each in found.problems)
        for problem in found.problems:
            yield f"  {problem.count:>{width},}  {problem.title} ({problem.share:.1%} of {problem.of:,} {problem.unit})"
        yield ""
        yield f"  Every case with the id of its product stands in {PROBLEMS}."


def _paragraph(text: str, *, mark: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=f"{mark}  ", subsequent_indent="    ", break_long_words=False)


def _counts(counts: Sequence[Count] | Sequence[CategoryNode]) -> str:
    return ", ".join(f"{each.name} {each.count:,}" for each in counts)


def _words(words: Spread | None) -> str:
    return "none" if words is None else f"half over {words.median:,.0f} words"
