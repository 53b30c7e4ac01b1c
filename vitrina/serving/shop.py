"""A shop: everything that the page and its API ask of a catalogue and a model, as plain functions of plain data."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import numpy as np

from vitrina.catalogue.manifest import manifest_path
from vitrina.catalogue.pictures import PictureError
from vitrina.catalogue.product import Product
from vitrina.catalogue.store import Catalogue
from vitrina.index.index import Query
from vitrina.index.result import Hit, SearchResult
from vitrina.serving.answers import (
    Abilities,
    About,
    Card,
    Facets,
    Filters,
    Found,
    Guess,
    Health,
    Labels,
    Mask,
    RefusedError,
    Region,
    ShownProduct,
    Told,
    Wanted,
)
from vitrina.serving.kept import Kept
from vitrina.serving.pictures import damaged, small
from vitrina.serving.questions import Question, questions
from vitrina.serving.shelf import Shelf
from vitrina.tasks.regions import box_of

log = logging.getLogger(__name__)

_THUMBNAIL_BYTES = 64 << 20
_MOST_GUESSES = 5
_NOUN_ATTRIBUTES = ("kind", "type", "material")


class Finds(Protocol):
    """What searches: an index of a catalogue under a model. Safe to call from several threads."""

    @property
    def catalogue(self) -> Catalogue:
        """The version that is searched."""
        ...

    def search(self, query: Query) -> SearchResult:
        """The products that fit a query, best first."""
        ...

    def refresh(self) -> object:
        """Goes over to the catalogue's newest version."""
        ...


class Guesses(Protocol):
    """What says which of its labels fit a picture or a text, best first."""

    def __call__(self, *, picture: bytes | None, text: str | None) -> Sequence[tuple[str, float]]: ...


class Labelling(Protocol):
    """Makes what tells labels apart, from the labels and from the products (rows of the catalogue) whose label is
    known, by its number."""

    def __call__(self, labels: Sequence[str], *, known: Mapping[int, int]) -> Guesses: ...


Masker = Callable[[bytes, Sequence[str]], np.ndarray]
"""A picture and words → (h, w) int: which word, from 1, every pixel shows; 0 is the background."""
Cutter = Callable[[bytes, Sequence[str]], bytes]
"""A picture and words → PNG with all but what they name transparent."""


class Shop:
    """A catalogue, its index, and what the model can do beside searching; None for what it cannot.

    Calls work and may take time: the server makes them in threads of its own. A catalogue that changes is read again
    beside the questions that go on (`renew`).
    """

    def __init__(
        self,
        index: Finds,
        *,
        model: str,
        labelling: Labelling | None = None,
        masker: Masker | None = None,
        cutter: Cutter | None = None,
    ) -> None:
        self._index = index
        self._model = model
        self._labelling, self._masker, self._cutter = labelling, masker, cutter
        self._shelf = Shelf(index.catalogue)
        self._examples = self._shelf.examples()
        self._preparer = ThreadPoolExecutor(1, thread_name_prefix="preparing")
        self._asked = self._prepared(self._shelf)
        self._thumbnails = Kept(most_bytes=_THUMBNAIL_BYTES)
        self._seen = self._state_on_disk()
        self._renewing: Future[None] | None = None
        self._renewer = ThreadPoolExecutor(1, thread_name_prefix="renewing")
        self._lock = threading.Lock()

    def renew(self) -> Future[None] | None:
        """Starts to read a newer version of the catalogue where there is one; what is under way, or None.

        Until it is done, the old version answers. One that cannot be read is logged, and the old one stays.
        """
        with self._lock:
            if self._renewing is not None and not self._renewing.done():
                return self._renewing
            state = self._state_on_disk()
            if state == self._seen:
                return None
            self._seen = state
            self._renewing = self._renewer.submit(self._renew)
            return self._renewing

    def close(self) -> None:
        """Waits for what is under way behind the shop, and begins nothing more of it."""
        for pool in (self._renewer, self._preparer):
            pool.shutdown(wait=True, cancel_futures=True)

    def health(self) -> Health:
        """Answers at once, whatever else is being done."""
        renewing = self._renewing
        return Health("open", renewing=renewing is not None and not renewing.done())

    def about(self) -> About:
        """What there is and what can be done."""
        abilities = Abilities(
            search=True,
            neighbours=True,
            labels=self._labelling is not None,
            masks=self._masker is not None,
            cutout=self._cutter is not None,
        )
        shelf = self._shelf
        return About(len(shelf), shelf.catalogue.digest[:12], self._model, abilities, self._examples)

    def facets(self, filters: Filters) -> Facets:
        """The filters and what each would leave."""
        return self._shelf.facets(filters)

    def search(self, wanted: Wanted) -> Found:
        """Products that fit, best first; all that pass the filters where nothing is asked for."""
        shelf = self._shelf
        matching = int(shelf.mask(wanted.filters).sum())
        end = wanted.skip + wanted.top
        if wanted.text is None and wanted.picture is None and wanted.like is None:
            rows = shelf.browse(wanted.filters)[: end + 1]
            products = shelf.catalogue.read(rows, pictures="none")
            hits = [Hit.of(each, row=int(row), score=0.0) for row, each in zip(rows, products, strict=True)]
        elif matching == 0:
            hits = []
        else:
            if wanted.like is not None:
                shelf.row(wanted.like)
            query = Query(
                text=wanted.text,
                picture=wanted.picture,
                like=wanted.like,
                where=shelf.where(wanted.filters),
                top=end + 2,
            )
            hits = [hit for hit in self._index.search(query).hits if hit.id != wanted.like]
        cards = self._cards(hits[wanted.skip : end], shelf=shelf)
        return Found(cards, matching, wanted.skip, is_more=len(hits) > end, catalogue=shelf.catalogue.digest[:12])

    def product(self, id_: str) -> ShownProduct:
        """Everything known of a product. Raises RefusedError (404) where there is none, as all that follow."""
        shelf = self._shelf
        row = shelf.row(id_)
        (product,) = shelf.catalogue.read([row], pictures="none")
        return ShownProduct(
            id=product.id,
            titles=product.titles,
            descriptions=product.descriptions,
            picture_count=int(shelf.picture_counts[row]),
            version=shelf.version(row),
            brand=product.brand,
            category=product.category,
            price=product.price,
            currency=product.currency,
            attributes=dict(product.attributes),
            nouns=_nouns(product),
        )

    def neighbours(self, id_: str, *, top: int) -> tuple[Card, ...]:
        """The products that are most like one."""
        return self.search(Wanted(like=id_, top=top)).cards

    def picture(self, id_: str, *, number: int) -> bytes:
        """A picture of a product, as the catalogue keeps it."""
        shelf = self._shelf
        row = shelf.row(id_)
        if not 0 <= number < shelf.picture_counts[row]:
            raise RefusedError(f"This product has no picture number {number}.", code="no_picture", status=404)
        return shelf.catalogue[row].pictures[number]

    def thumbnail(self, id_: str, *, number: int, width_px: int) -> bytes:
        """A picture of a product made small; kept, because it will be asked for again."""
        shelf = self._shelf
        name = f"{shelf.version(shelf.row(id_))} {number} {width_px}"
        kept = self._thumbnails.get(name)
        if kept is None:
            kept = small(self.picture(id_, number=number), width_px=width_px)
            self._thumbnails.put(name, kept)
        return kept

    def labels(self, id_: str, *, words: Sequence[str] = ()) -> Told:
        """What the model thinks a product is, beside what is known; with `words`, which of those fit it. Answers at
        once, with those questions that it has learnt to answer by now."""
        if self._labelling is None:
            raise _cannot("tell labels apart")
        shelf = self._shelf
        product = shelf.catalogue[shelf.row(id_)]
        if len(words) == 1:
            raise RefusedError("One label leaves nothing to choose: give two or more.", code="one_label", status=422)
        if words:
            yours = self._labelling(words, known={})
            return Told((Labels("yours", None, _guessed(yours, product)),), is_learning=False)
        asked = [(question, guesses) for question, guesses in self._asked if question.concerns(product)]
        labels = tuple(
            Labels(question.name, question.known(product), _guessed(guesses.result(), product))
            for question, guesses in asked
            if guesses.done() and not guesses.cancelled() and guesses.exception() is None
        )
        return Told(labels, is_learning=not all(guesses.done() for _, guesses in asked))

    def segment(self, picture: bytes, *, words: Sequence[str]) -> Mask:
        """Where in a picture each of some words is."""
        if self._masker is None:
            raise _cannot("say where in a picture something is")
        try:
            labels = self._masker(picture, words)
        except ValueError as error:
            raise _nothing_found(error) from error
        height, width = labels.shape
        regions = tuple(_region(word, number, labels) for number, word in enumerate(words, start=1))
        return Mask(width, height, regions, _runs(labels))

    def cutout(self, picture: bytes, *, words: Sequence[str]) -> bytes:
        """The picture as PNG without what the words do not name."""
        if self._cutter is None:
            raise _cannot("cut things out")
        try:
            return self._cutter(picture, words)
        except ValueError as error:
            raise _nothing_found(error) from error

    def _renew(self) -> None:
        try:
            self._index.refresh()
            shelf = Shelf(self._index.catalogue)
            examples, asked = shelf.examples(), self._prepared(shelf)
        except Exception:
            log.exception("the new version of the catalogue cannot be read; the one before it goes on answering")
            return
        self._shelf, self._examples, self._asked = shelf, examples, asked

    def _state_on_disk(self) -> tuple[int, int]:
        try:
            stat = manifest_path(self._index.catalogue.path).stat()
        except OSError:
            return (0, 0)
        return (stat.st_mtime_ns, stat.st_ino)

    def _cards(self, hits: Sequence[Hit], *, shelf: Shelf) -> tuple[Card, ...]:
        products = shelf.catalogue.read([shelf.row(hit.id) for hit in hits], pictures="none")
        cards = []
        for hit, product in zip(hits, products, strict=True):
            row = shelf.row(hit.id)
            cards.append(Card(hit, product.titles, int(shelf.picture_counts[row]), shelf.version(row)))
        return tuple(cards)

    def _prepared(self, shelf: Shelf) -> list[tuple[Question, Future[Guesses]]]:
        """What the catalogue itself asks about products. Learning to answer goes on while the shop is open."""
        if self._labelling is None:
            return []
        asked = []
        for each in questions(shelf):
            known = shelf.known(each.name, labels=each.labels)
            learning = self._preparer.submit(self._labelling, each.labels, known=known)
            learning.add_done_callback(_log_failure)
            asked.append((each, learning))
        return asked


def _guessed(guesses: Guesses, product: Product) -> tuple[Guess, ...]:
    picture = product.pictures[0] if product.pictures else None
    text = product.texts[0].text if product.texts else None
    return tuple(Guess(*guess) for guess in guesses(picture=picture, text=text)[:_MOST_GUESSES])


def _log_failure(learning: Future[Guesses]) -> None:
    if not learning.cancelled() and (error := learning.exception()) is not None:
        log.error("a question about products cannot be learnt, and is left out", exc_info=error)


def _cannot(what: str) -> RefusedError:
    return RefusedError(f"The model of this run cannot {what}: serve another run.", code="cannot", status=501)


def _nothing_found(error: ValueError) -> RefusedError:
    if isinstance(error, PictureError):
        return damaged()
    return RefusedError(f"This did not work on this picture: {error}.", code="nothing_found", status=422)


def _nouns(product: Product) -> tuple[str, ...]:
    """Words to look for in the product's pictures: what kind of thing it is, and what it is made of."""
    words = [product.attributes[name].lower() for name in _NOUN_ATTRIBUTES if name in product.attributes]
    kind = product.category[-1:] if not {"kind", "type"} & product.attributes.keys() else ()
    return tuple(dict.fromkeys([*(each.lower() for each in kind), *words]))


def _region(word: str, number: int, labels: np.ndarray) -> Region:
    here = labels == number
    return Region(word, number, float(here.mean()), box_of(here))


def _runs(labels: np.ndarray) -> tuple[int, ...]:
    flat = labels.ravel()
    starts = np.concatenate([[0], np.flatnonzero(np.diff(flat)) + 1])
    lengths = np.diff(np.concatenate([starts, [len(flat)]]))
    return tuple(np.stack([flat[starts], lengths], axis=1).ravel().tolist())
