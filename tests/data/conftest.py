from pathlib import Path

import pytest

from vitrina.data.inputs import Inputs
from vitrina.data.stock import Stock

from . import shop


@pytest.fixture(scope="session")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Stock:
    folder: Path = tmp_path_factory.mktemp("stock")
    return shop.stock_of(folder, list(shop.products()))


@pytest.fixture(scope="session")
def inputs() -> Inputs:
    return shop.inputs()
