"""Shown: the pictures of a batch as pixels; one that cannot be read gives way to another, always the same."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from vitrina.catalogue.product import Product
from vitrina.data.builder import draw
from vitrina.data.draws import integers
from vitrina.data.fields import draw_several
from vitrina.data.pictures import PLAIN, Augment, PictureGeometry, View, decode, fixed_views, fresh_views, view_numbers
from vitrina.data.plan import Plan
from vitrina.data.sources import KINDS, Kind, Source
from vitrina.data.stock import Stock

_log = logging.getLogger(__name__)

# Other products that are tried in the place of one without a readable picture.
_SUBSTITUTES = 64


@dataclass(frozen=True)
class Shown:
    """The rows of a batch (b) with a picture each, and m further ones where several were asked for.

    `keys` (b, 3) and `products` are those shown, substitutes included; `pictures` and `views` (b,) int64 say which
    picture in which view, and `pixels` (b + m, 3, h, w) uint8 what is seen. `more_rows` (m,) are the rows of the
    further pictures, ascending, and `more_keys` (m, 4) the keys of these rows with the pictures' places among theirs.
    """

    keys: np.ndarray
    products: list[Product]
    pictures: np.ndarray
    views: np.ndarray
    pixels: Tensor
    more_rows: np.ndarray
    more_keys: np.ndarray


class PictureReader:
    """Shows the drawn picture of each row in its view.

    In the place of a picture that cannot be read it shows the product's next one; where the product has none, another
    product of the same source, domain and epoch, drawn by the row's key. Each such product is logged once; more than
    `error_budget` of them raise ValueError.
    """

    def __init__(
        self,
        stock: Stock,
        sources: Mapping[Kind, Source],
        *,
        plan: Plan,
        geometry: PictureGeometry,
        augment: Augment,
        seed: int,
        error_budget: int,
    ) -> None:
        self._stock = stock
        self._sources = sources
        self._plan = plan
        self._geometry = geometry
        self._augment = augment
        self._seed = seed
        self._error_budget = error_budget
        self._unreadable: set[int] = set()
        self._lock = threading.Lock()

    def show(self, keys: np.ndarray, *, domain: str | None, pictures_each: int = 1) -> Shown:
        """Pictures for `keys` (b, 3) of one source, and of one domain where these are told apart, read together.

        Of a product with several up to `pictures_each` different ones are shown; a further one that cannot be read is
        left out.
        """
        keys = keys.copy()
        products = self._stock.read(keys[:, 2])
        pictures = draw(self._seed, keys, products=products).pictures
        side = self._geometry.size_px
        pixels = torch.empty((len(keys), 3, side, side), dtype=torch.uint8)
        for row, view in enumerate(self._views(keys, pictures=pictures)):
            seen = self._decode(keys[row], product=products[row], picture=int(pictures[row]), view=view)
            if seen is None:
                substitute = self._substitute(keys[row], domain=domain)
                keys[row], products[row] = substitute.keys[0], substitute.products[0]
                pictures[row], seen = substitute.pictures[0], substitute.pixels[0]
            pixels[row] = seen
        shown = _alone(keys, products, pictures, self._view_numbers(keys, pictures=pictures), pixels)
        return shown if pictures_each == 1 else self._with_more(shown, each=pictures_each)

    def _with_more(self, shown: Shown, *, each: int) -> Shown:
        """Further pictures of each row's product behind the first ones."""
        counts = np.array([len(product.pictures) for product in shown.products], dtype=np.int64)
        # A picture that stands in for a damaged one is not shown twice: the damaged one is tried for it, and left out.
        drawn = draw_several(self._seed, shown.keys, name="picture", counts=counts, most=each)
        drawn = np.where(drawn == shown.pictures[:, None], drawn[:, :1], drawn)[:, 1:]
        rows, places = np.nonzero(drawn >= 0)
        keys = np.column_stack([shown.keys[rows], places + 1])
        pictures = drawn[rows, places]
        found: list[Tensor] = []
        is_seen = np.zeros(len(rows), dtype=bool)
        for number, view in enumerate(self._views(keys, pictures=pictures)):
            product = shown.products[rows[number]]
            seen = self._decode(keys[number], product=product, picture=int(pictures[number]), view=view)
            if seen is not None:
                is_seen[number] = True
                found.append(seen)
        pixels = torch.cat([shown.pixels, torch.stack(found)]) if found else shown.pixels
        return replace(shown, pixels=pixels, more_rows=rows[is_seen], more_keys=keys[is_seen])

    def _views(self, keys: np.ndarray, *, pictures: np.ndarray) -> list[View]:
        if not self._augment.moves:
            return [PLAIN] * len(keys)
        if self._augment.views is None:
            return fresh_views(self._augment, keys, seed=self._seed)
        numbers = self._view_numbers(keys, pictures=pictures)
        return fixed_views(self._augment, np.stack([keys[:, 2], pictures, numbers], axis=1), seed=self._seed)

    def _view_numbers(self, keys: np.ndarray, *, pictures: np.ndarray) -> np.ndarray:
        if not self._augment.moves or self._augment.views is None:
            return np.zeros(len(keys), dtype=np.int64)
        rows = np.stack([keys[:, 2], pictures], axis=1)
        return view_numbers(self._augment, rows, epochs=keys[:, 1], seed=self._seed)

    def _decode(self, key: np.ndarray, *, product: Product, picture: int, view: View) -> Tensor | None:
        try:
            return torch.from_numpy(decode(product.pictures[picture], geometry=self._geometry, view=view))
        except ValueError as error:
            self._note(int(key[2]), product=product, picture=picture, error=error)
            return None

    def _substitute(self, key: np.ndarray, *, domain: str | None) -> Shown:
        kind = KINDS[int(key[0])]
        rows = self._sources[kind].rows
        if domain is not None:
            rows = rows[self._plan.members(kind, domain=domain)]
        drawn = integers(self._seed, key[None], name="substitute", below=len(rows), shape=(_SUBSTITUTES,))[0]
        for row in [int(key[2]), *rows[drawn].tolist()]:
            other = np.array([[key[0], key[1], row]], dtype=np.int64)
            products = self._stock.read(other[:, 2])
            first = draw(self._seed, other, products=products).pictures
            for offset in range(len(products[0].pictures)):
                picture = (first + offset) % len(products[0].pictures)
                view = self._views(other, pictures=picture)[0]
                seen = self._decode(other[0], product=products[0], picture=int(picture[0]), view=view)
                if seen is not None:
                    return _alone(other, products, picture, self._view_numbers(other, pictures=picture), seen[None])
        raise ValueError(
            f"Neither {self._stock.where(int(key[2]))} nor {_SUBSTITUTES} other products have a picture that can be "
            "read: the catalogue is damaged, ingest it again."
        )

    def _note(self, row: int, *, product: Product, picture: int, error: ValueError) -> None:
        with self._lock:
            if row in self._unreadable:
                return
            self._unreadable.add(row)
            count = len(self._unreadable)
        what = f"Picture {picture} of product {product.id!r} ({self._stock.where(row)}) cannot be read: {error}"
        _log.warning("%s; another one takes its place.", what)
        if count > self._error_budget:
            raise ValueError(
                f"{count} products have pictures that cannot be read, more than the {self._error_budget} allowed. "
                f"The last: {what}. The catalogue is damaged: ingest it again."
            )


def _alone(keys: np.ndarray, products: list[Product], pictures: np.ndarray, views: np.ndarray, pixels: Tensor) -> Shown:
    """Rows with one picture each."""
    none = np.zeros(0, dtype=np.int64)
    return Shown(keys, products, pictures, views, pixels, more_rows=none, more_keys=none.reshape(0, 4))
