"""Products of the generated catalogue, one by one or written to disk."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from vitrina.catalogue.product import Product
from vitrina.catalogue.sample.article import Article, article
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.pricing import CURRENCY, price
from vitrina.catalogue.sample.texts import texts_of
from vitrina.catalogue.splits import draw_split
from vitrina.catalogue.store import Catalogue, write_catalogue

PICTURELESS_SHARE = 0.12
"""Share of products that have texts and no picture."""

TEXTLESS_SHARE = 0.12
"""Share of products that have pictures and no text."""

PICTURE_COUNTS = {1: 0.5, 2: 0.32, 3: 0.18}
"""Number of pictures of the products that have any."""


def write_sample(out: Path, *, products: int, seed: int) -> Catalogue:
    """Writes the generated catalogue of `products` products to the folder `out` and opens it.

    The same seed gives the same products in the same order: a larger sample begins with the smaller one, and writing
    twice changes nothing. Products are made and written one at a time.

    Raises ValueError where `products` is below 1 or `out` holds products that are not part of this sample, and
    ImportError where the drawing library is missing.

    >>> write_sample(Path("shop"), products=1000, seed=7)  # doctest: +SKIP
    """
    if products < 1:
        raise ValueError(f"a sample needs at least 1 product, not {products}: give --products a larger number")
    _photograph()  # a missing library is said before anything is written
    if (out / "manifest.json").exists():
        _check_ours(out, products=products, seed=seed)
    numbers = tqdm(range(products), desc="drawing products", unit="product", disable=None, mininterval=0.5)
    return write_catalogue(out, (product(number, seed=seed) for number in numbers))


def product(number: int, *, seed: int) -> Product:
    """Product `number` (0 or above) of the sample with this seed, whatever else is generated and in what order.

    >>> product(3, seed=7).id
    'sample-7-0000003'
    """
    facts = article(number, seed=seed)
    presence = Draws(seed, "presence", number)
    missing = presence.uniform()
    titles, descriptions = ((), ()) if missing < TEXTLESS_SHARE else texts_of(facts)
    pictures: tuple[bytes, ...] = ()
    if not TEXTLESS_SHARE <= missing < TEXTLESS_SHARE + PICTURELESS_SHARE:
        photograph = _photograph()
        pictures = tuple(photograph(facts, view) for view in range(presence.weighted(PICTURE_COUNTS)))
    made = Product(
        id=_id(number, seed=seed),
        titles=titles,
        descriptions=descriptions,
        pictures=pictures,
        brand=facts.brand,
        category=facts.kind.category,
        price=price(facts),
        currency=CURRENCY,
        attributes=facts.attributes,
        domain=facts.kind.domain,
        group=f"sample-{seed}-family-{facts.family:07d}",
    )
    return replace(made, split=draw_split(made))


def _photograph() -> Callable[[Article, int], bytes]:
    """The camera, imported when it is first needed: all else of the sample works without the drawing library."""
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

    return lambda facts, view: photograph(facts, view=view).jpeg


def _id(number: int, *, seed: int) -> str:
    return f"sample-{seed}-{number:07d}"


def _check_ours(out: Path, *, products: int, seed: int) -> None:
    """Refuses a folder whose products would stay beside the sample's."""
    start = f"sample-{seed}-"
    for other in Catalogue.open(out).facts()["id"].to_pylist():
        number = other.removeprefix(start)
        if not (number.isdecimal() and other == _id(int(number), seed=seed) and int(number) < products):
            raise ValueError(
                f"{out} already holds products that are not of this sample, {other!r} for one: "
                "name another folder, or remove this one first"
            )
