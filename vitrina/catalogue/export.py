"""A catalogue for other programs: Parquet, JSON Lines with picture files, or a Hugging Face dataset."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from tqdm import tqdm

from vitrina.catalogue.export_card import card
from vitrina.catalogue.export_columns import look_over
from vitrina.catalogue.export_folder import staged
from vitrina.catalogue.export_jsonl import JsonlExport
from vitrina.catalogue.export_parquet import HuggingFaceExport, ParquetExport
from vitrina.catalogue.store import Catalogue
from vitrina.catalogue.writer_folder import size_text

Format = Literal["parquet", "jsonl", "huggingface"]
_AT_ONCE = 8


@dataclass(frozen=True)
class Exported:
    """What was exported, and from which version of the catalogue. `notes` say what ingest would not read back."""

    out: Path
    format: Format
    products: int
    pictures: int
    files: int
    bytes: int
    digest: str
    notes: tuple[str, ...]

    def text(self) -> str:
        """The outcome for a terminal."""
        first = (
            f"{self.out}: {self.products:,} products and {self.pictures:,} pictures as {self.format}, "
            f"{self.files:,} files, {size_text(self.bytes)}; version {self.digest[:12]}"
        )
        return "\n".join([first, *(f"  note: {note}" for note in self.notes)])


def export(
    path: str | os.PathLike[str], *, out: str | os.PathLike[str], format: Format, version: str | None = None
) -> Exported:
    """Writes the products of a catalogue, or of an earlier `version` (a digest), into the folder `out`.

    - `"parquet"`: `products-00000-of-0000N.parquet`, the pictures of a product as a list of JPEG bytes.
    - `"jsonl"`: `products.jsonl`, the pictures as files under `pictures/`.
    - `"huggingface"`: `data/SPLIT-00000-of-0000N.parquet` and README.md, which `datasets.load_dataset(out)` opens.

    Ingesting the folder gives the same products again: those that came from an ingest are equal in every field, their
    pictures byte for byte. Products are streamed. The folder appears when it is whole; an earlier export at its place
    is replaced. Raises ValueError where there is no such catalogue or version, or `out` holds anything else.

    >>> print(export("shop", out="shop-export", format="parquet").text())  # doctest: +SKIP
    """
    if format not in get_args(Format):
        raise ValueError(f"there is no format {format!r}: there are {', '.join(get_args(Format))}")
    catalogue, target = Catalogue.open(path, digest=version), Path(out)
    with staged(target, digest=catalogue.digest) as folder:
        columns = look_over(catalogue)
        if format == "parquet":
            writer = ParquetExport(folder, columns=columns)
        elif format == "jsonl":
            writer = JsonlExport(folder, columns=columns)
        else:
            writer = HuggingFaceExport(folder, columns=columns)
            (folder / "README.md").write_text(card(catalogue, columns=columns), encoding="utf-8")
        pictures = 0
        try:
            with tqdm(total=len(catalogue), desc="exporting", unit="product", delay=2, disable=None) as bar:
                for start in range(0, len(catalogue), _AT_ONCE):
                    products = catalogue.read(range(start, min(start + _AT_ONCE, len(catalogue))))
                    for product in products:
                        writer.add(product)
                        pictures += len(product.pictures)
                    bar.update(len(products))
            writer.finish()
        finally:
            writer.close()
        sizes = [each.stat().st_size for each in folder.rglob("*") if each.is_file()]
    return Exported(
        out=target,
        format=format,
        products=len(catalogue),
        pictures=pictures,
        files=len(sizes),
        bytes=sum(sizes),
        digest=catalogue.digest,
        notes=columns.notes,
    )
