"""The truth as tables: what the columns of the Parquet files are, and the way there and back."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from vitrina.catalogue.product import Text
from vitrina.catalogue.sample.product_truth import ProductTruth, Spoken, ToldEdit
from vitrina.catalogue.sample.truth import (
    Box,
    Damage,
    Edit,
    ObjectTruth,
    PartTruth,
    Phrase,
    PictureTruth,
    Question,
)

CHUNK = 32
"""Products in a row group of every table: what a random read must read, and what a worker makes at a time."""

_BOX = pa.list_(pa.int32(), 4)
_FACTS = pa.map_(pa.string(), pa.string())
_TEXTS = pa.list_(pa.struct([("text", pa.string()), ("language", pa.string())]))
_DAMAGES = pa.list_(
    pa.struct([("what", pa.string()), ("where", pa.string()), ("before", pa.string()), ("clean_picture", pa.binary())])
)
_OBJECTS = pa.list_(
    pa.struct(
        [
            ("article", pa.int64()),
            ("kind", pa.string()),
            ("attributes", _FACTS),
            ("box", _BOX),
            ("area_px", pa.int32()),
            ("visible_share", pa.float64()),
        ]
    )
)
_PARTS = pa.list_(
    pa.struct(
        [("name", pa.string()), ("object", pa.int32()), ("box", _BOX), ("area_px", pa.int32()), ("text", pa.string())]
    )
)

SCHEMAS: Mapping[str, pa.Schema] = {
    "products": pa.schema(
        [
            ("number", pa.int64()),
            ("id", pa.string()),
            ("article", pa.int64()),
            ("family", pa.int64()),
            ("split", pa.string()),
            ("kind", pa.string()),
            ("colour", pa.string()),
            ("pattern", pa.string()),
            ("attributes", _FACTS),
            ("brand", pa.string()),
            ("category", pa.list_(pa.string())),
            ("domain", pa.string()),
            ("is_unseen", pa.bool_()),
            ("price", pa.decimal128(24, 6)),
            ("currency", pa.string()),
            ("expected_price", pa.float64()),
            ("titles", _TEXTS),
            ("descriptions", _TEXTS),
            ("pictures", pa.int32()),
            ("slips", _DAMAGES),
            ("damages", _DAMAGES),
        ]
    ),
    "pictures": pa.schema(
        [
            ("number", pa.int64()),
            ("picture", pa.int32()),
            ("setting", pa.string()),
            ("objects", _OBJECTS),
            ("parts", _PARTS),
            ("object_mask", pa.binary()),
            ("part_mask", pa.binary()),
        ]
    ),
    "phrases": pa.schema(
        [
            ("number", pa.int64()),
            ("picture", pa.int32()),
            ("text", pa.string()),
            ("language", pa.string()),
            ("boxes", pa.list_(_BOX)),
        ]
    ),
    "questions": pa.schema(
        [
            ("number", pa.int64()),
            ("picture", pa.int32()),
            ("question", pa.string()),
            ("answer", pa.string()),
            ("language", pa.string()),
            ("about", pa.string()),
        ]
    ),
    "edits": pa.schema(
        [
            ("number", pa.int64()),
            ("attribute", pa.string()),
            ("before", pa.string()),
            ("after", pa.string()),
            ("source", pa.binary()),
            ("target", pa.binary()),
            ("changed_mask", pa.binary()),
            ("english", pa.string()),
            ("spanish", pa.string()),
        ]
    ),
    "spoken": pa.schema(
        [
            ("number", pa.int64()),
            ("what", pa.string()),
            ("text", pa.string()),
            ("language", pa.string()),
            ("wav", pa.binary()),
        ]
    ),
}
"""The columns of each table. `number` is the product's; rows are sorted by it; masks are PNG, pictures JPEG."""

Row = dict[str, Any]


def table(name: str, *, rows: Sequence[Row]) -> pa.Table:
    """Rows as the table of that name."""
    return pa.Table.from_pylist(list(rows), schema=SCHEMAS[name])


def product_row(truth: ProductTruth) -> Row:
    """A product's truth as a row of `products`."""
    return {
        **{name: truth.__dict__[name] for name in SCHEMAS["products"].names if name in truth.__dict__},
        "kind": truth.attributes["kind"],
        "colour": truth.attributes["colour"],
        "pattern": truth.attributes["pattern"],
        "attributes": list(truth.attributes.items()),
        "titles": [text_row(text) for text in truth.titles],
        "descriptions": [text_row(text) for text in truth.descriptions],
        "slips": [_damage_row(each) for each in truth.slips],
        "damages": [_damage_row(each) for each in truth.damages],
    }


def read_product(row: Row) -> ProductTruth:
    """The truth in a row of `products`."""
    plain = {name: row[name] for name in ProductTruth.__dataclass_fields__}
    return ProductTruth(
        **{
            **plain,
            "attributes": dict(row["attributes"]),
            "category": tuple(row["category"]),
            "titles": tuple(Text(**each) for each in row["titles"]),
            "descriptions": tuple(Text(**each) for each in row["descriptions"]),
            "slips": tuple(Damage(**each) for each in row["slips"]),
            "damages": tuple(Damage(**each) for each in row["damages"]),
        }
    )


def picture_row(truth: PictureTruth, *, number: int, picture: int) -> Row:
    """A picture's truth as a row of `pictures`."""
    return {
        "number": number,
        "picture": picture,
        "setting": truth.setting,
        "objects": [{**each.__dict__, "attributes": list(each.attributes.items())} for each in truth.objects],
        "parts": [each.__dict__ for each in truth.parts],
        "object_mask": truth.object_mask,
        "part_mask": truth.part_mask,
    }


def read_picture(row: Row) -> PictureTruth:
    """The truth in a row of `pictures`."""
    objects = [
        ObjectTruth(**{**each, "attributes": dict(each["attributes"]), "box": _box(each["box"])})
        for each in row["objects"]
    ]
    parts = [PartTruth(**{**each, "box": _box(each["box"])}) for each in row["parts"]]
    return PictureTruth(row["setting"], tuple(objects), tuple(parts), row["object_mask"], row["part_mask"])


def phrase_rows(phrases: Iterable[Phrase], *, number: int, picture: int) -> list[Row]:
    """Phrases as rows of `phrases`."""
    return [{"number": number, "picture": picture, **each.__dict__} for each in phrases]


def read_phrase(row: Row) -> Phrase:
    """The phrase in a row of `phrases`."""
    return Phrase(row["text"], row["language"], tuple(map(_box, row["boxes"])))


def question_rows(questions: Iterable[Question], *, number: int, picture: int) -> list[Row]:
    """Questions as rows of `questions`."""
    return [{"number": number, "picture": picture, **each.__dict__} for each in questions]


def read_question(row: Row) -> Question:
    """The question in a row of `questions`."""
    return Question(row["question"], row["answer"], row["language"], row["about"])


def edit_row(edit: ToldEdit, *, number: int) -> Row:
    """An edit pair as a row of `edits`."""
    return {"number": number, **edit.pair.__dict__, "english": edit.english, "spanish": edit.spanish}


def read_edit(row: Row) -> ToldEdit:
    """The edit pair in a row of `edits`."""
    pair = Edit(**{name: row[name] for name in Edit.__dataclass_fields__})
    return ToldEdit(pair, english=row["english"], spanish=row["spanish"])


def spoken_row(spoken: Spoken, *, number: int) -> Row:
    """A spoken text as a row of `spoken`."""
    return {"number": number, **spoken.__dict__}


def read_spoken(row: Row) -> Spoken:
    """The spoken text in a row of `spoken`."""
    return Spoken(row["what"], row["text"], row["language"], row["wav"])


def text_row(text: Text) -> Row:
    """A text as a struct."""
    return {"text": text.text, "language": text.language}


def _damage_row(damage: Damage) -> Row:
    return dict(damage.__dict__)


def _box(values: Sequence[int]) -> Box:
    x0, y0, x1, y1 = values
    return x0, y0, x1, y1
