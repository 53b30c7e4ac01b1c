from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from vitrina.catalogue.product import Product, Text
from vitrina.index import products as products_module
from vitrina.index import store, vectors
from vitrina.index.products import Centre, ProductVectors, top_rows
from vitrina.index.store import VectorStore
from vitrina.index.vectors import VectorIndex

COLOURS = ["red", "green", "blue", "black", "white", "yellow", "pink", "brown", "camel", "grey"]


@pytest.fixture
def products() -> list[Product]:
    """Ten mugs with pictures and texts, ten vases with texts alone, ten lamps with pictures alone."""
    mugs = [
        Product(id=f"mug-{c}", titles=(Text(f"{c} mug"),), pictures=(f"{c} mug".encode(),), category=("home", "mug"))
        for c in COLOURS
    ]
    vases = [Product(id=f"vase-{c}", titles=(Text(f"{c} vase"), Text(f"jarrón {c}", "es"))) for c in COLOURS]
    lamps = [Product(id=f"lamp-{c}", pictures=(f"{c} lamp".encode(), f"{c} lamp side".encode())) for c in COLOURS]
    return [*mugs, *vases, *lamps]


def opened(catalogue, model, tmp_path, *, digest="a" * 64) -> VectorIndex:
    return VectorIndex.open(catalogue, model=model, digest=digest, folder=tmp_path / "index")


def found(index, catalogue, query, top=3) -> list[str]:
    products = ProductVectors.of(index)
    rows = top_rows(products.scores(query(products)[None])[0], top=top)
    return [product.id for product in catalogue.read(rows)]


def words(model, text):
    return lambda products: products.of_texts(model.embed_texts([text]))[0]


def picture(model, text):
    return lambda products: products.of_pictures(model.embed_images([text.encode()]))[0]


def test_products_with_texts_alone_pictures_alone_and_both_are_found(make_catalogue, products, model, tmp_path):
    catalogue = make_catalogue(products)
    index = opened(catalogue, model, tmp_path)
    for query, first in (("red mug", "mug-red"), ("jarrón camel", "vase-camel"), ("blue lamp", "lamp-blue")):
        assert first in found(index, catalogue, words(model, query), top=2)
        assert first in found(index, catalogue, picture(model, query), top=2)


def test_a_text_does_not_favour_products_without_pictures(make_catalogue, products, model, tmp_path):
    catalogue = make_catalogue(products)
    hits = found(opened(catalogue, model, tmp_path), catalogue, words(model, "red"))
    assert set(hits) == {"mug-red", "vase-red", "lamp-red"}


def test_a_product_has_one_vector_of_length_one_the_mean_of_its_parts(make_catalogue, products, model, tmp_path):
    catalogue = make_catalogue(products)
    index = opened(catalogue, model, tmp_path)
    lengths = np.linalg.norm(index.pictures[:], axis=1)
    assert lengths[index.has_picture] == pytest.approx(1.0, abs=1e-5)
    assert not index.pictures[np.flatnonzero(~index.has_picture)].any()
    assert (index.has_picture.sum(), index.has_text.sum()) == (20, 20)
    vase = model.embed_texts(["red vase", "jarrón red"]).sum(0)
    assert index.texts[10] == pytest.approx(vase / np.linalg.norm(vase), abs=1e-5)


def test_nothing_is_embedded_twice(make_catalogue, products, model, tmp_path):
    catalogue = make_catalogue(products)
    assert opened(catalogue, model, tmp_path).embedded == 30
    model.texts.clear()
    model.pictures.clear()
    again = opened(catalogue, model, tmp_path)
    assert (again.embedded, again.notes, model.texts, model.pictures) == (0, (), [], [])


def test_only_new_and_changed_products_are_embedded_and_a_new_price_is_no_change(
    make_catalogue, products, model, tmp_path
):
    before = opened(make_catalogue(products), model, tmp_path)
    model.texts.clear()
    changed = replace(products[0], titles=(Text("scarlet mug"),))
    cheaper = replace(products[1], price=Decimal("3.50"), currency="EUR")
    added = Product(id="new", titles=(Text("wooden chair"),))
    catalogue = make_catalogue([changed, cheaper, added])
    index = opened(catalogue, model, tmp_path)
    assert index.embedded == 2
    assert sorted(model.texts) == ["scarlet mug", "wooden chair"]
    ids = [product.id for product in catalogue.read(range(len(catalogue)))]
    for row, product in enumerate(products):
        if product.id != changed.id:
            assert (index.texts[ids.index(product.id)] == before.texts[row]).all()
    assert found(index, catalogue, words(model, "scarlet mug"))[0] == changed.id


def test_products_with_the_same_content_are_embedded_once(make_catalogue, products, model, tmp_path):
    twins = [replace(products[0], id=f"twin-{n}") for n in range(5)]
    index = opened(make_catalogue(twins), model, tmp_path)
    assert (index.embedded, len(index.texts), len(model.texts)) == (1, 5, 1)


def test_another_model_makes_another_index_and_says_so(make_catalogue, products, model, tmp_path):
    catalogue = make_catalogue(products)
    opened(catalogue, model, tmp_path)
    changed = opened(catalogue, model, tmp_path, digest="b" * 64)
    assert changed.embedded == 30
    assert "another model: 30 products" in changed.notes[0]
    assert [path.name for path in (tmp_path / "index").iterdir()] == ["b" * 16]


def test_a_killed_indexing_keeps_what_it_finished(make_catalogue, products, model, tmp_path, monkeypatch):
    monkeypatch.setattr(vectors, "_SEGMENT_PRODUCTS", 8)
    catalogue = make_catalogue(products)
    pulled = type(model)()
    real = pulled.embed_images

    def dies(pictures):
        if pulled.texts:
            raise KeyboardInterrupt
        return real(pictures)

    pulled.embed_images = dies
    with pytest.raises(KeyboardInterrupt):
        opened(catalogue, pulled, tmp_path)
    assert opened(catalogue, model, tmp_path).embedded == 30 - 8


def test_a_damaged_segment_is_computed_again_and_said(make_catalogue, products, model, tmp_path):
    catalogue = make_catalogue(products)
    whole = opened(catalogue, model, tmp_path).texts[:]
    segment = next((tmp_path / "index").rglob("segment-*"))
    segment.write_bytes(segment.read_bytes()[:100])
    mended = opened(catalogue, model, tmp_path)
    assert mended.embedded == 30
    assert "damaged" in mended.notes[0]
    assert (mended.texts[:] == whole).all()


def test_a_segment_that_lacks_something_is_computed_again_and_said(make_catalogue, products, model, tmp_path):
    catalogue = make_catalogue(products)
    opened(catalogue, model, tmp_path)
    segment = next((tmp_path / "index").rglob("segment-*"))
    tensors = load_file(segment)
    save_file({name: tensors[name] for name in ("keys", "pictures", "texts", "has_text")}, segment)
    mended = opened(catalogue, model, tmp_path)
    assert mended.embedded == 30
    assert "it has no has_picture" in mended.notes[0]


def test_many_small_segments_become_one(make_catalogue, products, model, tmp_path, monkeypatch):
    monkeypatch.setattr(vectors, "_SEGMENT_PRODUCTS", 2)
    monkeypatch.setattr(store, "_MOST_SEGMENTS", 4)
    catalogue = make_catalogue(products)
    first = opened(catalogue, model, tmp_path)
    assert len(list((tmp_path / "index").rglob("segment-*"))) == 1
    again = opened(catalogue, model, tmp_path)
    assert again.embedded == 0
    assert (again.pictures[:] == first.pictures[:]).all()


def test_what_is_added_to_much_does_not_write_the_much_again(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "_MOST_SEGMENTS", 4)
    draw = np.random.default_rng(0)
    written = {}
    kept = VectorStore(tmp_path, model_digest="a" * 64)
    for count in (100, 1, 2, 3, 4):
        keys = draw.integers(256, size=(count, 16), dtype=np.uint8)
        written |= {bytes(key): draw.normal(size=8).astype(np.float32) for key in keys}
        vectors = np.array([written[bytes(key)] for key in keys])
        kept.write(keys, pictures=vectors, texts=np.zeros_like(vectors))
    (large,) = [path for path in kept.folder.iterdir() if path.stat().st_size > 100 * 2 * 8 * 4]
    before = large.stat()
    segments = kept.read()
    assert sorted(map(len, segments)) == [10, 100]
    assert large.stat() == before
    for segment in segments:
        assert all((written[bytes(key)] == row).all() for key, row in zip(segment.keys, segment.pictures, strict=True))
        assert segment.has_picture.all() and not segment.has_text.any()


def test_an_open_index_reads_on_when_another_process_merges_its_files(make_catalogue, products, model, tmp_path):
    catalogue = make_catalogue(products)
    index = opened(catalogue, model, tmp_path)
    before = index.texts[:]
    for path in (tmp_path / "index").rglob("segment-*"):
        path.unlink()
    assert (index.texts[:] == before).all()


def test_vectors_on_the_disk_are_those_in_memory_and_only_new_segments_are_written(
    make_catalogue, products, model, tmp_path, monkeypatch
):
    monkeypatch.setattr(products_module, "_AT_ONCE", 7)
    folder = tmp_path / "near"
    first = opened(make_catalogue(products), model, tmp_path)
    in_memory = ProductVectors.of(first)
    on_disk = ProductVectors.on_disk(first, centre=in_memory.centre, folder=folder)
    assert on_disk.matrix[:] == pytest.approx(in_memory.matrix, abs=1e-6)
    assert (on_disk.has == in_memory.has).all()
    query = in_memory.of_texts(model.embed_texts(["red mug"]))
    assert on_disk.scores(query) == pytest.approx(in_memory.scores(query), abs=2e-6)
    written = {path: path.stat() for path in folder.iterdir()}
    added = make_catalogue([*products, Product(id="new", titles=(Text("wooden chair"),))])
    second = ProductVectors.on_disk(opened(added, model, tmp_path), centre=in_memory.centre, folder=folder)
    assert {path: path.stat() for path in written} == written
    assert len(list(folder.iterdir())) == len(written) + 1
    assert (second.matrix[:30] == on_disk.matrix[:]).all()


def test_damaged_product_vectors_are_written_anew_and_those_of_another_centre_go(
    make_catalogue, products, model, tmp_path
):
    folder = tmp_path / "near"
    index = opened(make_catalogue(products), model, tmp_path)
    own = Centre.of(index)
    before = ProductVectors.on_disk(index, centre=own, folder=folder).matrix[:]
    (path,) = folder.iterdir()
    path.write_bytes(path.read_bytes()[:-1])
    assert (ProductVectors.on_disk(index, centre=own, folder=folder).matrix[:] == before).all()
    elsewhere = Centre(own.pictures + 0.1, own.texts)
    moved = ProductVectors.on_disk(index, centre=elsewhere, folder=folder).matrix[:]
    assert (moved[10:20] == before[10:20]).all(), "vases have no pictures"
    assert not np.allclose(moved[:10], before[:10])
    assert len(list(folder.iterdir())) == 1


def test_a_product_with_nothing_to_compare_is_not_found(make_catalogue, products, model, tmp_path):
    catalogue = make_catalogue([*products[:3], Product(id="empty")])
    hits = found(opened(catalogue, model, tmp_path), catalogue, words(model, "mug"), top=10)
    assert len(hits) == 3 and "empty" not in hits


def test_an_empty_catalogue_is_refused(make_catalogue, model, tmp_path):
    with pytest.raises(ValueError, match="holds no products"):
        opened(make_catalogue([]), model, tmp_path)


def test_a_picture_that_cannot_be_read_costs_neither_the_index_nor_its_product(
    make_catalogue, products, model, tmp_path
):
    odd = Product(id="odd", titles=(Text("odd mug"),), pictures=(b"\xff\xfe", b"odd mug"))
    index = opened(make_catalogue([*products, odd, Product(id="bad", pictures=(b"\xff",))]), model, tmp_path)
    assert index.pictures[30] == pytest.approx(model.embed_images([b"odd mug"])[0], abs=1e-5)
    assert not index.has_picture[31] and not index.pictures[31].any()
    assert any(note.startswith("2 pictures cannot be read") for note in index.notes)
