from collections.abc import Callable
from pathlib import Path

import pytest
from searchable import WordModel

from vitrina.catalogue.product import Product
from vitrina.catalogue.store import Catalogue, write_catalogue


@pytest.fixture
def model() -> WordModel:
    return WordModel()


@pytest.fixture
def make_catalogue(tmp_path: Path) -> Callable[[list[Product]], Catalogue]:
    return lambda products: write_catalogue(tmp_path / "catalogue", products)
