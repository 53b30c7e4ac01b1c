from pathlib import Path

import pytest
from wordy import Words, product

from vitrina.catalogue.store import Catalogue, write_catalogue


@pytest.fixture
def words() -> Words:
    return Words()


@pytest.fixture
def shop(tmp_path: Path) -> Catalogue:
    """200 products, 160 of them for training."""
    products = [product(number, split="train" if number % 5 else "val") for number in range(200)]
    return write_catalogue(tmp_path / "shop", products)
