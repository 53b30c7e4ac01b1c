"""A little shop and somebody who calls it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from serving.little_shop import ColourIndex, open_little_shop
from starlette.testclient import TestClient

from vitrina.serving.app import create_app
from vitrina.serving.shop import Shop

HERE = "http://localhost:8000"


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, ColourIndex]:
    """A shop and its index."""
    return open_little_shop(tmp_path_factory.mktemp("shop") / "catalogue")


@pytest.fixture(scope="module")
def client(opened: tuple[Shop, ColourIndex]) -> Iterator[TestClient]:
    """Calls the shop as a browser on the same machine would."""
    with TestClient(create_app(opened[0]), base_url=HERE, raise_server_exceptions=False) as calling:
        yield calling


@pytest.fixture
def fresh(tmp_path: Path) -> tuple[Shop, ColourIndex]:
    """A shop of one's own, to be changed."""
    return open_little_shop(tmp_path / "catalogue")
