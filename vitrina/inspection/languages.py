"""Which language a text is in: by words, letters and endings; by its script where that settles it.

Made for short texts about goods, where letter statistics of running prose mislead.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache

from vitrina.inspection.language_words import ENDINGS, LETTERS, SCRIPTS, WORDS

LANGUAGES: tuple[str, ...] = (*WORDS, *(name for _, _, name in SCRIPTS), "ru", "uk", "zh")

_TOKEN = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_MOST_TOKENS = 200
_LETTER, _ENDING = 0.8, 0.4
_SINGLE = 0.25  # a single letter is a word of Spanish or Polish, or a piece of a model's number
_ENOUGH = 0.9
_CLEAR = 1.35  # how many times the second language's score the first must reach
_SURE = 2.5
_LONGEST_REMEMBERED = 30


@dataclass(frozen=True, slots=True)
class Guess:
    """`language` where it is clear, else None with the `candidates` that tie (none where nothing speaks for any).

    `is_sure` holds where there is evidence enough to contradict a shop.
    """

    language: str | None
    candidates: tuple[str, ...] = ()
    is_sure: bool = False


def guess(text: str) -> Guess:
    """The language of a text as a BCP 47 code.

    >>> guess("Havredryck berikad med kalcium och vitaminer").language
    'sv'
    """
    tokens = _TOKEN.findall(text.lower())[:_MOST_TOKENS]
    scores: defaultdict[str, float] = defaultdict(float)
    for token in tokens:
        for language, weight in _evidence(token[:_LONGEST_REMEMBERED]):
            scores[language] += weight
    ranked = sorted(scores.items(), key=lambda each: (-each[1], LANGUAGES.index(each[0])))
    if not ranked or ranked[0][1] < 0.2:
        return Guess(None)
    best = ranked[0][1]
    rivals = tuple(language for language, score in ranked if score * _CLEAR > best)
    if best >= _ENOUGH and len(rivals) == 1:
        second = ranked[1][1] if len(ranked) > 1 else 0.0
        return Guess(ranked[0][0], rivals, is_sure=best >= _SURE and best >= 2 * second)
    return Guess(None, rivals)


@lru_cache(maxsize=200_000)
def _evidence(token: str) -> tuple[tuple[str, float], ...]:
    """What one word says for each language."""
    script = _script(token)
    if script is not None:
        # Of the scripts only Chinese characters are those of other languages too.
        return ((script, 1.0 if script == "zh" else _SURE),)
    found: defaultdict[str, float] = defaultdict(float)
    known = _BY_WORD.get(token.replace("’", "'"))
    if known is not None:
        for language in known:
            found[language] += (1.0 if len(token) > 1 else _SINGLE) / len(known)
    letters = [_BY_LETTER[letter] for letter in set(token) if letter in _BY_LETTER]
    if letters:
        # Only a language that writes all of them could have written the word.
        common = set(letters[0]).intersection(*letters[1:])
        for language in common:
            found[language] += _LETTER / len(common)
    if known is None and len(token) >= 6:
        fitting = [language for language, endings in ENDINGS.items() if token.endswith(endings)]
        for language in fitting:
            found[language] += _ENDING / len(fitting)
    return tuple(found.items())


def _script(token: str) -> str | None:
    code = ord(token[0])
    if code < 0x0370:
        return None
    if 0x0400 <= code <= 0x04FF:
        return "uk" if set(token) & set("іїєґ") else "ru"
    if any(0x3040 <= ord(letter) <= 0x30FF for letter in token):
        return "ja"
    if 0x4E00 <= code <= 0x9FFF:
        return "zh"
    return next((name for first, last, name in SCRIPTS if first <= code <= last), None)


def _inverted(table: dict[str, str], *, by_word: bool) -> dict[str, tuple[str, ...]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for language, items in table.items():
        for item in dict.fromkeys(items.split() if by_word else items):
            found[item].append(language)
    return {item: tuple(languages) for item, languages in found.items()}


_BY_WORD = _inverted(WORDS, by_word=True)
_BY_LETTER = _inverted(LETTERS, by_word=False)
