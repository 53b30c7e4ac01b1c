"""Clusters of equal and nearly equal pictures and texts, and which of them reach over a split."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from tqdm import tqdm

from vitrina.catalogue.store import Catalogue
from vitrina.inspection.duplicates import Clusters, Pairs, Unions, agreeing, by_bands, closer, grouped, verified
from vitrina.inspection.looks import PictureArrays
from vitrina.inspection.pictures import thumbnail
from vitrina.inspection.result import Leak, Repeats
from vitrina.inspection.shingles import ALIKE, FEWEST_COMMON, likeness
from vitrina.inspection.texts import TextArrays

NEAR_BITS = 10
NEAR_SHARE, NEAR_P90 = 0.2, 24.0
"""Two pictures whose hashes differ in at most 10 of 128 bits are compared as squares of 32 pixels, where either differs
from its background (the median colour): they are nearly equal where their colours differ there by at most a fifth of
what they differ from the background by, and by 24 levels at the 90th percentile. The background has no say, as most
of a product's picture is white.

Measured on pictures of 96 to 224 pixels: a picture finds itself again in over 97 of 100 cases when recompressed at
quality 50, made 6 % lighter, or scaled to 70 % (of 60 pixels: in a third of the cases). Cropped or mirrored ones count
as others. Distinct products that are accused differ in little but a shade, as lipsticks do."""

_THUMBNAIL_PX = 32
_FOREGROUND = 20
_READ_TOGETHER = 256


@dataclass(frozen=True)
class Group:
    """The products (`rows`, ascending) of one cluster, and for each the number of the picture to show (k,)."""

    rows: np.ndarray
    pictures: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Found:
    """Clusters of one kind (`key`, `title`): `rows` (m,) are the products of the clusters' `members`, `pictures` (m,)
    the pictures that are the same, or the first ones where texts are."""

    key: str
    title: str
    clusters: Clusters
    rows: np.ndarray
    pictures: np.ndarray

    def products(self, cluster: np.ndarray) -> np.ndarray:
        """The distinct rows of one cluster's members, ascending."""
        return np.unique(self.rows[cluster])

    def groups(self) -> list[Group]:
        """The clusters by their products, the largest first."""
        found = []
        for cluster in self.clusters:
            rows, firsts = np.unique(self.rows[cluster], return_index=True)
            found.append(Group(rows, self.pictures[cluster][firsts]))
        return largest_first(found)

    def summary(self) -> Repeats:
        every = [len(self.products(cluster)) for cluster in self.clusters]
        return Repeats(
            key=self.key,
            title=self.title,
            clusters=len(self.clusters),
            members=len(self.clusters.members),
            products=len(np.unique(self.rows[self.clusters.members])) if len(self.clusters) else 0,
            surplus=len(self.clusters.members) - len(self.clusters),
            largest=tuple(sorted(every, reverse=True)[:5]),
        )


def repeated_texts(texts: TextArrays, *, catalogue: Catalogue) -> list[Found]:
    """Equal titles, equal descriptions, and descriptions that are nearly equal; each over two products or more."""
    # Two products are no twins for a title of “-”.
    titles = np.flatnonzero(texts.is_title & texts.is_said)
    descriptions = np.flatnonzero(~texts.is_title & texts.is_said)

    def equal(chosen: np.ndarray, *, key: str, title: str) -> Found:
        rows = texts.rows[chosen]
        return _several_products(Found(key, title, grouped(texts.keys[chosen]), rows, np.zeros_like(rows)))

    found = [
        equal(titles, key="title_equal", title="The same title"),
        equal(descriptions, key="description_equal", title="The same description"),
    ]
    # Equal texts stand for each other, so that only different ones are compared.
    _, firsts = np.unique(texts.keys[descriptions], return_index=True)
    chosen = descriptions[firsts]
    signed = np.cumsum(~texts.is_title)[chosen] - 1
    is_long = texts.signatures.is_long[signed]
    chosen, signed = chosen[is_long], signed[is_long]
    bands, sketches = texts.signatures.bands[signed], texts.signatures.sketches[signed]
    unions = Unions(len(chosen))
    rows, numbers = texts.rows[chosen], texts.numbers[chosen]

    def is_same(pairs: Pairs) -> np.ndarray:
        read = _read_texts(catalogue, rows=rows, numbers=numbers, pairs=pairs)
        return np.array([likeness(one, other) >= ALIKE for one, other in read])

    candidates = (agreeing(pairs, sketches=sketches, least=FEWEST_COMMON) for pairs in by_bands(bands))
    verified(_with_bar(candidates, name="near texts"), unions=unions, is_same=is_same)
    near = Found("description_near", "Nearly the same description", unions.clusters(), rows, np.zeros_like(rows))
    return [*found, _several_products(near)]


def repeated_pictures(pictures: PictureArrays, *, catalogue: Catalogue) -> list[Found]:
    """Equal pictures, and pictures that are equal or nearly so; each over two products or more."""
    chosen = np.flatnonzero(pictures.can_compare)
    rows, numbers, looks = pictures.rows[chosen], pictures.numbers[chosen], pictures.looks[chosen]
    contents = pictures.contents[chosen]
    equal = Found("picture_equal", "The same picture", grouped(contents), rows, numbers)
    unions = Unions(len(chosen))
    unions.join_all(contents)
    # One of each group of equal pictures is enough to find what is near all of them.
    _, firsts = np.unique(contents, return_index=True)

    def candidates() -> Iterator[Pairs]:
        for pairs in by_bands(looks[firsts].view(np.uint16)):
            near = closer(pairs, looks=looks[firsts], bits=NEAR_BITS)
            yield Pairs(firsts[near.first], firsts[near.second])

    def is_same(pairs: Pairs) -> np.ndarray:
        return _alike_pictures(catalogue, rows=rows, numbers=numbers, pairs=pairs)

    verified(_with_bar(candidates(), name="near pictures"), unions=unions, is_same=is_same)
    near = Found("picture_near", "The same or nearly the same picture", unions.clusters(), rows, numbers)
    return [_several_products(equal), _several_products(near)]


def leaks(found: Found, *, splits: np.ndarray, names: list[str]) -> list[Leak]:
    """How many products of each other split have a twin in `train`; `splits` (n,) index `names`."""
    if "train" not in names:
        return []
    train = names.index("train")
    # A cluster leaks where it holds training products; then all its other products are known from training.
    of_cluster = np.repeat(np.arange(len(found.clusters)), found.clusters.sizes())
    rows = found.rows[found.clusters.members]
    in_train = np.zeros(len(found.clusters), bool)
    in_train[of_cluster[splits[rows] == train]] = True
    known = np.unique(rows[in_train[of_cluster]])
    return [
        Leak(name, found.title, int((splits[known] == number).sum()), int((splits == number).sum()))
        for number, name in enumerate(names)
        if number != train
    ]


def largest_first(groups: Iterable[Group]) -> list[Group]:
    """Ordered by how many products they have, then by their first."""
    return sorted(groups, key=lambda group: (-len(group), int(group.rows[0])))


def _several_products(found: Found) -> Found:
    """Without the clusters that lie within one product."""
    kept = [cluster for cluster in found.clusters if len(found.products(cluster)) > 1]
    members = np.concatenate(kept) if kept else np.zeros(0, np.int64)
    starts = np.concatenate([[0], np.cumsum([len(cluster) for cluster in kept], dtype=np.int64)])
    return replace(found, clusters=Clusters(members, starts.astype(np.int64)))


def _read_texts(catalogue: Catalogue, *, rows: np.ndarray, numbers: np.ndarray, pairs: Pairs) -> list[tuple[str, str]]:
    members = np.unique(np.concatenate([pairs.first, pairs.second]))
    products = catalogue.read(rows[members], pictures="none")
    texts = {
        member: product.texts[number].text
        for member, number, product in zip(members.tolist(), numbers[members].tolist(), products, strict=True)
    }
    return [(texts[one], texts[other]) for one, other in zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)]


def _alike_pictures(catalogue: Catalogue, *, rows: np.ndarray, numbers: np.ndarray, pairs: Pairs) -> np.ndarray:
    members = np.unique(np.concatenate([pairs.first, pairs.second]))
    squares: dict[int, np.ndarray] = {}
    for start in range(0, len(members), _READ_TOGETHER):
        part = members[start : start + _READ_TOGETHER]
        for member, product in zip(part.tolist(), catalogue.read(rows[part]), strict=True):
            square = thumbnail(product.pictures[numbers[member]], side=_THUMBNAIL_PX)
            squares[member] = square - np.median(square, axis=(0, 1))
    return np.array(
        [
            _is_near(squares[one], squares[other])
            for one, other in zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)
        ]
    )


def _is_near(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two squares (32, 32, 3), their backgrounds taken off, show the same."""
    differences = np.abs(one - other).max(2).ravel()
    shown = np.maximum(np.abs(one).max(2), np.abs(other).max(2)).ravel()
    count = max(int((shown > _FOREGROUND).sum()), shown.size // 10)
    front = np.argpartition(shown, -count)[-count:]
    is_alike = differences[front].sum() <= NEAR_SHARE * max(float(shown[front].sum()), 1.0)
    return bool(is_alike and np.percentile(differences[front], 90) <= NEAR_P90)


def _with_bar(blocks: Iterable[Pairs], *, name: str) -> Iterator[Pairs]:
    return iter(tqdm(blocks, desc=name, unit="block", disable=None, delay=2))
