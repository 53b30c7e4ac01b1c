import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.catalogue.store import Catalogue
from vitrina.data.sources import find_sources
from vitrina.data.stock import Stock

from . import shop

PRODUCT = st.tuples(st.integers(0, 2), st.integers(0, 2), st.sampled_from(["train", "val", "test"]))


def made(shapes) -> list:
    return [
        shop.product(number, texts=texts, pictures=pictures, split=split)
        for number, (texts, pictures, split) in enumerate(shapes)
    ]


def test_each_product_serves_the_kind_that_it_can(stock):
    sources = find_sources(stock)
    assert {kind: len(source.rows) for kind, source in sources.items()} == {"text": 24, "image": 9, "pair": 40}
    for kind, source in sources.items():
        assert source.kind == kind
        for product in stock.read(source.rows):
            assert bool(product.texts) == (kind != "image") and bool(product.pictures) == (kind != "text")


def test_where_no_product_has_a_picture_alone_all_with_a_picture_serve(tmp_path):
    sources = find_sources(shop.stock_of(tmp_path, made([(1, 1, "train"), (2, 1, "train"), (0, 0, "train")])))
    assert {kind: source.rows.tolist() for kind, source in sources.items()} == {
        kind: [0, 1] for kind in ("text", "image", "pair")
    }


def test_a_kind_without_products_is_absent(tmp_path):
    assert find_sources(shop.stock_of(tmp_path, made([(1, 0, "train")]))).keys() == {"text"}


@settings(max_examples=15, deadline=None)
@given(st.lists(PRODUCT, min_size=1, max_size=12))
def test_held_out_products_are_in_no_source(tmp_path_factory, shapes):
    stock = shop.stock_of(tmp_path_factory.mktemp("split"), made([*shapes, (1, 1, "train")]))
    for source in find_sources(stock).values():
        assert {product.split for product in stock.read(source.rows)} == {"train"}
        assert (np.diff(source.rows) > 0).all()


def test_a_split_with_nothing_to_learn_from_is_refused_with_its_name_and_the_others(stock):
    with pytest.raises(ValueError, match=r"'dev'.*shop.*test, train, val"):
        find_sources(stock, split="dev")


@pytest.fixture(scope="module")
def halves(tmp_path_factory) -> list[Catalogue]:
    every = list(shop.products())
    folders = [tmp_path_factory.mktemp("half") for _ in range(2)]
    return [shop.catalogue(folders[0], every[:30]), shop.catalogue(folders[1], every[30:])]


def test_several_catalogues_read_as_one(halves, stock):
    together = Stock(halves)
    rows = np.array([81, 0, 29, 30, 30, 7, 45])
    assert len(together) == len(stock) == 82
    assert together.read(rows) == stock.read(rows)
    assert [product.pictures for product in together.read(rows, pictures="none")] == [()] * 7
    assert together.facts().drop_columns("catalogue").equals(stock.facts().drop_columns("catalogue"))
    assert together.facts()["catalogue"].to_pylist() == [0] * 30 + [1] * 52
    assert together.where(30) == f"{halves[1].path} row 0" and together.where(29) == f"{halves[0].path} row 29"


def test_a_stocks_digest_tells_data_and_order(halves):
    assert Stock(halves).digest == Stock([Catalogue.open(half.path) for half in halves]).digest
    assert len({Stock(halves).digest, Stock(halves[::-1]).digest, Stock(halves[:1]).digest}) == 3


@pytest.mark.parametrize("row", [-1, 82])
def test_a_row_that_does_not_exist_is_refused(halves, row):
    with pytest.raises(IndexError, match="82 products"):
        Stock(halves).read(np.array([3, row]))


def test_a_stock_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one catalogue"):
        Stock([])


def test_reading_no_rows_gives_no_products(halves):
    assert Stock(halves).read(np.zeros(0, dtype=np.int64)) == []
