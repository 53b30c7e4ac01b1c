"""What is wrong with one text."""

import re
from dataclasses import dataclass

from vitrina.tasks.sameness import plain

EMPTY, HTML, MOJIBAKE, SHOUTING, ONE_WORD, SAME_AS_TITLE, LONG = (1 << bit for bit in range(7))

LONG_WORDS = 400
_TAG = re.compile(r"</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>|&(?:[a-z]{2,8}|#\d{2,6}|#x[0-9a-f]{2,5});", re.IGNORECASE)
# UTF-8 read as Latin-1 or Windows-1252 leaves a lead byte as a letter and its follower as a sign; and the replacement
# character is what a decoder leaves where it gave up.
_MOJIBAKE = re.compile(
    "[ÂÃ][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|â€[\u0080-\u00bf\u2018-\u201e™œžŸ¦\u0152\u0153]?|ï¿½|\ufffd"
)
_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"\w+")
_LONGEST_STAND_IN = 40
_STAND_INS = frozenset((
    "none", "null", "nan", "tbc", "tbd", "test", "xxx", "xxxx", "untitled", "no title", "no name", "no description",
    "see picture", "see photo", "see image", "coming soon", "lorem ipsum", "sin título", "sin nombre",
    "sin descripción", "sin descripcion", "ver foto", "ver imagen", "próximamente", "por definir",
))  # fmt: skip
_FEWEST_LETTERS, _SHOUTED_LETTERS, _SHOUTED_SHARE = 3, 12, 0.8


@dataclass(frozen=True, slots=True)
class TextRule:
    """A way in which a text can be poor: its `flag`, a `key` for machines, a title, and how it is recognised."""

    flag: int
    key: str
    title: str
    about: str


TEXT_RULES = (
    TextRule(
        MOJIBAKE, "text_mojibake", "Garbled letters", "UTF-8 that was read as something else: “cafÃ©” for “café”."
    ),
    TextRule(HTML, "text_html", "Left-over HTML", "Tags or entities that would be learnt as words."),
    TextRule(
        EMPTY,
        "text_empty",
        "Texts that say nothing",
        f"Fewer than {_FEWEST_LETTERS} letters, or words that stand where a text should be, such as "
        "“see picture” or “sin descripción”.",
    ),
    TextRule(
        SAME_AS_TITLE, "text_same_as_title", "Descriptions that repeat the title", "The same but for case and spaces."
    ),
    TextRule(
        SHOUTING,
        "text_shouting",
        "Shouted texts",
        f"Over {_SHOUTED_SHARE:.0%} capitals in {_SHOUTED_LETTERS} letters or more. Vitrina's own tokenizer "
        "lower-cases; others do not.",
    ),
    TextRule(LONG, "text_long", "Very long texts", f"Over {LONG_WORDS} words: what comes late is cut off."),
    TextRule(ONE_WORD, "text_one_word", "Titles of one word", "Hardly enough to tell products apart."),
)


def broken_rules(text: str, *, kind: str, titles: frozenset[str], words: int) -> dict[int, float]:
    """Flags of the rules that a `kind` ("title" or "description") of so many words breaks, each with how badly.

    `titles` are the product's titles, plain.
    """
    broken: dict[int, float] = {}
    letters = len(_LETTER.findall(text))
    if letters < _FEWEST_LETTERS:
        return {EMPTY: 1.0 - letters / _FEWEST_LETTERS}
    if len(text) <= _LONGEST_STAND_IN and " ".join(_WORD.findall(text.casefold())) in _STAND_INS:
        return {EMPTY: 1.0 / letters}
    if ("<" in text or "&" in text) and (tags := _TAG.findall(text)):
        broken[HTML] = float(len(tags))
    if not text.isascii() and (signs := _MOJIBAKE.findall(text)):
        broken[MOJIBAKE] = float(len(signs))
    if letters >= _SHOUTED_LETTERS:
        loud = sum(map(str.isupper, text)) / letters
        if loud > _SHOUTED_SHARE:
            broken[SHOUTING] = loud
    if words > LONG_WORDS:
        broken[LONG] = float(words)
    if kind == "title" and words == 1:
        broken[ONE_WORD] = 1.0 / len(text)
    if kind == "description" and plain(text) in titles:
        broken[SAME_AS_TITLE] = 1.0
    return broken


_SENTENCE = re.compile(r"[.!?;|•\n]+\s*")
_DIGITS = re.compile(r"\d+")
_SHORTEST_SENTENCE = 12


def sentences(text: str) -> list[str]:
    """The pieces of a description that may be boilerplate: sentences with their numbers levelled."""
    return [
        piece
        for each in _SENTENCE.split(text)
        if len(piece := _DIGITS.sub("0", " ".join(each.split()))) >= _SHORTEST_SENTENCE
    ]
