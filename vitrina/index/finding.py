"""Which rows of a catalogue answer a query: by vectors, by words, or by both, among those that a filter leaves.

Filters come first: among the products that they leave, the best are found whatever stands outside. Words and meaning
are added as a weighted sum of BM25, as a share of the best match, and cosine (a convex combination found more than
reciprocal rank fusion in Bruch et al. 2023, and here: nDCG@10 of 78.3 in English and 57.0 in Spanish against 63.8 and
48.0 on the generated sample's queries).
"""

from dataclasses import dataclass

import numpy as np

from vitrina.index.engine import Matches
from vitrina.index.keeping import Kept
from vitrina.index.products import ProductVectors, top_rows

WORD_SHARE = 0.6
"""What words count beside meaning: of .3 to .9, .5 found most on real titles asked of pictures and facts (nDCG@10 67.4;
.6: 66.9, vectors alone 48.7, words alone 57.3), .8 on a generated sample with a weak model (85.0; .6: 83.0)."""

_WORD_MATCHES = 1000
_FEW = 2000
"""Of so few products the engine is told which they are."""
_COMPARED = 50_000
"""So many products are compared exactly where a filter leaves no more, also in a large catalogue."""
_MORE = 16


@dataclass(frozen=True)
class Asked:
    """A query as the index understands it: a vector (d,) of length one, terms, or both, where words count `word_share`;
    `mask` (n,) bool says which rows may be found; the row `without` never is."""

    vector: np.ndarray | None
    terms: tuple[str, ...]
    word_share: float
    top: int
    skip: int = 0
    mask: np.ndarray | None = None
    without: int | None = None


@dataclass(frozen=True)
class Found:
    """Rows and their scores, best first, and among how many products they were looked for."""

    rows: np.ndarray
    scores: np.ndarray
    searched: int


class Places:
    """In which row of a catalogue a product stands, by its digest."""

    def __init__(self, digests: np.ndarray) -> None:
        self.digests = digests
        self._first = _first_half(digests)
        self._order = np.argsort(self._first, kind="stable")
        self._sorted = self._first[self._order]

    def of(self, digests: np.ndarray) -> np.ndarray:
        """The rows (n,) of products, −1 for those that the catalogue does not hold."""
        if not len(digests) or not len(self._sorted):
            return np.full(len(digests), -1, dtype=np.int64)
        place = np.minimum(np.searchsorted(self._sorted, _first_half(digests)), len(self._sorted) - 1)
        rows = self._order[place]
        return np.where((self.digests[rows] == digests).all(axis=1), rows, -1)


def find(asked: Asked, *, products: ProductVectors, kept: Kept | None, places: Places) -> Found:
    """The best rows for a query. Words need `kept`."""
    count = len(products.has)
    mask = np.ones(count, dtype=bool) if asked.mask is None else asked.mask
    if asked.without is not None:
        mask = mask.copy()
        mask[asked.without] = False
    words = _Worded(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32))
    if asked.terms:
        assert kept is not None, "words are found by an engine"
        words = _find_words(asked, mask=mask, kept=kept, places=places)
    if asked.vector is None:
        best = top_rows(words.scores, top=asked.top, skip=asked.skip)
        return Found(words.rows[best], words.scores[best], searched=int(mask.sum()))
    searched = int((mask & products.has).sum())
    if kept is not None and kept.finds_near and int(mask.sum()) > _COMPARED:
        near = _find_near(asked, asked.vector, mask=mask, kept=kept, places=places)
        rows = np.unique(np.concatenate([near, words.rows]))
        scores = np.round(products.matrix[rows] @ asked.vector, 6)
        scores[~products.has[rows]] = -np.inf
    elif asked.mask is not None and searched < count // 4:
        rows = np.flatnonzero(mask)
        scores = np.round(products.matrix[rows] @ asked.vector, 6)
        scores[~products.has[rows]] = -np.inf
    else:
        rows = np.arange(count)
        scores = products.scores(asked.vector[None])[0]
        scores[~mask] = -np.inf
    if len(words.rows):
        scores = _added(rows, scores, words=words, share=asked.word_share)
    best = top_rows(scores, top=asked.top, skip=asked.skip)
    return Found(rows[best], scores[best], searched=searched)


@dataclass(frozen=True)
class _Worded:
    """Rows in rising order, and the BM25 score of each."""

    rows: np.ndarray
    scores: np.ndarray


def _find_words(asked: Asked, *, mask: np.ndarray, kept: Kept, places: Places) -> _Worded:
    terms = kept.translations.weighted(asked.terms)
    allowed = int(mask.sum())
    needed = min(allowed, max(_WORD_MATCHES // 4, asked.skip + asked.top))
    is_narrow = allowed <= min(_FEW, len(mask) // 2)  # a long list of what may be found costs more than it saves
    among = [bytes(each) for each in places.digests[mask]] if is_narrow else None
    limit = max(_WORD_MATCHES, 2 * needed)
    while True:
        matches = kept.engine.find_words(terms, limit=limit, among=among)
        found = _in_catalogue(matches, mask=mask, places=places)
        if matches.is_all or len(found.rows) >= needed:
            return found
        limit *= _MORE


def _find_near(asked: Asked, vector: np.ndarray, *, mask: np.ndarray, kept: Kept, places: Places) -> np.ndarray:
    """Rows that are near a vector: by the engine's index, which is asked for more the fewer a filter leaves."""
    needed = min(int(mask.sum()), asked.skip + asked.top + _WORD_MATCHES // 10)
    limit = needed + int(needed / max(mask.mean(), 1e-3)) if asked.mask is not None else needed
    while True:
        matches = kept.engine.find_near(vector, limit=limit)
        found = _in_catalogue(matches, mask=mask, places=places)
        if matches.is_all or len(found.rows) >= needed:
            return found.rows
        limit *= _MORE


def _in_catalogue(matches: Matches, *, mask: np.ndarray, places: Places) -> _Worded:
    """What of the matches the catalogue holds and the filter leaves: an engine may know more products, or fewer."""
    rows = places.of(matches.digests)
    is_allowed = rows >= 0
    is_allowed[is_allowed] = mask[rows[is_allowed]]
    rows, scores = rows[is_allowed], matches.scores[is_allowed]
    order = np.argsort(rows)
    return _Worded(rows[order], scores[order])


def _added(rows: np.ndarray, scores: np.ndarray, *, words: _Worded, share: float) -> np.ndarray:
    """Scores of `rows` (rising) with words; a product with nothing to compare is found by its words alone."""
    total = (1.0 - share) * scores
    at = np.searchsorted(rows, words.rows)
    meaning = total[at]
    shares = share * words.scores / max(float(words.scores.max()), 1e-12)
    total[at] = np.where(np.isfinite(meaning), meaning, 0.0) + shares
    return np.round(total, 6)


def _first_half(digests: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(digests[:, :8]).view("<u8").reshape(-1)
