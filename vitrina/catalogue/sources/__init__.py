"""Public sources by name: their own columns read as products. Their names are words of `vitrina ingest`.

`cc_news` reads the dataset from the hub, `cc_news=EXPORT` a copy of it: a path, or `hf:OWNER/NAME` of a mirror.
docs/sources.md says what each of them holds and how it maps.
"""

from vitrina.catalogue.readers.record import Reader
from vitrina.catalogue.sources.bookcorpus import bookcorpus
from vitrina.catalogue.sources.burberry import burberry
from vitrina.catalogue.sources.cc_news import cc_news
from vitrina.catalogue.sources.imagenet_1k import imagenet_1k
from vitrina.catalogue.sources.pmd import pmd

__all__ = ["bookcorpus", "burberry", "cc_news", "imagenet_1k", "pmd"]


def named_readers(source: str) -> list[Reader] | None:
    """The readers of a source by its name, alone or with an export (`cc_news=exports/news.jsonl`); None where the
    name is none of ours.

    Raises ValueError where the export does not exist or has other columns, and what `hub_readers` raises.

    >>> named_readers("no_such_source") is None
    True
    """
    name, has_export, export = source.partition("=")
    if name not in __all__:
        return None
    if has_export and not export:
        raise ValueError(f"{source} names no export: write {name}=PATH, or {name} alone for the hub")
    return globals()[name](export or None)
