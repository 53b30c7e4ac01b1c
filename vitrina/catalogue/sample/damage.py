"""What is spoilt on purpose in a share of the products, so that one knows which rows of a catalogue are wrong and how.

Every damaged product has one to three damages, each in another place of its row. The rest of the row, and every
other product, stays as it is without damage, byte for byte.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial

from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.sample.article import Article, article, unseen_colour
from vitrina.catalogue.sample.colours import COLOUR_WEIGHTS
from vitrina.catalogue.sample.draft import Draft, camera, product_id
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.kinds import KINDS
from vitrina.catalogue.sample.settings import Settings
from vitrina.catalogue.sample.spoil_texts import PLAIN_SPOILERS, nothing_said, typing_error, with_price
from vitrina.catalogue.sample.texts import title
from vitrina.catalogue.sample.truth import Damage

DUPLICATE = "duplicate"

COUNTS = {1: 0.6, 2: 0.3, 3: 0.1}
"""How many damages a damaged product has."""

WEIGHTS: Mapping[str, float] = {
    "typing errors": 2.5,
    "missing accents": 1.0,
    "cut short": 1.5,
    "markup left": 1.5,
    "broken encoding": 1.0,
    "shouting": 1.2,
    "nothing said": 1.0,
    "wrong language": 1.0,
    "title of another product": 1.2,
    "wrong colour": 1.5,
    "price in the text": 1.0,
    "spoilt picture": 5.0,
    "picture of another product": 1.5,
    "wrong category": 1.2,
    "price off by 100": 1.0,
    "missing attribute": 1.2,
    DUPLICATE: 1.2,
}
"""The damages and how often each is tried first; where one cannot happen (no accents to lose), the next is tried."""

_NEAR = 250
"""Other products are taken from at most this far: the row is found without knowing how many there will be."""

_Spoilt = tuple[Product, Damage]


def is_damaged(number: int, *, settings: Settings) -> bool:
    """Whether a product is among the damaged share. A larger share damages these and more."""
    return Draws(settings.seed, "damaged", number).chance(settings.damage)


def original_of(number: int, *, settings: Settings) -> int | None:
    """The product that this one repeats, where it is damaged by being a duplicate."""
    if not _repeats(number, settings=settings):
        return None
    draws = Draws(settings.seed, "original", number)
    near = range(max(0, number - _NEAR), number)
    for _ in range(20):
        other = draws.choice(near)
        if not _repeats(other, settings=settings):
            return other
    return None


def damaged(made: Draft, *, settings: Settings) -> Draft:
    """The draft of a damaged product with its damages done; a duplicate's draft already shows what it repeats."""
    number = made.truth.number
    order, count = _order(number, settings=settings)
    draws = Draws(settings.seed, "damage", number)
    done: list[Damage] = []
    if made.truth.article != number:
        made = _in_other_words(made)
        done.append(Damage(DUPLICATE, "id", before=product_id(made.truth.article, seed=settings.seed)))
    product = made.product
    for what in order:
        if len(done) == count:
            break
        spoilt = _spoilers(made, product, draws)[what]() if what != DUPLICATE else None
        if spoilt is not None and spoilt[1].where not in {each.where for each in done}:
            product = spoilt[0]
            done.append(spoilt[1])
    return replace(made, product=product, truth=replace(made.truth, damages=tuple(done)))


def _repeats(number: int, *, settings: Settings) -> bool:
    if number == 0 or not is_damaged(number, settings=settings):
        return False
    order, count = _order(number, settings=settings)
    return DUPLICATE in order[:count]


def _order(number: int, *, settings: Settings) -> tuple[list[str], int]:
    """The damages in the order in which they are tried, and how many shall be done."""
    draws = Draws(settings.seed, "damages", number)
    count = draws.weighted(COUNTS)
    left, order = dict(WEIGHTS), []
    while left:
        order.append(draws.weighted(left))
        del left[order[-1]]
    return order, count


def _in_other_words(made: Draft) -> Draft:
    """A near duplicate: the first title in other words, and all else the same."""
    titles = made.truth.titles
    if not titles:
        return made
    language = titles[0].language or "en"
    first = Text(title(made.facts, language=language, at=2), language)
    return replace(
        made,
        product=replace(made.product, titles=(first, *made.product.titles[1:])),
        truth=replace(
            made.truth,
            titles=(first, *titles[1:]),
            slips=tuple(slip for slip in made.truth.slips if slip.where != "title 0"),
        ),
    )


def _spoilers(made: Draft, product: Product, draws: Draws) -> Mapping[str, Callable[[], _Spoilt | None]]:
    spoilers = {name: partial(_text, made, product, draws, what=name, how=how) for name, how in PLAIN_SPOILERS.items()}
    return spoilers | {
        "typing errors": partial(_text, made, product, draws, what="typing errors", how=None),
        "nothing said": partial(_nothing, made, product, draws),
        "wrong language": partial(_language, product, draws),
        "title of another product": partial(_foreign_title, made, product, draws),
        "wrong colour": partial(_wrong_colour, made, product, draws),
        "price in the text": partial(_stated_price, made, product, draws),
        "spoilt picture": partial(_spoilt_picture, made, product, draws),
        "picture of another product": partial(_foreign_picture, made, product, draws),
        "wrong category": partial(_category, made, product, draws),
        "price off by 100": partial(_price, product, draws),
        "missing attribute": partial(_attribute, product, draws),
    }


def _some_text(product: Product, draws: Draws) -> tuple[str, Text] | None:
    """The place of one of the texts, and the text."""
    places = [(f"title {at}", text) for at, text in enumerate(product.titles)]
    places += [(f"description {at}", text) for at, text in enumerate(product.descriptions)]
    return draws.choice(places) if places else None


def _with_text(made: Draft, product: Product, *, what: str, where: str, text: Text) -> _Spoilt:
    """The product with another text in a place, and the damage, which knows the clean text."""
    field, at = where.split()
    texts = list(product.titles if field == "title" else product.descriptions)
    clean = (made.truth.titles if field == "title" else made.truth.descriptions)[int(at)]
    texts[int(at)] = text
    found = tuple(texts)
    changed = replace(product, titles=found) if field == "title" else replace(product, descriptions=found)
    return changed, Damage(what, where, before=clean.text)


def _text(
    made: Draft, product: Product, draws: Draws, *, what: str, how: Callable[[str, Draws], str | None] | None
) -> _Spoilt | None:
    place = _some_text(product, draws)
    if place is None:
        return None
    where, text = place
    if what == "missing accents" and text.language != "es":
        return None
    spoilt = how(text.text, draws) if how else typing_error(text.text, language=text.language or "en", draws=draws)
    if spoilt is None:
        return None
    return _with_text(made, product, what=what, where=where, text=Text(spoilt, text.language))


def _nothing(made: Draft, product: Product, draws: Draws) -> _Spoilt | None:
    place = _some_text(product, draws)
    if place is None:
        return None
    text = Text(nothing_said(language=place[1].language or "en", draws=draws), place[1].language)
    return _with_text(made, product, what="nothing said", where=place[0], text=text)


def _language(product: Product, draws: Draws) -> _Spoilt | None:
    place = _some_text(product, draws)
    if place is None:
        return None
    where, text = place
    field, at = where.split()
    texts = list(product.titles if field == "title" else product.descriptions)
    texts[int(at)] = Text(text.text, "es" if text.language == "en" else "en")
    found = tuple(texts)
    changed = replace(product, titles=found) if field == "title" else replace(product, descriptions=found)
    return changed, Damage("wrong language", where, before=text.language)


def _foreign_title(made: Draft, product: Product, draws: Draws) -> _Spoilt | None:
    other = _another(made.facts, draws)
    if not product.titles or other is None:
        return None
    at = draws.below(len(product.titles))
    language = product.titles[at].language or "en"
    text = Text(title(other, language=language, at=0), language)
    return _with_text(made, product, what="title of another product", where=f"title {at}", text=text)


def _wrong_colour(made: Draft, product: Product, draws: Draws) -> _Spoilt | None:
    """The same title, written as if the article had another colour."""
    facts = made.facts
    if not product.titles or facts.kind.domain == "groceries":
        return None
    place = draws.below(len(product.titles))
    language = product.titles[place].language or "en"
    own = {facts.colour, facts.accent, unseen_colour(facts.kind.name, pattern=facts.pattern, seed=facts.seed)}
    other = replace(facts, colour=draws.choice([name for name in COLOUR_WEIGHTS if name not in own]))
    at = [text.language for text in product.titles[:place]].count(language)
    if title(facts, language=language, at=at) != made.truth.titles[place].text:
        return None  # its words were drawn in another way
    text = title(other, language=language, at=at)
    if text == made.truth.titles[place].text:
        return None
    return _with_text(made, product, what="wrong colour", where=f"title {place}", text=Text(text, language))


def _stated_price(made: Draft, product: Product, draws: Draws) -> _Spoilt | None:
    if not product.descriptions or made.truth.price is None:
        return None
    at = draws.below(len(product.descriptions))
    text = product.descriptions[at]
    language = text.language or "en"
    sign = "€" if made.truth.currency == "EUR" else made.truth.currency
    amount = f"{made.truth.price:.2f} {sign}"
    amount = amount.replace(".", ",") if language == "es" else amount
    said = with_price(text.text, language=language, amount=amount, draws=draws)
    return _with_text(made, product, what="price in the text", where=f"description {at}", text=Text(said, language))


def _spoilt_picture(made: Draft, product: Product, draws: Draws) -> _Spoilt | None:
    if not product.pictures:
        return None
    from vitrina.catalogue.sample.spoil_pictures import spoil

    at = draws.below(len(product.pictures))
    spoilt = spoil(made.photos[at].jpeg, draws=draws)
    damage = Damage(spoilt.what, f"picture {at}", clean_picture=made.photos[at].jpeg)
    return _with_picture(product, at=at, jpeg=spoilt.jpeg), damage


def _foreign_picture(made: Draft, product: Product, draws: Draws) -> _Spoilt | None:
    other = _another(made.facts, draws)
    if not product.pictures or other is None:
        return None
    at = draws.below(len(product.pictures))
    damage = Damage("picture of another product", f"picture {at}", clean_picture=made.photos[at].jpeg)
    return _with_picture(product, at=at, jpeg=camera()(other, 0).jpeg), damage


def _with_picture(product: Product, *, at: int, jpeg: bytes) -> Product:
    return replace(product, pictures=(*product.pictures[:at], jpeg, *product.pictures[at + 1 :]))


def _another(facts: Article, draws: Draws) -> Article | None:
    """An article of another kind, nearby and in the same split: what is held out shows up nowhere in train."""
    start = max(0, facts.number - _NEAR)
    for _ in range(50):
        other = article(start + draws.below(2 * _NEAR), seed=facts.seed, habits=facts.habits)
        if other.split == facts.split and other.kind.name != facts.kind.name:
            return other
    return None


def _category(made: Draft, product: Product, draws: Draws) -> _Spoilt | None:
    others = [kind.category for kind in KINDS.values() if kind.category != made.truth.category]
    if not product.category:
        return None
    changed = replace(product, category=draws.choice(others))
    return changed, Damage("wrong category", "category", before=" > ".join(product.category))


def _price(product: Product, draws: Draws) -> _Spoilt | None:
    if product.price is None:
        return None
    wrong = product.price * 100 if draws.chance(0.6) else max(product.price / 100, Decimal("0.01"))
    changed = replace(product, price=wrong.quantize(Decimal("0.01")))
    return changed, Damage("price off by 100", "price", before=str(product.price))


def _attribute(product: Product, draws: Draws) -> _Spoilt | None:
    if not product.attributes:
        return None
    name = draws.choice(tuple(product.attributes))
    left = {key: value for key, value in product.attributes.items() if key != name}
    changed = replace(product, attributes=left)
    return changed, Damage("missing attribute", f"attributes {name}", before=product.attributes[name])
