"""Search a catalogue by meaning and by words: texts, pictures, both at once, or "more like this"; with filters."""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vitrina.catalogue.pictures import canonicalise
from vitrina.catalogue.store import Catalogue
from vitrina.catalogue.where import attribute_names, check_attributes, parse_condition
from vitrina.evaluation.fingerprint import model_digest
from vitrina.index.engine import DamagedError
from vitrina.index.finding import WORD_SHARE, Asked, Found, Places, find
from vitrina.index.in_use import Held
from vitrina.index.keeping import Kept, keep, row_digests
from vitrina.index.lance import import_lancedb
from vitrina.index.products import ProductVectors, mixed, top_rows
from vitrina.index.result import Hit, Mode, SearchResult
from vitrina.index.vectors import VectorIndex
from vitrina.index.words import is_unicode, terms
from vitrina.tasks.abilities import EmbedsBoth
from vitrina.training.load import load_embedding, weights_of

PICTURE_SHARE = 0.5
"""What a picture counts beside words: of 0, .2 … .7, 1 it found most on pairs of generated products of one kind and
two colours ("this one, but red": nDCG@10 25.7 against 25.4 at .4 and 17.5 at .6)."""

_MOST_MASKS = 32
_SCORES_AT_ONCE = 1 << 24


@dataclass(frozen=True)
class Query:
    """What is looked for: a `text`, a `picture` (encoded), products `like` the one with this id, or words with one of
    the two; `where` is a condition as in `vitrina.catalogue.where`.

    `mode` None is hybrid where there are words to find and an index to find them in, else vector. `picture_share` says
    how much the picture counts beside words. The first `skip` hits are left out.
    """

    text: str | None = None
    picture: bytes | None = None
    like: str | None = None
    where: str | None = None
    mode: Mode | None = None
    top: int = 10
    skip: int = 0
    picture_share: float = PICTURE_SHARE

    def __post_init__(self) -> None:
        if self.text is not None and not self.text.strip():
            raise ValueError("The text to search by is empty: write what you are looking for.")
        if self.text is not None and not is_unicode(self.text):
            raise ValueError(f"The text to search by, {self.text!r}, is no text in UTF-8: write it otherwise.")
        if self.text is None and self.picture is None and self.like is None:
            raise ValueError("There is nothing to search by: give a text, a picture or a product's id.")
        if self.picture is not None and self.like is not None:
            raise ValueError("Search by a picture or by a product that there is, not by both.")
        if self.mode == "text" and self.text is None:
            raise ValueError("Search by words needs a text: give one, or search by vectors.")
        if self.top < 1:
            raise ValueError(f"top is {self.top}: ask for at least one product.")
        if self.skip < 0:
            raise ValueError(f"skip is {self.skip}: it cannot be less than none.")
        if not 0.0 <= self.picture_share <= 1.0:
            raise ValueError(f"picture_share is {self.picture_share}: it lies between 0 and 1.")


@dataclass(frozen=True)
class Loaded:
    """A model that embeds texts and pictures, its digest, and what its weights were read from."""

    model: EmbedsBoth
    digest: str
    source: tuple[str, int]


@dataclass(frozen=True)
class _State:
    """Everything that a search needs, of one model and one state of the catalogue."""

    loaded: Loaded
    catalogue: Catalogue
    facts: pa.Table
    vectors: VectorIndex
    products: ProductVectors
    kept: Kept | None
    places: Places
    held: Held


class Index:
    """A catalogue that can be searched with the model of a run; safe to use from several threads.

    What it answers is of one model and one state of the catalogue. `refresh` follows both: what is new is made beside
    the old, which answers meanwhile, and then takes its place at once.

    >>> index = Index.open("runs/clip", catalogue="shop")  # doctest: +SKIP
    >>> index.search(Query(text="red shoes", where="price < 50")).hits[0].title  # doctest: +SKIP
    'Red running shoes'
    """

    def __init__(self, find_model: Callable[[Loaded | None], Loaded], *, catalogue: Path, folder: Path) -> None:
        self._find_model, self._path, self._folder = find_model, catalogue, folder
        self._refreshing = threading.Lock()
        self._masks: OrderedDict[tuple[str, str], np.ndarray] = OrderedDict()
        self._masking = threading.Lock()
        self._state = self._made(None)

    @classmethod
    def open(
        cls, run: str | os.PathLike[str], *, catalogue: str | os.PathLike[str], folder: Path | None = None
    ) -> Self:
        """The index of a catalogue under the model of a run, kept in `folder` (RUN/index); what is new is embedded.

        Raises ValueError where there is no such run or catalogue, the catalogue is empty, or the model embeds nothing.
        """
        path = Path(catalogue)
        Catalogue.open(path)  # before the model, which takes longer
        return cls(
            lambda before: _loaded(Path(run), before=before), catalogue=path, folder=folder or index_folder(Path(run))
        )

    @property
    def model(self) -> EmbedsBoth:
        """The model that answers."""
        return self._state.loaded.model

    @property
    def catalogue(self) -> Catalogue:
        """The state of the catalogue that is searched."""
        return self._state.catalogue

    @property
    def vectors(self) -> VectorIndex:
        """The vectors of the catalogue's pictures and texts, by row."""
        return self._state.vectors

    @property
    def products(self) -> ProductVectors:
        """One vector for each product, by row."""
        return self._state.products

    @property
    def has_words(self) -> bool:
        """Whether there is a full-text index: LanceDB is installed."""
        return self._state.kept is not None

    def refresh(self) -> bool:
        """Follow the catalogue and the run: embed what is new, drop what is gone, take up newer weights. Whether
        anything was. Searches go on meanwhile, on what was there before."""
        with self._refreshing:
            before = self._state
            self._state = self._made(before)
            return self._state is not before

    def search(self, query: Query) -> SearchResult:
        """The products that fit a query best, of equal ones the one that stands first in the catalogue.

        Raises ValueError for an unknown id, a condition or a picture that cannot be read; ImportError, saying what to
        install, where words cannot be searched.
        """
        state = self._state
        try:
            return self._answer(query, state=state)
        except DamagedError:
            return self._answer(query, state=self._mended(state))

    def _answer(self, query: Query, *, state: _State) -> SearchResult:
        mode = _mode(query, has_words=state.kept is not None)
        asked = Asked(
            vector=None if mode == "text" else _vector(query, state=state),
            terms=() if mode == "vector" or query.text is None else tuple(terms(query.text)),
            word_share=WORD_SHARE * (1.0 - _share_of_picture(query)),
            mask=None if query.where is None else self._mask(query.where, state=state),
            without=None if query.like is None else _row(query.like, state=state),
            top=query.top,
            skip=query.skip,
        )
        found = find(asked, products=state.products, kept=state.kept, places=state.places)
        return _shown(found, query=query, mode=mode, state=state)

    def search_many(self, texts: Sequence[str], *, mode: Mode, top: int) -> list[np.ndarray]:
        """The best rows for each of many texts, best first: as `search` finds them, but embedded and compared together.

        Raises ImportError, saying what to install, where words cannot be searched.
        """
        state = self._state
        try:
            return self._answer_many(texts, mode=mode, top=top, state=state)
        except DamagedError:
            return self._answer_many(texts, mode=mode, top=top, state=self._mended(state))

    def _answer_many(self, texts: Sequence[str], *, mode: Mode, top: int, state: _State) -> list[np.ndarray]:
        modes = [_mode(Query(text=text, mode=mode), has_words=state.kept is not None) for text in texts]
        vectors = state.products.of_texts(state.loaded.model.embed_texts(texts)) if mode != "text" else None
        if vectors is not None and not any(each == "hybrid" for each in modes) and not _is_near(state.kept):
            return _best_of_many(vectors, products=state.products, top=top)
        found = []
        for number, (text, each) in enumerate(zip(texts, modes, strict=True)):
            asked = Asked(
                vector=None if vectors is None else vectors[number],
                terms=() if each == "vector" else tuple(terms(text)),
                word_share=WORD_SHARE,
                top=top,
            )
            found.append(find(asked, products=state.products, kept=state.kept, places=state.places).rows)
        return found

    def _mended(self, state: _State) -> _State:
        """The newest state, with an engine made anew where it still has that of `state`."""
        with self._refreshing:
            if self._state.kept is state.kept:
                kept = keep(
                    state.held.folder,
                    catalogue=state.catalogue,
                    vectors=state.vectors,
                    model_digest=state.loaded.digest,
                    anew=True,
                )
                self._state = replace(state, products=kept.products, kept=kept)
            return self._state

    def _made(self, before: _State | None) -> _State:
        catalogue = Catalogue.open(self._path)
        loaded = self._find_model(None if before is None else before.loaded)
        if before is not None and (catalogue.digest, loaded) == (before.catalogue.digest, before.loaded):
            return before
        held = Held(self._folder / loaded.digest[:16])
        vectors = VectorIndex.open(catalogue, model=loaded.model, digest=loaded.digest, folder=self._folder)
        try:
            kept = keep(held.folder, catalogue=catalogue, vectors=vectors, model_digest=loaded.digest)
        except ImportError:
            kept = None
        products = ProductVectors.of(vectors) if kept is None else kept.products
        facts = catalogue.facts()
        return _State(loaded, catalogue, facts, vectors, products, kept, Places(row_digests(catalogue)), held)

    def _mask(self, where: str, *, state: _State) -> np.ndarray:
        """Of which rows a condition holds; the last few are remembered."""
        key = (state.catalogue.digest, where)
        with self._masking:
            if key in self._masks:
                self._masks.move_to_end(key)
                return self._masks[key]
        condition = parse_condition(where)
        batches = state.facts.to_batches()
        if condition.attributes:
            check_attributes(condition, known=set().union(*(attribute_names(batch) for batch in batches)))
        mask = np.concatenate([condition.mask(batch) for batch in batches])
        with self._masking:
            self._masks[key] = mask
            while len(self._masks) > _MOST_MASKS:
                self._masks.popitem(last=False)
        return mask


def search(
    run: str | os.PathLike[str],
    *,
    catalogue: str | os.PathLike[str],
    text: str | None = None,
    image: str | os.PathLike[str] | None = None,
    top: int = 10,
    skip: int = 0,
    mode: Mode | None = None,
    where: str | None = None,
    picture_share: float = PICTURE_SHARE,
) -> SearchResult:
    """The `top` products of a catalogue that fit a text, a picture in a file, or both, by the model of a run.

    Raises ValueError, or FileNotFoundError for a missing picture, where there is nothing to search by or in.

    >>> search("runs/flava", catalogue="shop", text="zapatillas rojas").hits[0].title  # doctest: +SKIP
    'Zapatillas deportivas rojas'
    """
    if text is None and image is None:
        raise ValueError("There is nothing to search by: give a text, a picture, or both.")
    picture = None if image is None else _read_picture(Path(image))
    query = Query(text=text, picture=picture, where=where, mode=mode, top=top, skip=skip, picture_share=picture_share)
    if mode in ("text", "hybrid"):
        import_lancedb()
    found = Index.open(run, catalogue=catalogue).search(query)
    if image is None:
        return found
    return replace(found, query=found.query.replace("a picture", f"picture {Path(image).name}"))


def index_folder(run: Path, *, name: str = "index") -> Path:
    """Where what is embedded is kept: in a run, or beside a weights file."""
    return run / name if run.is_dir() else run.with_name(f"{run.name}-{name}")


def _loaded(run: Path, *, before: Loaded | None) -> Loaded:
    """The model of a run, the same as before where its weights are."""
    weights = weights_of(run) if run.is_dir() else run
    source = (str(weights), weights.stat().st_mtime_ns if weights.exists() else 0)
    if before is not None and before.source == source:
        return before
    model = load_embedding(weights)
    return Loaded(model, model_digest(model, inputs=model.inputs), source)


def _mode(query: Query, *, has_words: bool) -> Mode:
    """How a query is answered; ImportError where it asks for words and they cannot be searched."""
    if query.mode == "vector" or query.text is None:
        return "vector"
    if not has_words:
        if query.mode is not None:
            import_lancedb()
        return "vector"
    if query.mode == "text":
        return "text"
    return "hybrid" if terms(query.text) else "vector"


def _vector(query: Query, *, state: _State) -> np.ndarray:
    """The query (d,) of length one: what is like it, and what words say of it."""
    products, model = state.products, state.loaded.model
    share = _share_of_picture(query)
    parts: list[tuple[float, np.ndarray]] = []
    if query.picture is not None:
        parts.append((share, products.of_pictures(model.embed_images([query.picture]))[0]))
    if query.like is not None:
        parts.append((share, products.matrix[_row(query.like, state=state)]))
    if query.text is not None:
        parts.append((1.0 - share, products.of_texts(model.embed_texts([query.text]))[0]))
    return mixed(parts)


def _share_of_picture(query: Query) -> float:
    if query.picture is None and query.like is None:
        return 0.0
    return 1.0 if query.text is None else query.picture_share


def _row(id_: str, *, state: _State) -> int:
    row = pc.index(state.facts["id"], value=id_).as_py()
    if row < 0:
        raise ValueError(f"{state.catalogue.path} has no product with the id {id_!r}.")
    return row


def _is_near(kept: Kept | None) -> bool:
    return kept is not None and kept.finds_near


def _best_of_many(vectors: np.ndarray, *, products: ProductVectors, top: int) -> list[np.ndarray]:
    step = max(1, _SCORES_AT_ONCE // max(1, len(products.has)))
    return [
        top_rows(scores, top=top)
        for start in range(0, len(vectors), step)
        for scores in products.scores(vectors[start : start + step])
    ]


def _shown(found: Found, *, query: Query, mode: Mode, state: _State) -> SearchResult:
    products = state.catalogue.read(found.rows, pictures="none")
    hits = [
        Hit.of(product, row=int(row), score=float(score))
        for row, score, product in zip(found.rows, found.scores, products, strict=True)
    ]
    named = [f"“{query.text}”"] * (query.text is not None) + ["a picture"] * (query.picture is not None)
    named += [f"like {query.like}"] * (query.like is not None)
    words = " and ".join(named) + (f" where {query.where}" if query.where else "")
    notes = state.vectors.notes
    if state.kept is None and query.mode is None and query.text is not None:
        notes = (*notes, "By meaning only: for codes and exact words as well, pip install 'vitrina[index]'.")
    return SearchResult(words, tuple(hits), found.searched, notes, mode=mode, skipped=query.skip)


def _read_picture(path: Path) -> bytes:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not a file: name a picture to search by.")
    try:
        return canonicalise(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path} cannot be read as a picture: {error}; name a JPEG, PNG or WebP file") from error
