"""Removing products: by id or by a condition. The version before stays until the catalogue is compacted."""

# pyright: reportAttributeAccessIssue=false
# Arrow makes its compute functions when it is imported.

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tqdm import tqdm

from vitrina.catalogue.manifest import check_exists
from vitrina.catalogue.where import attribute_names, check_attributes, parse_condition
from vitrina.catalogue.writer_folder import writing
from vitrina.catalogue.writer_version import NextVersion, Part, open_parts

_NAMED = 5


@dataclass(frozen=True)
class Removed:
    """How many products went and how many stay. `unknown` counts the ids that no product has; the first are in
    `unknown_ids`. Where nothing was removed, no version was written."""

    catalogue: Path
    removed: int
    products: int
    unknown: int
    unknown_ids: tuple[str, ...]
    digest: str
    previous_digest: str

    def text(self) -> str:
        """The outcome for a terminal."""
        lines = [f"{self.catalogue}: {self.removed:,} products removed, {self.products:,} left"]
        if not self.removed:
            lines = [f"{self.catalogue}: no product matched, nothing was removed; {self.products:,} products"]
        if self.unknown:
            more = ", …" if self.unknown > len(self.unknown_ids) else ""
            lines.append(f"  {self.unknown:,} ids are not in the catalogue: {', '.join(self.unknown_ids)}{more}")
        if self.removed:
            lines.append(f"  the version before is {self.previous_digest[:12]}; `vitrina compact` frees its room")
        return "\n".join(lines)


def remove(path: str | os.PathLike[str], *, ids: Iterable[str] | None = None, where: str | None = None) -> Removed:
    """Removes the products with these ids, or those that a condition (see `where.py`) holds for.

    Unknown ids are counted. A catalogue whose products are all removed is empty and can be added to. Until the last
    moment the catalogue is what it was. Raises ValueError where the condition cannot be read or names an attribute that
    no product has, both or neither of `ids` and `where` are given, there is no catalogue, it is damaged, or another
    writer is at work.

    >>> print(remove("shop", where="price > 100 and brand is missing").text())  # doctest: +SKIP
    """
    if (ids is None) == (where is None):
        raise ValueError("say what to remove: either ids or a condition, for example where=\"brand = 'Acme'\"")
    condition = None if where is None else parse_condition(where)
    wanted = pa.array([] if ids is None else dict.fromkeys(ids), pa.string())
    folder = Path(path)
    check_exists(folder)
    found = np.zeros(len(wanted), bool)
    with writing(folder) as before:
        version = NextVersion(folder, before=before)
        parts, after = open_parts(folder, manifest=before), before
        kept: list[tuple[Part, np.ndarray]] = []
        attributes: set[str] = set()
        for part in tqdm(parts, desc="looking for products", unit="shard", delay=2, disable=None, leave=False):
            live = part.shard.live
            if condition is not None:
                facts = part.shard.facts()
                doomed = condition.mask(facts)
                if condition.attributes:
                    attributes |= attribute_names(facts)
            else:
                places = pc.index_in(part.shard.batch.column("id"), value_set=wanted)
                place = places.fill_null(-1).to_numpy(zero_copy_only=False)[live]
                found[place[place >= 0]] = True
                doomed = place >= 0
            if not doomed.all():
                kept.append((part, live[~doomed]))
        if condition is not None:
            check_attributes(condition, known=attributes)
        left = sum(len(rows) for _, rows in kept)
        if left < before.products:
            now = [version.keep(part, rows=rows) for part, rows in kept]
            after = version.commit(now, action="remove", removed=before.products - left)
    unknown = wanted.filter(pa.array(~found))
    return Removed(
        catalogue=folder,
        removed=before.products - left,
        products=left,
        unknown=len(unknown),
        unknown_ids=tuple(unknown[:_NAMED].to_pylist()),
        digest=after.digest,
        previous_digest=before.digest,
    )
