"""A dry run in words: a page for a terminal of 100 columns."""

from typing import TYPE_CHECKING

from vitrina.training.dry_run.labels import Labels

if TYPE_CHECKING:
    from vitrina.training.dry_run.rehearsal import DryRun

_WIDE = 100
_KINDS = {"pair": "pairs", "image": "pictures alone", "text": "texts alone"}


def told(found: "DryRun") -> str:
    """The page."""
    recipe = found.recipe
    names = ", ".join(path.name for path in found.catalogues)
    family = type(recipe.model).__name__.removesuffix("Config")
    lines = [
        _cut(f"{family} on {names}: {recipe.steps:,} steps of {recipe.batch_rows:,} rows, {recipe.precision}"),
        "Nothing was trained and no run was made.",
    ]
    for title, body in (
        ("Start", [line for each in found.start for line in _wrapped(each)]),
        ("Model", _model(found)),
        ("Data", _data(found)),
        ("Losses", _losses(found)),
        ("Labels", _labels(found.labels, max_tokens=recipe.max_tokens)),
        ("Memory", _memory(found)),
        ("Time", _time(found)),
        ("To look at", [f"a batch, decoded and corrupted: {found.picture}"]),
    ):
        if body:
            lines += ["", title, *(f"  {line}".rstrip() for line in body)]
    return "\n".join(lines)


def _model(found: "DryRun") -> list[str]:
    parts = found.estimate.parts
    total, frozen = sum(each.parameters for each in parts), sum(each.frozen for each in parts)
    lines = [f"{'':<34}{'parameters':>14}{'frozen':>14}"]
    lines += [
        f"{each.name:<34}{each.parameters:>14,}{each.frozen or '':>14{',' if each.frozen else ''}}" for each in parts
    ]
    return [*lines, f"{'all':<34}{total:>14,}{frozen or '':>14{',' if frozen else ''}}"]


def _data(found: "DryRun") -> list[str]:
    rows = found.recipe.batch_rows
    scale = rows / found.estimate.rows
    lines = [f"{'':<18}{'examples':>12}{'steps':>10}{'rows shown':>14}{'times each':>12}{'padding':>10}"]
    tokens = pictures = 0.0
    for stream in found.streams:
        cost = found.estimate.steps[stream.kind]
        tokens += cost.tokens * scale * stream.steps
        pictures += cost.pictures * scale * stream.steps
        padding = f"{100 * cost.padding_share:.0f} %" if cost.tokens else ""
        lines.append(
            f"{_KINDS[stream.kind]:<18}{stream.examples:>12,}{stream.steps:>10,.0f}{stream.steps * rows:>14,.0f}"
            f"{stream.epochs:>12.1f}{padding:>10}"
        )
    read = f"{tokens:,.0f} tokens read and " if tokens else ""
    lines.append(f"In all about {read}{pictures:,.0f} pictures decoded.")
    for stream in found.streams:
        if len(stream.domains) > 1:
            lines += _wrapped(f"domains of {_KINDS[stream.kind]}: {_shared(stream.domains)}")
    if tokens and found.labels.languages:
        lines += _wrapped(f"languages of texts: {_shared(found.labels.languages)}")
    return lines


def _losses(found: "DryRun") -> list[str]:
    lines = [f"{'':<18}{'weight':>8}{'at the start':>14}{'knowing nothing':>18}{'knowing how often':>20}"]
    for each in found.rates:
        often = "" if each.frequency is None else f"{each.frequency:.3f}"
        lines.append(f"{each.loss:<18}{each.weight:>8g}{each.first:>14.3f}{each.chance:>18.3f}{often:>20}")
    lines += _wrapped(
        "Nats. A loss that stays at `knowing nothing` has learnt nothing; one at `knowing how often` knows no more "
        "than how often each word or answer occurs."
    )
    if found.estimate.rows < found.recipe.batch_rows:
        lines += _wrapped(
            f"Measured on {found.estimate.rows:,} of {found.recipe.batch_rows:,} rows: itc starts higher on all."
        )
    return lines


def _labels(labels: Labels, *, max_tokens: int) -> list[str]:
    some = (
        f"{labels.products:,}"
        if labels.products == labels.available
        else f"{labels.products:,} drawn of {labels.available:,}"
    )
    lines = [f"read: {some} training products, {labels.held_out:,} of other splits"]
    if labels.texts and labels.tokens:
        long = 100 * labels.long_texts / labels.texts
        lines += _checked(
            labels.long_texts,
            f"{labels.long_texts:,} of {labels.texts:,} texts ({long:.1f} %) exceed max_tokens={max_tokens} (the "
            f"longest has {labels.longest:,}): {100 * labels.cut_share:.1f} % of all tokens are cut",
            f"every text fits into max_tokens={max_tokens}; the longest has {labels.longest:,}",
        )
        lines += _checked(
            labels.unknown_share,
            f"{100 * labels.unknown_share:.2f} % of all tokens are unknown to the tokenizer",
            "no token is unknown",
        )
    if labels.most_repeated is not None:
        most = labels.most_repeated
        lines += _checked(
            1,
            f'{labels.repeated_titles:,} products share their title with another; "{most.title}" stands on '
            f"{most.products:,}",
            "",
        )
    else:
        lines += _checked(0, "", "no title stands on two products")
    if labels.tokens:
        lines += _checked(
            labels.empty_pairs, f"{labels.empty_pairs:,} pairs have a text without a word", "no pair has an empty text"
        )
    if labels.held_out:
        lines += _checked(
            labels.leaked_titles,
            f"{labels.leaked_titles:,} held-out products have the title of a training product",
            "no held-out title is that of a training product",
        )
        lines += _checked(
            labels.leaked_pictures,
            f"{labels.leaked_pictures:,} held-out products have a picture of a training product, byte for byte",
            "no held-out picture is that of a training product",
        )
    if labels.classes:
        lines += _wrapped(f"widest categories, {len(labels.classes):,}: {_shared(labels.classes)}")
    return lines


def _memory(found: "DryRun") -> list[str]:
    memory = found.estimate.memory
    scale = found.recipe.batch_rows / found.estimate.rows
    parts = [f"weights {_size(memory.weights)}", f"gradients {_size(memory.gradients)}"]
    parts.append(f"optimiser {_size(memory.optimiser)}")
    if memory.average:
        parts.append(f"moving average {_size(memory.average)}")
    lines = _wrapped(f"stays: {', '.join(parts)}; together {_size(memory.states)}")
    if memory.activations is None:
        return [*lines, "what a step takes beyond that could not be measured on this system"]
    steps = memory.activations * scale
    how = "measured" if scale == 1 else f"measured on {found.estimate.rows:,} rows and scaled"
    lines.append(f"a step: activations, work space and batches {_size(steps)} ({how})")
    return [*lines, f"in all about {_size(memory.states + steps)}, beside the programme itself"]


def _time(found: "DryRun") -> list[str]:
    scale = found.recipe.batch_rows / found.estimate.rows
    lines = [f"{'seconds a step':<18}{'computing':>12}{'preparing (one thread)':>26}"]
    for stream in found.streams:
        cost = found.estimate.steps[stream.kind]
        compute, prepare = cost.compute_seconds * scale, cost.prepare_seconds * scale
        lines.append(f"{_KINDS[stream.kind]:<18}{compute:>12.3f}{prepare:>26.3f}")
    least, most = _span(found.hours.least), _span(found.hours.most)
    span = least if least == most else f"{least} to {most}"
    lines += _wrapped(
        f"The run: about {span}, an estimate from a few steps on {found.machine}. Looks and checkpoints come on top"
        + (", and the image codes where they are not there yet." if found.recipe.codebook else ".")
    )
    return lines


def _checked(count: float, bad: str, good: str) -> list[str]:
    first, *rest = _wrapped(bad if count else good, width=_WIDE - 6)
    return [f"{'!' if count else '·'} {first}", *(f"  {line}" for line in rest)]


def _shared(counts: tuple[tuple[str, int], ...], *, most: int = 8) -> str:
    total = sum(count for _, count in counts)
    shown = ", ".join(
        f"{name} {100 * count / total:.{0 if count * 100 >= total else 2}f}\u00a0%" for name, count in counts[:most]
    )
    return shown + (f" and {len(counts) - most:,} more" if len(counts) > most else "")


def _size(number: float) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= size:
            return f"{number / size:.{2 if number < 10 * size else 0}f} {unit}"
    return f"{number:.0f} bytes"


def _span(seconds: float) -> str:
    if seconds < 90:
        return "a second" if seconds < 1.5 else f"{seconds:.0f} seconds"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"


def _cut(line: str) -> str:
    return line if len(line) <= _WIDE else f"{line[: _WIDE - 1]}…"


def _wrapped(words: str, *, width: int = _WIDE - 2) -> list[str]:
    lines = [""]
    for word in words.split(" "):
        fits = len(lines[-1]) + len(word) + 1 <= width
        lines[-1:] = [f"{lines[-1]} {word}".strip()] if fits else [lines[-1], word]
    return lines
