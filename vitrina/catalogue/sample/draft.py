"""A product of the sample and what is true of it, before anything is spoilt."""

from collections.abc import Callable
from dataclasses import dataclass

from vitrina.catalogue.product import Product
from vitrina.catalogue.sample.article import Article
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.pricing import expected_price_of, price
from vitrina.catalogue.sample.product_truth import ProductTruth
from vitrina.catalogue.sample.texts import Texts, texts_of, with_slips
from vitrina.catalogue.sample.truth import Photo

Camera = Callable[[Article, int], Photo]
"""What makes picture number n of an article."""


@dataclass(frozen=True)
class Draft:
    """A product, its truth, the article that it shows and its photos: `photos[i].jpeg` is the clean picture i."""

    product: Product
    truth: ProductTruth
    facts: Article
    photos: tuple[Photo, ...]


def draft(facts: Article, *, number: int) -> Draft:
    """Product `number` of the sample with the facts of this article: its own, or another's that it duplicates."""
    habits = facts.habits
    presence = Draws(facts.seed, "presence", facts.number)
    missing = presence.uniform()
    has_texts = missing >= habits.textless
    has_pictures = missing < habits.textless or missing >= habits.textless + habits.pictureless
    pictures = presence.weighted(habits.picture_counts)
    lacks_brand, lacks_price, lacks_category, lacks_attributes = (
        presence.chance(share) for share in (habits.no_brand, habits.no_price, habits.no_category, habits.no_attributes)
    )
    clean = texts_of(facts) if has_texts else Texts()
    typed = with_slips(clean, facts=facts)
    photos: tuple[Photo, ...] = ()
    if has_pictures:
        photograph = camera()
        photos = tuple(photograph(facts, view) for view in range(pictures))
    amount = None if lacks_price else price(facts)
    made = Product(
        id=product_id(number, seed=facts.seed),
        titles=typed.texts.titles,
        descriptions=typed.texts.descriptions,
        pictures=tuple(photo.jpeg for photo in photos),
        brand=None if lacks_brand else facts.brand,
        category=() if lacks_category else facts.kind.category,
        price=amount,
        currency=None if amount is None else habits.currency,
        attributes={} if lacks_attributes else facts.attributes,
        domain=facts.kind.domain,
        group=f"sample-{facts.seed}-family-{facts.family:07d}",
        split=facts.split,
    )
    truth = ProductTruth(
        number=number,
        id=made.id,
        article=facts.number,
        family=facts.family,
        split=facts.split,
        attributes=facts.attributes,
        brand=facts.brand,
        category=facts.kind.category,
        domain=facts.kind.domain,
        is_unseen=facts.is_unseen,
        price=amount,
        currency=habits.currency,
        expected_price=expected_price_of(facts),
        titles=clean.titles,
        descriptions=clean.descriptions,
        pictures=len(photos),
        slips=typed.slips,
    )
    return Draft(made, truth, facts, photos)


def product_id(number: int, *, seed: int) -> str:
    """The id of product `number`."""
    return f"sample-{seed}-{number:07d}"


def camera() -> Camera:
    """The camera, imported when it is first needed: all else of the sample works without the drawing library.

    Raises ImportError, naming the mend, where the drawing library or a library of the system is missing.
    """
    try:
        import skia  # noqa: F401
    except ModuleNotFoundError as error:
        raise ImportError(
            "the sample catalogue is drawn with skia-python, which is not installed: pip install 'vitrina[sample]'"
        ) from error
    except ImportError as error:
        raise ImportError(
            f"skia-python is installed but a system library is missing ({error}): "
            "apt-get install libgl1 libegl1 libfontconfig1"
        ) from error
    from vitrina.catalogue.sample.studio import photograph

    return lambda facts, view: photograph(facts, view=view)
