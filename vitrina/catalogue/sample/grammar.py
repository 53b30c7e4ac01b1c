"""A small weighted grammar: templates with slots, options and alternatives, expanded by keyed draws."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from vitrina.catalogue.sample.draws import Draws

_TOKEN = re.compile(r"\{\w+\}|\[(?:\.\d+:)?|[\]()|]|[^\[\](){}|]+")


_TRIES = 8
"""Titles among which the one nearest to a wanted length is taken."""

_SHORT = 4.5
"""Titles of fewer words may also be of the shortest templates."""


@dataclass(frozen=True)
class _Slot:
    name: str


@dataclass(frozen=True)
class _Option:
    share: float
    inner: "_Sequence"


@dataclass(frozen=True)
class _Either:
    branches: tuple["_Sequence", ...]


_Node = str | _Slot | _Option | _Either
_Sequence = tuple[_Node, ...]


def expand(template: str, *, slots: Mapping[str, str], draws: Draws) -> str | None:
    """One text of a template, or None where a slot that must be filled is missing.

    `{name}` is a slot, `[...]` appears half the time (`[.2:...]` with that share) and never when one of its own slots
    is missing, `(a|b)` is one of its branches whose slots are there. Spaces are collapsed.

    >>> expand("[.0:big ]{colour} (mug)", slots={"colour": "red"}, draws=Draws(1))
    'red mug'
    """
    text = _render(_parse(template), slots, draws)
    return None if text is None else re.sub(r"\s+([,.;:])", r"\1", " ".join(text.split()))


@dataclass(frozen=True)
class Fact:
    """A sentence of a description and the slot that it is about: said once, a thing is not said again."""

    template: str
    topic: str


def first_that_fits(templates: Mapping[str, float], *, slots: Mapping[str, str], draws: Draws) -> str:
    """The expansion of a template drawn by weight among those whose slots are there."""
    left = dict(templates)
    while True:
        template = draws.weighted(left)
        text = expand(template, slots=slots, draws=draws)
        if text is not None:
            return text
        del left[template]
        assert left, f"no template fits the slots {sorted(slots)}"


def title_of(
    templates: Mapping[str, float],
    *,
    shorts: Sequence[str],
    tails: Sequence[str],
    slots: Mapping[str, str],
    draws: Draws,
    words: float | None = None,
) -> str:
    """A title from one of the templates; with `words`, the nearest to that length of several and of the short ones,
    with further facts behind commas where all are too short."""
    if words is None:
        return first_that_fits(templates, slots=slots, draws=draws)
    tries = [first_that_fits(templates, slots=slots, draws=draws) for _ in range(_TRIES)]
    if words < _SHORT:
        brief = [expand(template, slots=slots, draws=draws) for template in draws.shuffled(shorts)]
        tries = [*(text for text in brief if text), *tries]
    text = min(tries, key=lambda each: abs(len(each.split()) - words))
    for tail in draws.shuffled(tails):
        more = expand(tail, slots=slots, draws=draws)
        short = words - len(text.split())
        if more is not None and more.lower() not in text.lower() and len(more.split()) - short < short:
            text = f"{text}, {more}"
    return text


def compose(
    facts: Sequence[Fact],
    *,
    openers: Mapping[str, float],
    extras: Sequence[str],
    slots: Mapping[str, str],
    draws: Draws,
    finish: Callable[[str], str],
    words: float | None = None,
) -> str:
    """A description: mostly an opener, then facts in random order, none told twice, perhaps an extra sentence.

    It has one to six sentences, or about `words` words: of the facts first, then of the extras, as far as they reach.
    """
    count = draws.weighted({1: 1.0, 2: 3.0, 3: 3.5, 4: 2.0, 5: 1.0})
    has_opener = bool(openers) and draws.chance(0.8) and (words is None or words > 12)
    sentences = [first_that_fits(openers, slots=slots, draws=draws)] if has_opener else []
    told = set()
    rest = draws.shuffled(extras)
    line = [*facts, *(Fact(extra, "") for extra in rest)]
    mixed = draws.shuffled(line[: len(facts) + 1])  # one extra may stand anywhere among the facts
    for fact in [*mixed, *line[len(facts) + 1 :]]:
        if words is None and len(sentences) > count:
            break
        sentence = expand(fact.template, slots=slots, draws=draws)
        said = slots.get(fact.topic)
        if sentence is None or fact.topic in told or (said is not None and said in " ".join(sentences)):
            continue
        if words is not None and sentences:
            length = sum(len(each.split()) for each in sentences)
            if length + len(sentence.split()) - words > words - length:
                continue  # it would end further above the aim than it stands below
        told.add(fact.topic or sentence)
        sentences.append(sentence)
    return " ".join(finish(sentence) for sentence in sentences)


def capital(text: str) -> str:
    """The text with its first letter as a capital and nothing else changed."""
    return text[:1].upper() + text[1:]


def in_title_case(text: str) -> str:
    """Every word of more than three letters, and the first, with a capital."""
    return " ".join(capital(word) if len(word) > 3 or at == 0 else word for at, word in enumerate(text.split()))


def _render(sequence: _Sequence, slots: Mapping[str, str], draws: Draws) -> str | None:
    if not _fits(sequence, slots):
        return None
    pieces = []
    for node in sequence:
        match node:
            case str():
                pieces.append(node)
            case _Slot(name):
                pieces.append(slots[name])
            case _Option(share, inner):
                # The share is drawn even where the option cannot appear, so that a missing fact shifts nothing else.
                if draws.chance(share):
                    pieces.append(_render(inner, slots, draws) or "")
            case _Either(branches):
                able = [branch for branch in branches if _fits(branch, slots)]
                pieces.append(_render(draws.choice(able), slots, draws) or "")
    return "".join(pieces)


def _fits(sequence: _Sequence, slots: Mapping[str, str]) -> bool:
    """Whether every slot that must be filled is there."""
    return all(
        (not isinstance(node, _Slot) or node.name in slots)
        and (not isinstance(node, _Either) or any(_fits(branch, slots) for branch in node.branches))
        for node in sequence
    )


@cache
def _parse(template: str) -> _Sequence:
    tokens = _TOKEN.findall(template)
    assert "".join(tokens) == template, f"stray brace in {template!r}"
    sequence, end = _parse_sequence(tokens, 0)
    assert end == len(tokens), f"unbalanced bracket in {template!r}"
    return sequence


def _parse_sequence(tokens: list[str], at: int) -> tuple[_Sequence, int]:
    nodes: list[_Node] = []
    while at < len(tokens) and tokens[at] not in ("]", ")", "|"):
        token = tokens[at]
        if token.startswith("["):
            inner, at = _parse_sequence(tokens, at + 1)
            assert at < len(tokens) and tokens[at] == "]", f"unbalanced [ in {''.join(tokens)!r}"
            nodes.append(_Option(float(token[1:-1] or 0.5), inner))
        elif token == "(":
            branches = []
            while token != ")":
                inner, at = _parse_sequence(tokens, at + 1)
                assert at < len(tokens) and tokens[at] in "|)", f"unbalanced ( in {''.join(tokens)!r}"
                branches.append(inner)
                token = tokens[at]
            nodes.append(_Either(tuple(branches)))
        elif token.startswith("{"):
            nodes.append(_Slot(token[1:-1]))
        else:
            nodes.append(token)
        at += 1
    return tuple(nodes), at
