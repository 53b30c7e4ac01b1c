"""From the product files of a shop to a catalogue."""

from array import array
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from tqdm import tqdm

from vitrina.catalogue.download import Downloader, Downloads
from vitrina.catalogue.download_address import is_web_address
from vitrina.catalogue.download_report import Links, dead_links_path
from vitrina.catalogue.ingest_pictures import Loaded, with_fetched, with_pictures
from vitrina.catalogue.ingest_source import Source, entries, open_sources
from vitrina.catalogue.mapping import mapping_of
from vitrina.catalogue.pictures import PictureError
from vitrina.catalogue.product import Product
from vitrina.catalogue.report import IngestReport, Sample, Tally
from vitrina.catalogue.rows import Draft, RowError
from vitrina.catalogue.splits import draw_split
from vitrina.catalogue.store import Catalogue
from vitrina.catalogue.writer import CatalogueWriter

_QUIET_SECONDS = 2
_SPLITS = ("train", "val", "test")
_POLITELY = Downloads()


def ingest(
    sources: Sequence[str | Path],
    *,
    out: Path,
    columns: Mapping[str, str] | None = None,
    root: Path | None = None,
    on_reject: Literal["report", "fail"] = "report",
    downloads: Downloads | None = _POLITELY,
) -> IngestReport:
    """Reads product files, folders of pictures by class, and whatever else `find_readers` knows into a catalogue.

    Products are added, or replaced by id. `columns` maps fields to columns where the guess from their names is not
    wanted: `{"title": "name"}`. Paths of pictures start at `root`, by default the folder of the file that names them,
    and may not leave it. Pictures at web addresses are fetched as `downloads` says, and those that were fetched
    before are not fetched again; None rejects them. A bad row or picture is left out and counted, with file, row and
    reason, and every dead link is listed in a CSV file beside the catalogue; with `on_reject="fail"` nothing is
    written where there is one. Whatever happens, the catalogue is the old one or the new one, never a mixture. Memory
    does not grow with the number of rows.

    Raises ValueError, naming the path and what to do, where a source cannot be read, a field or column does not
    exist, no row is usable, something was rejected and `on_reject` says fail, or another ingest is writing the
    catalogue; ImportError where pictures are to be fetched and httpx is missing.

    >>> print(ingest(["feed.csv"], out=Path("shop")).text())  # doctest: +SKIP
    """
    out = Path(out)
    opened = open_sources(sources, columns=columns, root=root)
    tally, accepted = Tally(), _Accepted()
    read = 0
    with ExitStack() as stack:
        writer = stack.enter_context(CatalogueWriter(out))
        links = stack.enter_context(Links(dead_links_path(out)))
        downloader = None if downloads is None else stack.enter_context(Downloader(downloads))
        bar = stack.enter_context(_progress(opened))
        for row in with_pictures(with_fetched(entries(opened), downloader=downloader), sources=opened):
            read += 1
            bar.update(row.entry.progress)
            if downloader is not None:
                _count_links(row, links=links, downloader=downloader)
            product = finished(row, tally=tally)
            if product is not None:
                writer.add(product)
                accepted.add(product, row=row)
        fetched = None if downloader is None else links.finish(folder=downloader.folder, given_up=downloader.given_up)
        problems = [*tally.lines(), *([] if fetched is None else fetched.lines())]
        if not len(accepted.rows):
            raise ValueError("\n".join([f"none of {read:,} rows is usable; nothing was written:", *problems]))
        if on_reject == "fail" and tally.problems():
            raise ValueError("\n".join(["nothing was written, because of these problems:", *problems]))
        changes = writer.finish()
    for number in changes.repeated:
        sample = Sample(opened[accepted.sources[number]].path, accepted.rows[number])
        tally.add("repeated", "the last row with an id counts", sample=sample)
    return IngestReport(
        catalogue=out,
        products=len(Catalogue.open(out)),
        read=read,
        added=changes.added,
        replaced=changes.replaced,
        unchanged=changes.unchanged,
        pictures=accepted.pictures,
        splits=accepted.split_counts(leaving_out=changes.repeated),
        files=tuple(source.report() for source in opened),
        problems=tally.problems(),
        mapping=mapping_of([source.columns for source in opened]).fields,
        downloads=fetched,
    )


def finished(row: Loaded, *, tally: Tally) -> Product | None:
    """The product with its pictures and split, or None; what is wrong with it is counted."""
    entry = row.entry
    if isinstance(entry.outcome, RowError):
        tally.add("row", entry.outcome.reason, sample=Sample(entry.file, entry.row, entry.outcome.detail))
        return None
    draft: Draft = entry.outcome
    for problem in row.pictures:
        if isinstance(problem, PictureError):
            tally.add("picture", problem.reason, sample=Sample(entry.file, entry.row, problem.detail))
    product = replace(draft.product, pictures=tuple(each for each in row.pictures if isinstance(each, bytes)))
    if not product.texts and not product.pictures:
        reason = "no picture left and no text" if row.pictures else "no text and no picture"
        tally.add("row", reason, sample=Sample(entry.file, entry.row, f"id {product.id}"))
        return None
    if draft.bad_price is not None:
        tally.add("price", "not a price", sample=Sample(entry.file, entry.row, draft.bad_price))
    return product if draft.has_split else replace(product, split=draw_split(product))


class _Accepted:
    """Where accepted products came from: a few bytes for each."""

    def __init__(self) -> None:
        self.sources, self.rows = array("i"), array("q")
        self.pictures = 0
        self._splits = array("b")

    def add(self, product: Product, *, row: Loaded) -> None:
        self.sources.append(row.entry.source)
        self.rows.append(row.entry.row)
        self._splits.append(_SPLITS.index(product.split))
        self.pictures += len(product.pictures)

    def split_counts(self, *, leaving_out: np.ndarray) -> dict[str, int]:
        counted = np.delete(np.frombuffer(self._splits, np.int8), leaving_out)
        counts = zip(_SPLITS, np.bincount(counted, minlength=len(_SPLITS)), strict=True)
        return {name: int(count) for name, count in counts if count}


def _count_links(row: Loaded, *, links: Links, downloader: Downloader) -> None:
    """Counts the row's web addresses. One whose picture cannot be used is as dead as one that gives none."""
    entry = row.entry
    for reference, picture, fetched in zip(entry.references, row.pictures, row.fetched, strict=True):
        if not (isinstance(reference, str) and is_web_address(reference)):
            continue
        if isinstance(picture, bytes):
            assert fetched is not None, "a picture at a web address was fetched"
            links.add_good(reference, fetched=fetched)
            continue
        if fetched is not None:
            downloader.forget(reference)
        assert isinstance(entry.outcome, Draft)
        links.add_dead(reference, product_id=entry.outcome.product.id, file=entry.file, row=entry.row, error=picture)


def _progress(sources: Sequence[Source]) -> tqdm:
    total = sum(source.size for source in sources)
    form = "{l_bar}{bar}| {elapsed} < {remaining}"
    return tqdm(desc="ingest", total=total, delay=_QUIET_SECONDS, disable=None, bar_format=form)
