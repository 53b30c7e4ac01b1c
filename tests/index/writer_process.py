"""Adds products to an engine until it is done or killed: `writer_process.py FOLDER FIRST LAST`."""

import sys
from hashlib import blake2b
from pathlib import Path

from vitrina.index.engine import Entry
from vitrina.index.lance import LanceEngine
from vitrina.index.words import ProductWords


def entry(number: int) -> Entry:
    digest = blake2b(str(number).encode(), digest_size=16).digest()
    return Entry(digest, ProductWords((f"word{number}", "common"), (), ()), None)


if __name__ == "__main__":
    engine = LanceEngine(Path(sys.argv[1]), dimensions=None)
    for each in range(int(sys.argv[2]), int(sys.argv[3]), 5):
        engine.add([entry(number) for number in range(each, each + 5)])
        sys.stdout.write(f"{each}\n")
        sys.stdout.flush()
