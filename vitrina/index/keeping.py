"""An engine kept as its catalogue is: what is new is added, what is gone is removed, whoever did it last.

    RUN/index/<model>/words-<place>-<kind>/stamp.json           the model and the state of the catalogue it stands for
                                           translations.json    see `vitrina.index.translations`
                                           centre.safetensors   around which its vectors are, where it keeps vectors
                                           near-….safetensors   the products' vectors, where it keeps vectors
                                           lance/               the engine's own files

One process writes at a time, others wait for it. The stamp goes before anything changes and comes back when all is
done: a process that is killed leaves a state without a stamp, which the next one compares with the catalogue, product
by product, and finishes.
"""

import contextlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save
from tqdm import tqdm

from vitrina.catalogue.store import Catalogue
from vitrina.catalogue.writer_lock import take_lock
from vitrina.index.engine import DamagedError, Engine, Entry
from vitrina.index.in_use import Held
from vitrina.index.lance import LanceEngine
from vitrina.index.products import Centre, ProductVectors
from vitrina.index.store import KEY_BYTES
from vitrina.index.translations import LEARNT_FROM, Translations
from vitrina.index.vectors import VectorIndex
from vitrina.index.words import ANALYSER, ProductWords, terms
from vitrina.models.checkpoint import write_bytes

EXACT_UP_TO = 200_000
"""Products up to which all vectors are compared: faster than any index of the engine's, and misses nothing."""

_READ_AT_ONCE = 2048
_WAIT_SECONDS = 0.05
_ENGINE = "lance"
_STAMP = "stamp.json"


@dataclass(frozen=True)
class Kept:
    """An engine that stands for a catalogue; `products` are the vectors that belong to it."""

    engine: Engine
    translations: Translations
    products: ProductVectors
    finds_near: bool
    held: Held


def keep(folder: Path, *, catalogue: Catalogue, vectors: VectorIndex, model_digest: str, anew: bool = False) -> Kept:
    """The engine of a catalogue below the folder of its model, brought up to date.

    An engine whose files are damaged is made anew, also where `anew` says that they are. Raises ImportError, saying
    what to install, without the engine's library, and ValueError where its files cannot be written.
    """
    finds_near = len(catalogue) > EXACT_UP_TO
    place = folder / _name(catalogue)
    held = Held(place)
    dimensions = vectors.pictures.shape[1] if finds_near else None

    def made() -> Kept:
        engine = LanceEngine(place / _ENGINE, dimensions=dimensions)
        if finds_near:
            products = ProductVectors.on_disk(vectors, centre=_centre(place, vectors), folder=place)
        else:
            products = ProductVectors.of(vectors)
        translations = _bring_up(place, engine, catalogue=catalogue, products=products, model_digest=model_digest)
        return Kept(engine, translations, products, finds_near, held)

    try:
        with _alone(place):
            if anew:
                _clear(place)
            try:
                return made()
            except (RuntimeError, OSError, DamagedError):
                _clear(place)
                return made()
    except (RuntimeError, OSError, DamagedError) as error:
        raise ValueError(
            f"the index in {place} cannot be made ({error}): see that the folder can be written and has room"
        ) from error


def _clear(place: Path) -> None:
    """Take away what an engine keeps: all of it can be made again."""
    (place / _STAMP).unlink(missing_ok=True)
    shutil.rmtree(place / _ENGINE, ignore_errors=True)


def _name(catalogue: Catalogue) -> str:
    """One for each place that a catalogue lies in, and another where its engine would be made otherwise."""
    place = blake2b(str(catalogue.path.resolve()).encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
    doublings = 0
    while len(catalogue) > EXACT_UP_TO << doublings:
        doublings += 1
    # A catalogue twice as large gets an engine anew: the centre and the graphs of the old one fit it no longer.
    return f"words-{place}-{ANALYSER}" + (f"-near-{doublings}" if doublings else "")


def _bring_up(
    place: Path, engine: Engine, *, catalogue: Catalogue, products: ProductVectors, model_digest: str
) -> Translations:
    stamp = {"model": model_digest, "catalogue": catalogue.digest, "products": len(catalogue)}
    stamp_path, translations_path = place / _STAMP, place / "translations.json"
    if _read(stamp_path) == stamp and _read(translations_path) is not None:
        return Translations.read(translations_path)
    stamp_path.unlink(missing_ok=True)
    there = engine.digests()
    digests = [bytes(each) for each in row_digests(catalogue)]
    new = [row for row, digest in enumerate(digests) if digest not in there]
    engine.add(_entries(catalogue, new, digests=digests, products=products))
    engine.remove(sorted(there.difference(digests)))
    engine.settle()
    brands = {term for brand in catalogue.facts()["brand"].unique().to_pylist() for term in terms(brand or "")}
    translations = Translations.learnt(engine.words(most=LEARNT_FROM), brands=brands)
    translations.write(translations_path)
    write_bytes(stamp_path, content=json.dumps(stamp).encode())
    return translations


def row_digests(catalogue: Catalogue) -> np.ndarray:
    """The digest (n, 16) uint8 of the product in every row."""
    digests = b"".join(catalogue.facts()["digest"].to_pylist())
    return np.frombuffer(digests, dtype=np.uint8).reshape(-1, KEY_BYTES)


def _entries(
    catalogue: Catalogue, rows: list[int], *, digests: list[bytes], products: ProductVectors
) -> Iterator[Entry]:
    with tqdm(total=len(rows), desc="indexing words", delay=2, leave=False, dynamic_ncols=True) as bar:
        for start in range(0, len(rows), _READ_AT_ONCE):
            some = rows[start : start + _READ_AT_ONCE]
            read = zip(some, products.matrix[np.array(some)], catalogue.read(some, pictures="none"), strict=True)
            for row, vector, product in read:
                yield Entry(digests[row], ProductWords.of(product), vector)
            bar.update(len(some))


def _centre(place: Path, vectors: VectorIndex) -> Centre:
    """Around which the engine's vectors are: kept from its beginning, so that old and new ones can be compared."""
    path = place / "centre.safetensors"
    if path.exists():
        return Centre(**load_file(path))
    centre = Centre.of(vectors)
    write_bytes(path, content=save({"pictures": centre.pictures, "texts": centre.texts}))
    return centre


def _read(path: Path) -> object:
    """The JSON in a file, None where there is none or it is damaged."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until nobody else writes in a folder; the kernel frees the lock of a killed process."""
    path = folder / ".writing"
    while (descriptor := take_lock(path)) is None:
        time.sleep(_WAIT_SECONDS)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)
