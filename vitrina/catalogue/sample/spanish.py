"""Spanish titles and descriptions of an article, from a small weighted grammar that agrees in gender and number."""

import re
from collections.abc import Mapping, Sequence

from vitrina.catalogue.sample.article import Article
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.english import LABELLED
from vitrina.catalogue.sample.feature_words import FEATURES_ES
from vitrina.catalogue.sample.grammar import Fact, capital, compose, expand, in_title_case, title_of
from vitrina.catalogue.sample.shop_words import PANTRY_ES, SHOP_ES
from vitrina.catalogue.sample.size_words import read_size
from vitrina.catalogue.sample.words_es import (
    ADJECTIVES_ES,
    AUDIENCES_ES,
    COLOURS_ES,
    CONTENTS_ES,
    KINDS_ES,
    MATERIALS_ES,
    PACKAGES_ES,
    PATTERN_MARKS_ES,
    PATTERNS_ES,
    Noun,
)

_TITLES: Mapping[str, float] = {
    "{noun}[ {audience}][.8: {colour}][.7: de {material}][.7: {pattern}][ {after}][.6: {brand}][.3:, {size}]": 4,
    "{noun} {brand}[ {model}] (en color {colour_name}|de color {colour_name}|en {colour_name})[, {size}]": 2,
    "{brand} {model}: {noun} {colour}[ de {material}][ {audience}]": 1.5,
    "{noun} de {material} {colour}[.7: {pattern}][ {audience}][ - {brand}][.3:, {size}]": 2.5,
    "{noun} {colour} con {marks} {accent}[ de {material}][, {brand}][.4:, {size}]": 2,
    "{noun} {after}, {colour}[, {size}][ - {brand}[ {model}]]": 2,
    "[{adjective} ]{noun} {colour}[ {audience}]": 1,
    "{noun} {adjective} {after} (en|color) {colour_name}[, {material}][, {brand}]": 1,
}

_GROCERY_TITLES: Mapping[str, float] = {
    "{contents} {brand}[.7:, {noun} de {size}]": 3,
    "{noun} de {contents}[.6:, {wrap} {label}][.5:, {brand}][, {size}]": 3,
    "{contents} en {noun}[, {brand}][.6:, {size}]": 2,
    "{brand} {contents} {size}[, {wrap} {label}]": 1.5,
    "{contents} {size}[, {brand}]": 1,
    "{noun} de {contents} {extra}[, {brand}][, {size}]": 1,
}

_OPENERS: Mapping[str, float] = {
    "{este} {noun} {colour}[ {pattern}] {es} de {brand}.": 2,
    "{noun}[ {adjective}] de {material} en color {colour_name}[, {after}].": 2,
    "De la mano de {brand} llega{n} {este} {noun} {after}, en {colour_name}.": 1.2,
    "Fabricad{o} en {material}[ y de color {colour_name}], {este} {noun} (dura{n} años|{es} para disfrutar).": 1.5,
    "{brand} {model}: {noun} {adjective} (con carácter propio|para muchos años|como debe{n} ser).": 1,
    "¿(Buscas|Te apetece{n}) {un} {noun} {after}? {este} {es} {colour}.": 0.5,
    "{este} {noun} {colour} con {marks} {accent} alegra{n} (cualquier día|la semana|las mañanas de lluvia).": 1.2,
    "{noun} {after} y {after_too}[, {audience}].": 1.2,
    "(Te presentamos|Descubre|Conoce) {este} {noun} {colour}[ de {material}], (de|firmad{o} por) {brand}.": 0.8,
    "(Buen acabado|Líneas limpias|Diseño cuidado) y {material}: así {es} {este} {noun} {colour}.": 0.7,
    "{un} {noun} {after} para (quien prefiere el|los amantes del|dar un toque de) {colour_name}.": 0.6,
    "(Para ti o para regalar|Para cada día o para ocasiones especiales), {este} {noun} {colour} nunca falla{n}.": 0.5,
}

_FACTS: tuple[Fact, ...] = (
    Fact("(Hech{o} de|Elaborad{o} en|Realizad{o} en) {material}.", "material"),
    Fact("Material: {material}.", "material"),
    Fact("Color: {colour_name}[, con {marks} {accent}].", "colour_name"),
    Fact("{marks} {accent} sobre fondo {colour_name}.", "marks"),
    Fact("{noun} {after}.", "after"),
    Fact("{noun} {after_too}.", "after_too"),
    Fact("(Modelo|Referencia|Serie) {model}[ de {brand}].", "model"),
    Fact("Pertenece{n} a la (línea|colección|serie) {model}[ de {brand}].", "model"),
    Fact("{size_fact}.", "size_fact"),
    Fact("{use}", "use"),
    Fact("{other_use}", "other_use"),
    Fact("Pensad{o} {for_whom}.", "audience"),
)

_GROCERY_FACTS: tuple[Fact, ...] = (
    Fact("{contents} de {brand}.", "contents"),
    Fact("(Se presenta|Se vende|Viene) en {noun} con {wrap} {label}.", "label"),
    Fact("{noun} {extra}.", "extra"),
    Fact("{size_fact}.", "size_fact"),
    Fact("{use}", "use"),
    Fact("{other_use}", "other_use"),
)

_SHORTS = ("{noun}", "{noun} {colour}", "{noun} {brand}", "{noun} de {material}", "{noun} {colour} {brand}")
_GROCERY_SHORTS = ("{contents}", "{contents} {brand}", "{contents} {size}")
"""Titles for shops of few words."""

_TAILS = (
    "{audience}",
    "de {material}",
    "{pattern}",
    "{after}",
    "{after_too}",
    "{size}",
    "modelo {model}",
    "de {brand}",
    "diseño {adjective_plain}",
    "con {marks} {accent}",
    "dos años de garantía",
    "ideal para regalar en cumpleaños o Navidad",
    "nueva temporada",
    "devolución gratuita",
)
_GROCERY_TAILS = (
    "{size}",
    "de {brand}",
    "{wrap} {label}",
    "sin aditivos",
    "sin gluten",
    "artesanal",
    "tamaño familiar",
)

_FOR_WHOM = {"women": "para mujer", "men": "para hombre", "kids": "para niños"}


def spanish_title(article: Article, *, draws: Draws, words: float | None = None) -> str:
    """One Spanish title, of about `words` words where given."""
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
    case = draws.weighted({"sentence": 7.0, "title": 1.5, "lower": 1.5})
    return in_title_case(text) if case == "title" else capital(text) if case == "sentence" else text


def spanish_description(article: Article, *, draws: Draws, words: float | None = None) -> str:
    """One Spanish description of one to six sentences, or of about `words` words where given."""
    slots = _slots(article, draws)
    is_pantry = article.kind.domain == "groceries"
    return compose(
        _GROCERY_FACTS if is_pantry else _FACTS,
        openers={} if is_pantry else _OPENERS,
        extras=PANTRY_ES if is_pantry else SHOP_ES,
        slots=slots,
        draws=draws,
        finish=_sentence,
        words=words,
    )


def agreed(forms: Sequence[str], noun: Noun) -> str:
    """The form of an adjective (masculine, feminine, masculine plural, feminine plural) that goes with the noun."""
    return forms[(2 if noun.is_plural else 0) + (1 if noun.gender == "f" else 0)]


def _slots(article: Article, draws: Draws) -> dict[str, str]:
    """The words for this article that its templates may use; the words vary, the facts do not."""
    words = KINDS_ES[article.kind.name]
    nouns = PACKAGES_ES[article.kind.name] if article.kind.domain == "groceries" else words.nouns
    noun = nouns[0] if draws.chance(0.6) else draws.choice(nouns)
    many = noun.is_plural
    size = read_size(article.size)
    number = size.text.replace(".", ",")
    if draws.chance(0.25):
        number = re.sub(r" (?=l$|cm$|mm$|g$|kg$)", "", number)
    colour = draws.choice(COLOURS_ES[article.colour])
    adjective = draws.choice(ADJECTIVES_ES)
    features = [FEATURES_ES[value] for value in draws.shuffled(tuple(article.features.values()))]
    slots = {
        "noun": noun.text,
        "o": agreed(("o", "a", "os", "as"), noun),
        "s": "s" if many else "",
        "n": "n" if many else "",
        "es": "son" if many else "es",
        "este": agreed(("este", "esta", "estos", "estas"), noun),
        "un": agreed(("un", "una", "unos", "unas"), noun),
        "brand": article.brand,
        "model": article.model,
        "colour": agreed(colour, noun),
        "colour_name": colour[0].removeprefix("color "),
        "material": draws.choice(MATERIALS_ES[article.material]),
        "adjective": agreed(adjective, noun),
        "adjective_plain": adjective[0],
    }
    uses = draws.shuffled(words.uses)
    slots["use"] = expand(uses[0], slots=slots, draws=draws) or ""
    slots["other_use"] = expand(uses[1], slots=slots, draws=draws) or ""
    if article.pattern != "plain" or draws.chance(0.2):
        forms = draws.choice(PATTERNS_ES[article.pattern])
        slots["pattern"], slots["pattern_name"] = agreed(forms, noun), forms[0]
    if article.accent is not None:
        marks = draws.choice(PATTERN_MARKS_ES[article.pattern])
        slots["marks"], slots["accent"] = marks.text, agreed(draws.choice(COLOURS_ES[article.accent]), marks)
    if article.audience is not None:
        slots["audience"] = draws.choice(AUDIENCES_ES[article.audience]).replace("{es}", "es" if many else "")
        slots["for_whom"] = _FOR_WHOM[article.audience]
    if article.kind.domain == "groceries":
        label = Noun("etiqueta", "f") if article.kind.name in LABELLED else Noun("diseño", "m")
        slots["contents"] = draws.choice(CONTENTS_ES[article.features["contents"]])
        slots["wrap"] = label.text
        others = [FEATURES_ES[value] for name, value in article.features.items() if name != "contents"]
        if others:
            slots["extra"] = draws.choice(others)
        slots["label"] = agreed(colour, label)
        if article.pattern != "plain":
            slots["label"] += " " + agreed(draws.choice(PATTERNS_ES[article.pattern]), label)
    elif features:
        slots["after"] = features[0]
        if len(features) > 1:
            slots["after_too"] = features[1]
    match size.measure:
        case "garment":
            slots["size"] = draws.choice(
                ("talla {}", "talla {}", "T. {}", "nº {}" if article.kind.is_pair else "{}")
            ).format(number)
            slots["size_fact"] = f"talla {number}"
        case "format":
            slots["size"], slots["size_fact"] = draws.choice(("{}", "tamaño {}")).format(number), f"formato {number}"
        case "volume":
            slots["size"], slots["size_fact"] = (
                number,
                draws.choice(("capacidad: {}", "capacidad de {}")).format(number),
            )
        case "length":
            slots["size"], slots["size_fact"] = (
                number,
                draws.choice(("mide" + slots["n"] + " {}", "medidas: {}")).format(number),
            )
            if article.kind.name == "headphones":
                slots["size_fact"] = f"altavoces de {number}"
        case "weight":
            slots["size"], slots["size_fact"] = number, f"peso neto: {number}"
    return slots


def _sentence(text: str) -> str:
    """The text with a capital at its start, after an opening question mark, and after the question."""
    text = capital(text)
    return re.sub(r"((?:^¿|\? ))(\w)", lambda found: found[1] + found[2].upper(), text)
