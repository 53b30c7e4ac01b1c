"""Readers of product files, row by row."""

from vitrina.catalogue.readers.find import find_readers
from vitrina.catalogue.readers.record import BadRow, Reader, Record

__all__ = ["BadRow", "Reader", "Record", "find_readers"]
