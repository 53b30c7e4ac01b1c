"""A second reading of phrases: from the words back to what they point at, written apart from what writes them.

It knows the tables of words and the truth, and nothing of margins or of what is hard to see: where several things fit
the words, it finds several.
"""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from vitrina.catalogue.sample.feature_words import FEATURES_EN, FEATURES_ES
from vitrina.catalogue.sample.kinds import KINDS
from vitrina.catalogue.sample.phrases_words import PIECES, UNSPOKEN, part_words
from vitrina.catalogue.sample.truth import Box, Language, ObjectTruth, PictureTruth
from vitrina.catalogue.sample.words_en import COLOURS_EN, KINDS_EN, PATTERNS_EN
from vitrina.catalogue.sample.words_es import COLOURS_ES, KINDS_ES, PATTERNS_ES

_FRONT_EN = {"leftmost": "left", "rightmost": "right", "topmost": "top", "upper": "top", "lowest": "bottom"}
_FRONT_EN |= {"lower": "bottom", "largest": "large", "larger": "large", "smallest": "small", "smaller": "small"}
_BACK_ES = {
    r" que están? más a la izquierda$": "left",
    r" que están? más a la derecha$": "right",
    r" que están? más arriba$": "top",
    r" que están? más abajo$": "bottom",
    r" de la izquierda$": "left",
    r" de la derecha$": "right",
    r" de arriba$": "top",
    r" de abajo$": "bottom",
    r" más grandes?$": "large",
    r" más pequeñ[oa]s?$": "small",
}
_RELATIONS = {
    "en": {"to the left of": "left", "to the right of": "right", "above": "top", "below": "bottom"},
    "es": {"a la izquierda de": "left", "a la derecha de": "right", "por encima de": "top", "por debajo de": "bottom"},
}


@dataclass(frozen=True)
class Candidate:
    """Something that words may point at: the places of its objects, or the box of a part or print."""

    boxes: tuple[Box, ...]
    objects: tuple[int, ...]
    truth: ObjectTruth
    is_piece: bool = False

    @property
    def box(self) -> Box:
        lefts, tops, rights, bottoms = zip(*self.boxes, strict=True)
        return min(lefts), min(tops), max(rights), max(bottoms)

    def key(self, side: str) -> float:
        """Small for what is far to the side, or large."""
        x0, y0, x1, y1 = self.box
        return {"left": x0 + x1, "right": -x0 - x1, "top": y0 + y1, "bottom": -y0 - y1}.get(
            side, (x1 - x0) * (y1 - y0) * (-1 if side == "large" else 1)
        )


def pointed_at(text: str, *, language: Language, truth: PictureTruth) -> list[tuple[Box, ...]]:
    """Every thing that a phrase can mean."""
    text = _spread(text) if language == "es" else text
    if print_ := re.fullmatch(r'(?:the words?|the text|la palabra|las palabras|el texto) "(.+)"', text):
        return [(part.box,) for part in truth.parts if part.text == print_[1]]
    found = [boxes for part, rest in _parts(text, language) for boxes in _in_part(part, rest, language, truth)]
    if found:
        return found
    return [each.boxes for each in resolve(text, language=language, truth=truth)]


def _spread(text: str) -> str:
    """Spanish with "del" and "al" as two words."""
    return re.sub(r"\bal (?=[a-zñáéíóú])", "a el ", re.sub(r"\bdel\b", "de el", text))


def _whole(text: str) -> str:
    """English in which "cropped above the ankle" is no place."""
    return text.replace("above the ankle", "above_ankle")


def resolve(text: str, *, language: Language, truth: PictureTruth) -> list[Candidate]:
    """The whole things that words can mean."""
    text = _spread(text) if language == "es" else _whole(text)
    says = re.fullmatch(r'(.+) (?:that says?|que dicen?) "(.+)"', text)
    if says:
        owners = {part.object for part in truth.parts if part.text == says[2]}
        return [each for each in resolve(says[1], language=language, truth=truth) if owners & set(each.objects)]
    for words, side in _RELATIONS[language].items():
        left, middle, right = text.partition(f" {words} ")
        if not middle:
            continue
        anchors = resolve(right, language=language, truth=truth)
        assert len(anchors) == 1, f"{right!r} is not one thing"
        base = resolve(left, language=language, truth=truth)
        return [
            each
            for each in base
            if each.key(side) < anchors[0].key(side) and not set(each.objects) & set(anchors[0].objects)
        ]
    core = re.fullmatch(r"the (.+)" if language == "en" else r"(?:el|la|los|las) (.+)", text)
    assert core, f"{text!r} has no article"
    core, side, place = _place(core[1], language)
    fits = _fitting(core, language, truth)
    if side is None:
        return fits
    return sorted(fits, key=lambda each: each.key(side))[place : place + 1]


def _place(core: str, language: Language) -> tuple[str, str | None, int]:
    """The words without their rank, the side that it names, and which from that side."""
    if language == "en":
        if second := re.fullmatch(r"second (.+) from the (left|right)", core):
            return second[1], second[2], 1
        if last := re.fullmatch(r"(.+) on the (left|right)", core):
            return last[1], last[2], 0
        first, _, rest = core.partition(" ")
        return (rest, _FRONT_EN[first], 0) if first in _FRONT_EN else (core, None, 0)
    if second := re.fullmatch(r"segund[oa] (.+) por la (izquierda|derecha)", core):
        return second[1], {"izquierda": "left", "derecha": "right"}[second[2]], 1
    for pattern, side in _BACK_ES.items():
        if re.search(pattern, core):
            return re.sub(pattern, "", core), side, 0
    return core, None, 0


@cache
def _vocabulary(language: Language) -> Mapping[str, tuple[str, str]]:
    """Words with the attribute and value that they name; longest first."""
    words: dict[str, tuple[str, str]] = {}
    if language == "en":
        tables = [("colour", COLOURS_EN), ("pattern", PATTERNS_EN)]
        words |= {word: (name, value) for name, table in tables for value, known in table.items() for word in known}
        words |= {_whole(after): ("feature", value) for value, (_, after) in FEATURES_EN.items()}
    else:
        forms = [("colour", COLOURS_ES), ("pattern", PATTERNS_ES)]
        words |= {
            word: (name, value)
            for name, table in forms
            for value, known in table.items()
            for each in known
            for word in each
        }
        words |= {_spread(after): ("feature", value) for value, after in FEATURES_ES.items()}
    return dict(sorted(words.items(), key=lambda item: -len(item[0])))


@cache
def _nouns(language: Language) -> Mapping[str, tuple[bool, frozenset[str]]]:
    """Nouns, longest first, with whether they name one piece of a pair, and the kinds that they may mean."""
    known: dict[tuple[str, bool], set[str]] = {}
    for kind in KINDS:
        if language == "en":
            texts = list(KINDS_EN[kind].nouns)
        else:
            texts = [_spread(noun.text) for noun in KINDS_ES[kind].nouns]
        for text in texts:
            known.setdefault((text, False), set()).add(kind)
        for name in PIECES.get((language, kind), ()):
            known.setdefault((name.text, True), set()).add(kind)
    shoes = {"sneakers", "boots", "heels"}
    for text in ("shoe", "zapato"):
        if (text, True) in known:
            known[text, True] |= shoes
    # "shirt" means T-shirts too, "bag" handbags.
    for (text, is_piece), kinds in list(known.items()):
        for (other, other_piece), more in known.items():
            longer = f" {other.lower().replace('-', ' ')}".endswith(f" {text.lower()}") if language == "en" else False
            if longer and is_piece == other_piece:
                kinds |= more
    texts = sorted(known, key=lambda each: -len(each[0]))
    return {text: (is_piece, frozenset(known[text, is_piece])) for text, is_piece in texts}


def _fitting(core: str, language: Language, truth: PictureTruth) -> list[Candidate]:
    """What a noun with its adjectives fits; every word must be understood."""
    for noun, (is_piece, kinds) in _nouns(language).items():
        # In Spanish the noun comes first, in English behind adjectives and before "with" or "of".
        match = re.search(rf"(?:^|(?<= )){re.escape(noun)}(?= |$)", core)
        if not match or (language == "es" and match.start() > 0):
            continue
        rest = core[: match.start()] + core[match.end() :]
        told = _told(rest, language)
        if told is not None:
            return [
                each for each in candidates(truth, is_piece=is_piece) if each.truth.kind in kinds and _has(each, told)
            ]
    raise AssertionError(f"{core!r} is not understood")


def _told(rest: str, language: Language) -> list[tuple[str, str]] | None:
    """The attributes that the words beside the noun name, None where a word is left over."""
    told = []
    rest = f" {rest} "
    for words, fact in _vocabulary(language).items():
        if f" {words} " in rest:
            rest = rest.replace(f" {words} ", "  ", 1)
            told.append(fact)
    rest = re.sub(r" (?:with|and|the|label|con|de|la|etiqueta)(?= )", "", rest)
    return told if not rest.strip() else None


def _has(each: Candidate, told: list[tuple[str, str]]) -> bool:
    features = KINDS[each.truth.kind].features
    shape = {each.truth.attributes[name] for name in features}
    return all(
        (value in shape or _means(value, shape)) if name == "feature" else each.truth.attributes[name] == value
        for name, value in told
    )


def _means(value: str, shape: set[str]) -> bool:
    """Whether another value of the shape goes by the same words ("con dos asas")."""
    return any(FEATURES_ES[value] == FEATURES_ES[own] or FEATURES_EN[value] == FEATURES_EN[own] for own in shape)


def candidates(truth: PictureTruth, *, is_piece: bool) -> Iterator[Candidate]:
    """All things: articles with pairs as one, or the single pieces of pairs."""
    pairs: dict[int, list[int]] = {}
    for at, seen in enumerate(truth.objects):
        if KINDS[seen.kind].is_pair:
            pairs.setdefault(seen.article, []).append(at)
            if is_piece:
                yield Candidate((seen.box,), (at,), seen, is_piece=True)
        elif not is_piece:
            yield Candidate((seen.box,), (at,), seen)
    if not is_piece:
        for places in pairs.values():
            if len(places) == 2:
                boxes = tuple(truth.objects[at].box for at in places)
                yield Candidate(boxes, tuple(places), truth.objects[places[0]])


def _parts(text: str, language: Language) -> Iterator[tuple[str, str]]:
    """Every way to read words as those of a part and those of its whole."""
    pattern = r" of (?=the )" if language == "en" else r" de (?=(?:el|la|los|las) )"
    for match in re.finditer(pattern, text):
        yield text[: match.start()], text[match.end() :]


def _in_part(part: str, whole: str, language: Language, truth: PictureTruth) -> Iterator[tuple[Box, ...]]:
    """The boxes of the parts of this name in all that the whole can mean."""
    name = re.sub(r"^(?:the|el|la|los|las) ", "", part)
    side = None
    for words, place in (
        ("leftmost ", "left"),
        ("rightmost ", "right"),
        (" más a la izquierda", "left"),
        (" más a la derecha", "right"),
    ):
        if words in name:
            name, side = name.replace(words, ""), place
    try:
        wholes = resolve(whole, language=language, truth=truth)
    except AssertionError:
        return  # "the top of the handle" of something: the words divide elsewhere
    for each in wholes:
        found = []
        for own in truth.parts:
            if (each.truth.kind, own.name) in UNSPOKEN:
                continue
            words = part_words(own.name, kind=each.truth.kind)
            if own.object in each.objects and words is not None and _same_word(words.name(language).text, name):
                found.append(own.box)
        if side is not None and found:
            found = [min(found, key=lambda box: (box[0] + box[2]) * (1 if side == "left" else -1))]
        if found:
            yield tuple(found)


def _same_word(listed: str, said: str) -> bool:
    """Whether two words are one in the singular or the plural."""
    return bool(_stems(listed) & _stems(said))


@cache
def _stems(words: str) -> set[str]:
    """What may be left of words without the endings of a plural."""
    words = _spread(words.translate(str.maketrans("áéíóú", "aeiou")))
    words = {"shelves": "shelf", "leaves": "leaf", "feet": "foot", "scarves": "scarf"}.get(words, words)
    each = [
        [word, re.sub(r"s$", "", word), re.sub(r"es$", "", word), re.sub(r"ces$", "z", word)] for word in words.split()
    ]
    return {" ".join(choice) for choice in itertools.product(*map(set, each))}
