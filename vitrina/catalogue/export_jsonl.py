"""Exports to JSON Lines: `products.jsonl` and a folder of pictures, whose paths the lines hold."""

import contextlib
import hashlib
import json
import re
from pathlib import Path

from vitrina.catalogue.export_columns import ExportColumns
from vitrina.catalogue.product import Product

_PER_FOLDER = 1_000
_PLAIN = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LONGEST = 60


class JsonlExport:
    """A line for each product, in order, every column in every line; `images` are paths that start at the file."""

    def __init__(self, folder: Path, *, columns: ExportColumns) -> None:
        self._folder, self._columns = folder, columns
        self._file = (folder / "products.jsonl").open("w", encoding="utf-8", newline="\n")
        self._rows = 0

    def add(self, product: Product) -> None:
        within = f"pictures/{self._rows // _PER_FOLDER:06d}"
        name = file_name(product.id)
        paths = [f"{within}/{name}-{number}.jpg" for number in range(1, len(product.pictures) + 1)]
        if paths:
            (self._folder / within).mkdir(parents=True, exist_ok=True)
        for path, picture in zip(paths, product.pictures, strict=True):
            (self._folder / path).write_bytes(picture)
        row = {**self._columns.json_values(product), "images": paths}
        self._file.write(json.dumps(row, ensure_ascii=False) + "\n")
        self._rows += 1

    def finish(self) -> None:
        self._file.close()

    def close(self) -> None:
        """Lets go of a file that an error left half-written."""
        with contextlib.suppress(OSError):
            self._file.close()


def file_name(id_: str) -> str:
    """A file's name for an id: small ASCII letters, digits and hyphens, different for different ids on every disk.

    An id that is such a name already stays; any other is simplified, cut and gets a digest of itself.

    >>> file_name("mug-7"), file_name("Mug/7")
    ('mug-7', 'mug-7-1c2e848668368f17')
    """
    if _PLAIN.fullmatch(id_) and len(id_) <= _LONGEST:
        return id_
    simple = "-".join(re.findall(r"[a-z0-9]+", id_.lower()))[:_LONGEST].strip("-")
    digest = hashlib.blake2b(id_.encode(), digest_size=8).hexdigest()
    return f"{simple}-{digest}" if simple else digest
