"""The card of an exported dataset: README.md, with the facts that the hub shows at its top."""

from collections.abc import Mapping

from vitrina.catalogue.export_columns import ExportColumns
from vitrina.catalogue.export_parquet import hub_split
from vitrina.catalogue.store import Catalogue

_SIZES = {1_000: "n<1K", 10_000: "1K<n<10K", 100_000: "10K<n<100K", 1_000_000: "100K<n<1M", 10_000_000: "1M<n<10M",
          100_000_000: "10M<n<100M", 1_000_000_000: "100M<n<1B"}  # fmt: skip
_SPLITS = ("train", "val", "test")
_COLUMNS: Mapping[str, str] = {
    "id": "the product's id",
    "brand": "the brand",
    "category": "the path of categories, the widest first",
    "price": "the price, exact; `currency` is its ISO 4217 code",
    "attributes": "a JSON object of texts by name",
    "domain": "where the product is from",
    "group_id": "what variants of one product share; a family lies in one split",
    "split": "the split, as the catalogue calls it: train, val or test",
    "images": "the pictures, as JPEG files",
}


def card(catalogue: Catalogue, *, columns: ExportColumns) -> str:
    """The text of README.md. The files' names say their splits, so that nothing need be listed at its top."""
    size = next((name for limit, name in _SIZES.items() if len(catalogue) < limit), "n>1B")
    languages = sorted({language.split("-")[0].lower() for language in columns.languages})
    order = sorted(columns.splits, key=lambda split: (split not in _SPLITS, split != "train", split == "test", split))
    facts = [
        *(["language:", *(f"- {_quoted(language)}" for language in languages)] if languages else []),
        f"pretty_name: {_quoted(catalogue.path.resolve().name)}",
        "size_categories:",
        f"- {size}",
        "tags:",
        "- products",
        "- e-commerce",
    ]
    texts = [*columns.titles.names.values(), *columns.descriptions.names.values()]
    lines = [
        "---", *facts, "---", "",
        f"# {catalogue.path.resolve().name}", "",
        f"{len(catalogue):,} products, written by Vitrina from the catalogue version `{catalogue.digest}`.", "",
        "```python",
        "from datasets import load_dataset",
        "",
        'products = load_dataset("FOLDER")',
        "```", "",
        "| split | products |", "|---|---|",
        *(f"| {hub_split(split)} | {columns.splits[split]:,} |" for split in order), "",
        "| column | what it holds |", "|---|---|",
        *(f"| `{name}` | a text, with its language at the end of the name where it is known |" for name in texts),
        *(f"| `{name}` | {words} |" for name, words in _COLUMNS.items()), "",
        "`vitrina ingest FOLDER CATALOGUE` makes a catalogue of it again.",
    ]  # fmt: skip
    return "\n".join([*lines, ""])


def _quoted(text: str) -> str:
    """A text in YAML, whatever it holds: "no" is a language and not a refusal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
