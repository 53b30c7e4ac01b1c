"""The generated catalogue on disk, with its truth beside it."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tqdm import tqdm

from vitrina.catalogue.manifest import manifest_path
from vitrina.catalogue.product import Product
from vitrina.catalogue.sample.asked import write_queries
from vitrina.catalogue.sample.chunk import Chunk, make_chunk
from vitrina.catalogue.sample.draft import camera, product_id
from vitrina.catalogue.sample.likeness import habits_of
from vitrina.catalogue.sample.make import drafted
from vitrina.catalogue.sample.settings import PLAIN, Settings
from vitrina.catalogue.sample.truth_files import (
    FOLDER,
    PART,
    QUERIES,
    PartWriter,
    Record,
    chunks_of,
    made_with,
    parts_of,
    publish,
    read_record,
    staging,
)
from vitrina.catalogue.sample.workers import Workers
from vitrina.catalogue.store import Catalogue
from vitrina.catalogue.writer import CatalogueWriter

_CHUNKS_WORTH_A_WORKER = 2
"""A process takes about as long to start as it takes to make this many chunks."""
_READ_AT_ONCE = 4096


def write_sample(
    out: Path, *, products: int, seed: int, damage: float = 0.0, like: Path | None = None, workers: int | None = None
) -> Catalogue:
    """Writes the generated catalogue of `products` products to the folder `out`, its truth to `out`/truth, and opens
    the catalogue.

    The same seed gives the same products in the same order, whatever the number of `workers` (processes; default: one
    for each core): a larger sample begins with the smaller one, and writing twice changes nothing. `damage` is the
    share of the products in which something is spoilt on purpose. With `like`, categories, languages, lengths,
    prices and gaps follow the statistics of that catalogue; none of its texts and pictures is used. Memory does not
    grow with the number of products. Until the last moment, and after a crash, catalogue and truth are what they were.

    Raises ValueError where a number is out of range or `out` holds products that are not part of this sample,
    ImportError where the drawing library is missing, and ChildProcessError where a worker is killed.

    >>> write_sample(Path("shop"), products=1000, seed=7)  # doctest: +SKIP
    """
    if products < 1:
        raise ValueError(f"a sample needs at least 1 product, not {products}: give --products a larger number")
    if not 0 <= damage <= 1:
        raise ValueError(f"a share of {damage} cannot be damaged: give --damage a number from 0 to 1")
    if workers is not None and workers < 1:
        raise ValueError(f"{workers} processes cannot make a sample: give --workers 1 or more")
    camera()  # a missing library is said before anything is written
    habits = PLAIN if like is None else habits_of(Catalogue.open(like))
    settings = Settings(seed, damage=damage, habits=habits)
    record = _check_ours(out, products=products, settings=settings)
    known = record.products if record else 0
    if record and known == products:
        return Catalogue.open(out)
    with CatalogueWriter(out) as writer, staging(out) as staged:
        kept = known // PART
        parts = parts_of(products)[kept:]
        with _progress(sum(map(len, parts))) as bar, ExitStack() as stack:
            make = _maker(stack, settings=settings, workers=workers, chunks=sum(len(chunks_of(part)) for part in parts))
            chunks = make([chunk for part in parts for chunk in chunks_of(part)])
            for part in parts:
                files = PartWriter(staged, numbers=part)
                for _ in chunks_of(part):
                    chunk = next(chunks)
                    for product in chunk.products:
                        writer.add(product)
                    files.write(chunk.tables)
                    bar.update(len(chunk.products))
                files.close()
        write_queries(staged / QUERIES, folders=[staged, out / FOLDER], products=products, settings=settings)
        writer.finish()
        catalogue = Catalogue.open(out)
        publish(staged, out=out, record=Record(settings, products, catalogue.digest, made_with()))
    return catalogue


def product(number: int, *, seed: int) -> Product:
    """Product `number` (0 or above) of the sample with this seed, whatever else is generated and in what order.

    >>> product(3, seed=7).id
    'sample-7-0000003'
    """
    return drafted(number, settings=Settings(seed)).product


def _progress(products: int) -> tqdm:
    return tqdm(total=products, desc="drawing products", unit="product", disable=None, delay=2, mininterval=0.5)


def _maker(
    stack: ExitStack, *, settings: Settings, workers: int | None, chunks: int
) -> Callable[[Sequence[range]], Iterator[Chunk]]:
    """What makes chunks in order: this process, or several started for it."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    count = min(workers or cores, max(1, chunks // _CHUNKS_WORTH_A_WORKER))
    if count == 1:
        return partial(_make_here, settings=settings)
    return stack.enter_context(Workers(count, settings=settings)).chunks


def _make_here(parts: Sequence[range], *, settings: Settings) -> Iterator[Chunk]:
    for part in parts:
        yield make_chunk(part, settings=settings)


def _check_ours(out: Path, *, products: int, settings: Settings) -> Record | None:
    """The record of what `out` holds of this sample, complete as far as it goes; None where there is nothing that can
    be built upon. Refuses a folder whose products would stay beside the sample's."""
    if not manifest_path(out).exists():
        return None
    record = read_record(out)
    if record is not None and record.settings != settings:
        raise ValueError(
            f"{out} already holds products of a sample with other settings (seed {record.settings.seed}, damage "
            f"{record.settings.damage:g}, or like another catalogue): name another folder, or remove this one first"
        )
    catalogue = Catalogue.open(out)
    is_ours = record is not None and record.catalogue == catalogue.digest and record.made_with == made_with()
    if record is not None and is_ours and record.products <= products:
        return record
    start = f"sample-{settings.seed}-"
    for first in range(0, len(catalogue), _READ_AT_ONCE):
        rows = range(first, min(first + _READ_AT_ONCE, len(catalogue)))
        for other in catalogue.read(rows, pictures="none"):
            number = other.id.removeprefix(start)
            ours = number.isdecimal() and other.id == product_id(int(number), seed=settings.seed)
            if not ours or int(number) >= products:
                raise ValueError(
                    f"{out} already holds products that are not of this sample, {other.id!r} for one: "
                    "name another folder, or remove this one first"
                )
    return None
