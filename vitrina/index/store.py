"""Vectors on the disk: segments that are written whole and never changed, found by what a product's content is.

    RUN/index/<model>/segment-<digest>.safetensors    keys, vectors of pictures, vectors of texts, who has any
    RUN/index/<model>/rows-<catalogue>.safetensors    the key of every row of a catalogue
    RUN/index/<model>/words-…                         what finds words, see `vitrina.index.keeping`

A product's *key* is the digest of its texts and pictures: a new price does not make its vectors new. A process that
is killed leaves the segments that it finished; two processes at once do the same work twice and nothing worse. Vectors
are read from the files where they are asked for, and never held.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
from safetensors import SafetensorError

from vitrina.catalogue.product import Product
from vitrina.index.in_use import remove_unused
from vitrina.index.mapped import Blocks, mapped, write_blocks

KEY_BYTES = 16

_MOST_SEGMENTS = 32
_MOST_ROW_FILES = 8
_READ_ATTEMPTS = 5
_OF_SEGMENTS = ("keys", "pictures", "texts", "has_picture", "has_text")
_OF_ROWS = ("digests", "keys")


@dataclass(frozen=True)
class Segment:
    """A file with the vectors of n products: `keys` (n, 16) uint8; `pictures`, `texts` (n, d) float32, of length one
    where the product has any (`has_picture`, `has_text` (n,) bool) and zero where it has none."""

    path: Path
    keys: np.ndarray
    pictures: np.ndarray
    texts: np.ndarray
    has_picture: np.ndarray
    has_text: np.ndarray

    def __len__(self) -> int:
        return len(self.keys)


def content_key(product: Product) -> bytes:
    """16 bytes that identify the texts and pictures of a product, in their order."""
    digest = blake2b(digest_size=KEY_BYTES)
    for kind, parts in (
        (b"t", [text.text.encode("utf-8", "surrogatepass") for text in product.texts]),
        (b"p", product.pictures),
    ):
        for part in parts:
            digest.update(kind + len(part).to_bytes(8, "little"))
            digest.update(part)
    return digest.digest()


class VectorStore:
    """The vectors that one model has computed, in `folder`/<model digest>.

    `notes` says in words what was damaged and thrown away.
    """

    def __init__(self, folder: Path, *, model_digest: str) -> None:
        self.folder = folder / model_digest[:16]
        self.notes: list[str] = []

    def read(self) -> list[Segment]:
        """All that there is; where segments are many, the small ones are merged on the way."""
        found = self._segments()
        if len(found) <= _MOST_SEGMENTS:
            return found
        # What holds half of all stays as it is: to add little to much does not write much again.
        small = [each for each in found if 2 * len(each) <= sum(map(len, found))]
        merged = self._write(small)
        for segment in small:
            if segment.path != merged:
                segment.path.unlink(missing_ok=True)
        return self._segments()

    def write(self, keys: np.ndarray, *, pictures: np.ndarray, texts: np.ndarray) -> None:
        """Add the vectors (n, d) of products with these keys (n, 16); they stand on the disk when this returns."""
        has = np.any(pictures, axis=1), np.any(texts, axis=1)
        self._write([Segment(Path(), keys, pictures, texts, *has)])

    def _write(self, parts: Sequence[Segment]) -> Path:
        name = blake2b(b"".join(part.keys.tobytes() for part in parts), digest_size=12).hexdigest()
        path = self.folder / f"segment-{name}.safetensors"
        tensors = {
            "keys": [part.keys for part in parts],
            "pictures": [part.pictures for part in parts],
            "texts": [part.texts for part in parts],
            "has_picture": [part.has_picture for part in parts],
            "has_text": [part.has_text for part in parts],
        }
        write_blocks(path, tensors={name: Blocks.of(blocks) for name, blocks in tensors.items()})
        return path

    def row_keys(self, catalogue_digest: str) -> np.ndarray | None:
        """The key (n, 16) of every row of a catalogue, None where it was never seen."""
        path = self._rows_path(catalogue_digest)
        tensors = self._load(path, names=_OF_ROWS) if path.exists() else None
        return None if tensors is None else tensors["keys"]

    def known_keys(self) -> dict[bytes, bytes]:
        """Digest of a whole product to the key of its content, over the catalogues seen lately."""
        known: dict[bytes, bytes] = {}
        for path in self.folder.glob("rows-*.safetensors"):
            tensors = self._load(path, names=_OF_ROWS)
            if tensors is not None:
                known.update(zip(map(bytes, tensors["digests"]), map(bytes, tensors["keys"]), strict=True))
        return known

    def write_rows(self, catalogue_digest: str, *, digests: np.ndarray, keys: np.ndarray) -> None:
        """Remember the key of every row of a catalogue beside its products' digests, both (n, 16)."""
        tensors = {"digests": Blocks.of([digests]), "keys": Blocks.of([keys])}
        write_blocks(self._rows_path(catalogue_digest), tensors=tensors)
        files = sorted(self.folder.glob("rows-*.safetensors"), key=lambda path: path.stat().st_mtime_ns)
        for old in files[:-_MOST_ROW_FILES]:
            old.unlink(missing_ok=True)

    def remove_other_models(self) -> bool:
        """Remove what other models computed beside this one, unless somebody still uses it; whether any went."""
        others = [path for path in self.folder.parent.glob("*") if path.is_dir() and path != self.folder]
        return sum(remove_unused(path) for path in others) > 0

    def _rows_path(self, catalogue_digest: str) -> Path:
        return self.folder / f"rows-{catalogue_digest[:24]}.safetensors"

    def _segments(self) -> list[Segment]:
        for _ in range(_READ_ATTEMPTS):
            try:
                paths = sorted(self.folder.glob("segment-*.safetensors"))
                loaded = {path: self._load(path, names=_OF_SEGMENTS) for path in paths}
            except FileNotFoundError:
                continue  # another process merged them meanwhile
            return [Segment(path, **tensors) for path, tensors in loaded.items() if tensors is not None]
        raise ValueError(f"{self.folder} keeps changing while it is read: wait for the other search to finish.")

    def _load(self, path: Path, *, names: Sequence[str]) -> dict[str, np.ndarray] | None:
        try:
            return mapped(path, names=names)
        except SafetensorError as error:
            self.notes.append(f"{path.name} was damaged ({error}) and is computed again.")
            path.unlink(missing_ok=True)
            return None


def as_keys(keys: Sequence[bytes]) -> np.ndarray:
    """(n, 16) uint8 of n keys."""
    return np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(-1, KEY_BYTES)
