"""Vectors on the disk: segments that are written whole and never changed, found by what a product's content is.

    RUN/index/<model>/segment-<digest>.safetensors    keys, vectors of pictures, vectors of texts
    RUN/index/<model>/rows-<catalogue>.safetensors    the key of every row of a catalogue
    RUN/index/<model>/words-…                         what finds words, see `vitrina.index.keeping`

A product's *key* is the digest of its texts and pictures: a new price does not make its vectors new. A process that
is killed leaves the segments that it finished; two processes at once do the same work twice and nothing worse.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from vitrina.catalogue.manifest import flush
from vitrina.catalogue.product import Product
from vitrina.index.in_use import remove_unused

KEY_BYTES = 16

_MOST_SEGMENTS = 32
_MOST_ROW_FILES = 8
_READ_ATTEMPTS = 5


@dataclass(frozen=True)
class Segment:
    """Vectors of n products: `keys` (n, 16) uint8; `pictures`, `texts` (n, d) float32, of length one where the product
    has any and zero where it has none."""

    keys: np.ndarray
    pictures: np.ndarray
    texts: np.ndarray

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

    def read(self) -> Segment | None:
        """All vectors, None where there are none; many small segments are merged on the way."""
        good = self._segments()
        if not good:
            return None
        parts = list(good.values())
        whole = Segment(
            keys=np.concatenate([part.keys for part in parts]),
            pictures=np.concatenate([part.pictures for part in parts]),
            texts=np.concatenate([part.texts for part in parts]),
        )
        if len(parts) > _MOST_SEGMENTS:
            merged = self.write(whole)
            for path in good.keys() - {merged}:
                path.unlink(missing_ok=True)
        return whole

    def write(self, segment: Segment) -> Path:
        """Add a segment; it stands on the disk when this returns."""
        name = blake2b(segment.keys.tobytes(), digest_size=12).hexdigest()
        path = self.folder / f"segment-{name}.safetensors"
        _write(path, {"keys": segment.keys, "pictures": segment.pictures, "texts": segment.texts})
        return path

    def row_keys(self, catalogue_digest: str) -> np.ndarray | None:
        """The key (n, 16) of every row of a catalogue, None where it was never seen."""
        path = self._rows_path(catalogue_digest)
        tensors = self._load(path) if path.exists() else None
        return None if tensors is None else tensors["keys"]

    def known_keys(self) -> dict[bytes, bytes]:
        """Digest of a whole product to the key of its content, over the catalogues seen lately."""
        known: dict[bytes, bytes] = {}
        for path in self.folder.glob("rows-*.safetensors"):
            tensors = self._load(path)
            if tensors is not None:
                known.update(zip(map(bytes, tensors["digests"]), map(bytes, tensors["keys"]), strict=True))
        return known

    def write_rows(self, catalogue_digest: str, *, digests: np.ndarray, keys: np.ndarray) -> None:
        """Remember the key of every row of a catalogue beside its products' digests, both (n, 16)."""
        _write(self._rows_path(catalogue_digest), {"digests": digests, "keys": keys})
        files = sorted(self.folder.glob("rows-*.safetensors"), key=lambda path: path.stat().st_mtime_ns)
        for old in files[:-_MOST_ROW_FILES]:
            old.unlink(missing_ok=True)

    def remove_other_models(self) -> bool:
        """Remove what other models computed beside this one, unless somebody still uses it; whether any went."""
        others = [path for path in self.folder.parent.glob("*") if path.is_dir() and path != self.folder]
        return sum(remove_unused(path) for path in others) > 0

    def _rows_path(self, catalogue_digest: str) -> Path:
        return self.folder / f"rows-{catalogue_digest[:24]}.safetensors"

    def _segments(self) -> dict[Path, Segment]:
        for _ in range(_READ_ATTEMPTS):
            try:
                loaded = {path: self._load(path) for path in sorted(self.folder.glob("segment-*.safetensors"))}
            except FileNotFoundError:
                continue  # another process merged them meanwhile
            return {
                path: Segment(tensors["keys"], tensors["pictures"], tensors["texts"])
                for path, tensors in loaded.items()
                if tensors is not None
            }
        raise ValueError(f"{self.folder} keeps changing while it is read: wait for the other search to finish.")

    def _load(self, path: Path) -> dict[str, np.ndarray] | None:
        try:
            return load_file(path)
        except SafetensorError as error:
            self.notes.append(f"{path.name} was damaged ({error}) and is computed again.")
            path.unlink(missing_ok=True)
            return None


def as_keys(keys: Sequence[bytes]) -> np.ndarray:
    """(n, 16) uint8 of n keys."""
    return np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(-1, KEY_BYTES)


def _write(path: Path, tensors: dict[str, np.ndarray]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".writing-{os.getpid()}-{path.name}")
    try:
        save_file({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, temporary)
        flush(temporary)
        temporary.replace(path)
        flush(path.parent)
    finally:
        temporary.unlink(missing_ok=True)
