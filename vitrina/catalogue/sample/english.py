"""English titles and descriptions of an article, from a small weighted grammar."""

import re
from collections.abc import Mapping

from vitrina.catalogue.sample.article import Article
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.feature_words import FEATURES_EN
from vitrina.catalogue.sample.grammar import Fact, capital, compose, expand, in_title_case, title_of
from vitrina.catalogue.sample.shop_words import PANTRY_EN, SHOP_EN
from vitrina.catalogue.sample.size_words import read_size
from vitrina.catalogue.sample.words_en import (
    ADJECTIVES_EN,
    AUDIENCES_EN,
    COLOURS_EN,
    CONTENTS_EN,
    KINDS_EN,
    MATERIAL_ADJECTIVES_EN,
    MATERIALS_EN,
    PACKAGES_EN,
    PATTERN_MARKS_EN,
    PATTERNS_EN,
)

_TITLES: Mapping[str, float] = {
    "[{brand} ][{audience} ][.3:{adjective} ]{colour} [.7:{pattern} ][.7:{material} ]{noun}[ {after}][.4:, {size}]": 4,
    "{brand} {model} [.4:{audience} ][.8:{colour} ][{pattern} ][{material} ]{noun}[.3:, {size}]": 2,
    "{noun} in {colour} {material_name}[.6: with {accent} {marks}][ (by|from) {brand}][.4:, {size}]": 2,
    "{before} {noun}, {colour}[, {material_name}][, {pattern}][ - {brand}][.3: {model}]": 2,
    "[{brand} ]{noun}[ {model}] - {colour}[/{accent}][, {size}]": 1.5,
    "{colour}[.8: {pattern}] {noun}[ {after}]": 1.5,
    "{material} {noun} {after}, {colour}[, {size}][ - {brand}[ {model}]]": 1.5,
    "[{brand} ]{noun} with {accent} {marks} on {colour}[ {material_name}][, {size}]": 1.5,
    "{adjective} {before} {noun} for (every day|any season|you|a treat) in {colour}[, {brand}]": 0.7,
}

_GROCERY_TITLES: Mapping[str, float] = {
    "{brand} {contents}[.7:, {size}][.3: in {a_plain} {noun}]": 3,
    "{contents} by {brand}[.4:, {colour} {wrap}][.6:, {size}]": 2,
    "{noun} of {contents}[.5:, {colour}[ {pattern}] {wrap}][.5:, {brand}][, {size}]": 3,
    "{size} {contents}[ {brand}][.5: {noun}]": 1,
    "{size} {contents}, {colour}[.6: {pattern}] {wrap}[ - {brand}]": 1.5,
    "{contents} {extra}[, {brand}][, {size}]": 1,
}

_OPENERS: Mapping[str, float] = {
    "{this} {colour}[ {pattern}] {noun} {come} from {brand}.": 2,
    "{a} [{adjective} ]{colour} {noun} in {material_name}[ {after}].": 2,
    "From {brand}: {a} {noun} {after}, in {colour}[ {material_name}].": 1.5,
    "Made of {material_name}[ in {colour}], {this} {noun} {is} (made to last|easy to live with|a joy to use).": 1.5,
    "{brand} {model}: {a} [{adjective} ]{noun} (with a character of its own|for the long run|done right).": 1,
    "Looking for {a} [{audience} ]{noun} {after}? Try {them} in {colour}.": 0.4,
    "{this} {noun} {brighten} up (any day|the week|a rainy morning) in {colour} with {accent} {marks}.": 1.2,
    "[{adjective} ]{noun} {after} and {after_too}.": 1.2,
    "(Meet|Say hello to|Here {is}) the {model}: {a} {colour} {noun}[ in {material_name}].": 0.8,
    "(Simple|Honest|Good) {material_name}, (a clean line|a fine finish) and {colour}: {a} {noun} by {brand}.": 0.7,
    "{a} {noun} {after} (for those who like|that goes well with|in) {colour}.": 0.7,
    "(Whether|Be it) for yourself or as a present, {this} {colour} {noun} {is} (a safe choice|never wrong).": 0.5,
}

_FACTS: tuple[Fact, ...] = (
    Fact("({it} {is} made of|Crafted from|Made from) {material_name}.", "material_name"),
    Fact("Material: {material_name}.", "material_name"),
    Fact("Colour: {colour}[, with {accent} {marks}].", "colour"),
    Fact("{accent} {marks} on {a_plain} {colour} ground.", "marks"),
    Fact("{noun} {after}.", "after"),
    Fact("{noun} {after_too}.", "after_too"),
    Fact("(Model|Style|Reference) {model}[ by {brand}].", "model"),
    Fact("Part of the {model} (line|collection|series|family)[ from {brand}].", "model"),
    Fact("{size_fact}.", "size_fact"),
    Fact("{use}", "use"),
    Fact("{other_use}", "other_use"),
    Fact("(For {whom}|{audience} model).", "audience"),
)

_GROCERY_FACTS: tuple[Fact, ...] = (
    Fact("{contents} from {brand}.", "contents"),
    Fact("(Comes in|Sold in|In) {a_plain} {noun} with {a_plain} {colour}[ {pattern}] {wrap}.", "colour"),
    Fact("{noun} {extra}.", "extra"),
    Fact("{size_fact}.", "size_fact"),
    Fact("{use}", "use"),
    Fact("{other_use}", "other_use"),
)

_SHORTS = ("{noun}", "{colour} {noun}", "{brand} {noun}", "{colour} {material} {noun}", "{brand} {colour} {noun}")
_GROCERY_SHORTS = ("{contents}", "{brand} {contents}", "{contents} {size}")
"""Titles for shops of few words."""

_TAILS = (
    "for {whom}",
    "{material_name}",
    "{pattern}",
    "{after}",
    "{after_too}",
    "{size}",
    "model {model}",
    "by {brand}",
    "{adjective} design",
    "with {accent} {marks}",
    "two-year guarantee",
    "ideal gift for birthdays and Christmas",
    "new season",
    "free returns",
)
_GROCERY_TAILS = (
    "{size}",
    "by {brand}",
    "{colour} {wrap}",
    "no additives",
    "small batch",
    "gluten free",
    "family size",
)

LABELLED = frozenset({"jar", "tin can"})
"""Groceries whose colour and pattern are those of a label; others are printed all over."""

_PAIRED = frozenset({"trousers", "sneakers", "boots", "heels", "sunglasses", "headphones"})
_WHOM = {"women": "women", "men": "men", "kids": "children"}


def english_title(article: Article, *, draws: Draws, words: float | None = None) -> str:
    """One English title, of about `words` words where given."""
    slots = _slots(article, draws)
    is_pantry = article.kind.domain == "groceries"
    text = title_of(
        _GROCERY_TITLES if is_pantry else _TITLES,
        shorts=_GROCERY_SHORTS if is_pantry else _SHORTS,
        tails=_GROCERY_TAILS if is_pantry else _TAILS,
        slots=slots,
        draws=draws,
        words=words,
    )
    text = _with_articles(text)
    case = draws.weighted({"sentence": 5.0, "title": 3.5, "lower": 1.5})
    return in_title_case(text) if case == "title" else capital(text) if case == "sentence" else text


def english_description(article: Article, *, draws: Draws, words: float | None = None) -> str:
    """One English description of one to six sentences, or of about `words` words where given."""
    slots = _slots(article, draws)
    is_pantry = article.kind.domain == "groceries"
    return compose(
        _GROCERY_FACTS if is_pantry else _FACTS,
        openers={} if is_pantry else _OPENERS,
        extras=PANTRY_EN if is_pantry else SHOP_EN,
        slots=slots,
        draws=draws,
        finish=_sentence,
        words=words,
    )


def _slots(article: Article, draws: Draws) -> dict[str, str]:
    """The words for this article that its templates may use; the words vary, the facts do not."""
    words = KINDS_EN[article.kind.name]
    is_pantry = article.kind.domain == "groceries"
    # A pair goes by a plural: what has none in it, such as a headset, would need other verbs.
    nouns = tuple(each for each in words.nouns if not words.is_plural or each.endswith("s"))
    nouns = PACKAGES_EN[article.kind.name] if is_pantry else nouns
    noun = nouns[0] if draws.chance(0.55) else draws.choice(nouns)
    is_paired = article.kind.name in _PAIRED
    many = words.is_plural
    size = read_size(article.size)
    spaced = size.text if draws.chance(0.75) else re.sub(r" (?=l$|cm$|mm$|g$|kg$)", "", size.text)
    features = [FEATURES_EN[value] for value in draws.shuffled(tuple(article.features.values()))]
    uses = draws.shuffled(words.uses)
    material = draws.choice(MATERIALS_EN[article.material])
    slots = {
        "noun": noun,
        "a": "a pair of" if is_paired else "a(n)",
        "a_plain": "a(n)",
        "this": "these" if many else "this",
        "it": "they" if many else "it",
        "them": "them" if many else "it",
        "is": "are" if many else "is",
        "come": "come" if many else "comes",
        "brighten": "brighten" if many else "brightens",
        "brand": article.brand,
        "model": article.model,
        "colour": draws.choice(COLOURS_EN[article.colour]),
        "material": draws.choice(MATERIAL_ADJECTIVES_EN.get(article.material, (material,))),
        "material_name": material,
        "adjective": draws.choice([word for word in ADJECTIVES_EN if not features or word != features[0][0]]),
        "use": expand(uses[0], slots={}, draws=draws) or "",
        "other_use": expand(uses[1], slots={}, draws=draws) or "",
    }
    if article.pattern != "plain" or draws.chance(0.2):
        slots["pattern"] = draws.choice(PATTERNS_EN[article.pattern])
    if article.accent is not None:
        slots["accent"] = draws.choice(COLOURS_EN[article.accent])
        slots["marks"] = draws.choice(PATTERN_MARKS_EN[article.pattern])
    if article.audience is not None:
        slots["audience"] = draws.choice(AUDIENCES_EN[article.audience])
        slots["whom"] = _WHOM[article.audience]
    if is_pantry:
        slots["contents"] = draws.choice(CONTENTS_EN[article.features["contents"]])
        slots["wrap"] = "label" if article.kind.name in LABELLED else "design"
        others = [FEATURES_EN[value][1] for name, value in article.features.items() if name != "contents"]
        if others:
            slots["extra"] = draws.choice(others)
    elif features:
        slots["before"], slots["after"] = features[0]
        if len(features) > 1:
            slots["after_too"] = features[1][1]
    match size.measure:
        case "garment":
            slots["size"] = draws.choice(("size {}", "size {}", "EU {}" if article.kind.is_pair else "{}")).format(
                spaced
            )
            slots["size_fact"] = f"size {spaced}[, true to size]"
        case "format":
            slots["size"] = draws.choice(("{}", "{} format", "size {}")).format(spaced)
            slots["size_fact"] = f"{spaced} format"
        case "volume":
            slots["size"], slots["size_fact"] = spaced, draws.choice(("holds {}", "capacity: {}")).format(spaced)
        case "length":
            slots["size"], slots["size_fact"] = spaced, draws.choice(("measures {}", "size: {}")).format(spaced)
            if article.kind.name == "headphones":
                slots["size_fact"] = f"{spaced} drivers"
        case "weight":
            slots["size"], slots["size_fact"] = spaced, f"net weight {spaced}"
    slots["size_fact"] = expand(slots["size_fact"], slots={}, draws=draws) or ""
    return slots


def _with_articles(text: str) -> str:
    """`a(n)` as a or an, by the letter that follows."""
    return re.sub(r"a\(n\) (?=(\w))", lambda found: "an " if found[1].lower() in "aeio" else "a ", text)


def _sentence(text: str) -> str:
    """The text with its articles settled and a capital at its start."""
    return capital(_with_articles(text))
