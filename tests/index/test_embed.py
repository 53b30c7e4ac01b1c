import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from searchable import WordModel, opened

from vitrina.catalogue.product import Product, Text
from vitrina.index.embed import embed, write_vectors


@pytest.fixture
def index(tmp_path):
    both = Product(id="both", titles=(Text("red mug"),), pictures=(b"red mug",))
    shop = [both, Product(id="text", titles=(Text("blue vase"),)), Product(id="none")]
    return opened(WordModel(), shop, place=tmp_path)


def written(index, out, **about):
    ids = index.catalogue.facts()["id"].combine_chunks()
    write_vectors(out, ids=ids, vectors=index.vectors, products=index.products, about=about)
    return pq.read_table(out)


def test_the_file_holds_every_product_in_order_with_its_vectors(index, tmp_path):
    table = written(index, tmp_path / "new" / "out.parquet", vitrina=json.dumps({"model": "a"}))
    assert table["id"].to_pylist() == ["both", "text", "none"]
    assert table["has_picture"].to_pylist() == [True, False, False]
    assert table["has_text"].to_pylist() == [True, True, False]
    assert str(table.schema.field("product").type) == "fixed_size_list<element: float>[65]"
    products = np.array(table["product"].to_pylist(), dtype=np.float32)
    assert (products == index.products.matrix).all()
    assert np.linalg.norm(products, axis=1) == pytest.approx([1, 1, 0], abs=1e-5)
    assert json.loads(table.schema.metadata[b"vitrina"]) == {"model": "a"}


def test_a_file_that_fails_half_way_leaves_the_old_one(index, tmp_path, monkeypatch):
    out = tmp_path / "out.parquet"
    written(index, out)
    before = out.read_bytes()
    monkeypatch.setattr("vitrina.index.embed._ROWS_AT_ONCE", 1)

    def fails(*arguments, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr("vitrina.catalogue.manifest.flush", fails)
    with pytest.raises(KeyboardInterrupt):
        written(index, out)
    assert out.read_bytes() == before and [path.name for path in tmp_path.glob(".writing*")] == []


def test_a_folder_is_refused_before_anything_is_computed(tmp_path):
    with pytest.raises(ValueError, match="name a file to write"):
        embed("nowhere", catalogue="nowhere", out=tmp_path)
    with pytest.raises(ValueError, match=r"end its name with \.parquet"):
        embed("nowhere", catalogue="nowhere", out=tmp_path / "vectors.csv")
