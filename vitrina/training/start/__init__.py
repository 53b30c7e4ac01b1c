"""The start of a run: first weights from another run or a public checkpoint, and the recipe that fits them."""

from vitrina.training.start.settle import settle
from vitrina.training.start.source import adapted, read_source
from vitrina.training.start.weights import (
    START,
    Start,
    StartRecord,
    first_weights,
    freeze,
    read_record,
    read_start,
    refuse_without_towers,
    write_start,
)

__all__ = [
    "START",
    "Start",
    "StartRecord",
    "adapted",
    "first_weights",
    "freeze",
    "read_record",
    "read_source",
    "read_start",
    "refuse_without_towers",
    "settle",
    "write_start",
]
