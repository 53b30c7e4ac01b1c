import sys
import threading
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from searchable import WordModel, index_of, opened

from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.remove import remove
from vitrina.catalogue.store import Catalogue, write_catalogue
from vitrina.index import keeping
from vitrina.index.index import Index, Loaded, Query

COLOURS = ["red", "green", "blue", "black", "white", "yellow", "pink", "brown", "camel", "grey"]
KINDS = ["mug", "vase", "lamp"]


def products() -> list[Product]:
    return [
        Product(
            id=f"{kind}-{colour}",
            titles=(Text(f"{colour} {kind}", "en"),),
            descriptions=(Text(f"Referencia ZX-{number}{place}/8 talla 4{place},5", "es"),),
            pictures=(f"{colour} {kind}".encode(),) if number % 2 else (),
            price=Decimal(place * 10 + number),
            currency="EUR",
            category=("home", kind),
            attributes={"colour": colour},
        )
        for number, kind in enumerate(KINDS)
        for place, colour in enumerate(COLOURS)
    ]


@pytest.fixture(scope="module")
def index(tmp_path_factory) -> Index:
    return opened(WordModel(), products(), place=tmp_path_factory.mktemp("shop"))


def ids(index: Index, **query) -> list[str]:
    return [hit.id for hit in index.search(Query(**query)).hits]


@pytest.mark.parametrize("mode", ["vector", "text", "hybrid"])
def test_words_find_their_product_in_every_mode(index, mode):
    assert ids(index, text="pink lamp", mode=mode, top=3)[0] == "lamp-pink"


def test_a_picture_finds_its_product(index):
    assert ids(index, picture=b"black vase", top=3)[0] == "vase-black"


def test_this_one_but_in_red_finds_the_red_one(index):
    assert "vase-red" in ids(index, picture=b"black vase", text="red", top=3)
    assert "vase-red" in ids(index, like="vase-black", text="red", top=3)


def test_a_picture_share_of_all_or_nothing_leaves_one_side(index):
    alone = ids(index, picture=b"black vase", top=5)
    assert ids(index, picture=b"black vase", text="red mug", picture_share=1.0, mode="vector", top=5) == alone
    words = ids(index, text="red mug", mode="vector", top=5)
    assert ids(index, picture=b"black vase", text="red mug", picture_share=0.0, mode="vector", top=5) == words


def test_more_like_this_never_shows_this(index):
    found = ids(index, like="mug-red", top=30)
    assert "mug-red" not in found and len(found) == 29


@pytest.mark.parametrize("code", ["ZX-15/8", "zx158", "45,5", "45.5"])
def test_product_codes_and_sizes_are_found_exactly(index, code):
    wanted = {hit.id for hit in index.search(Query(text=code, mode="text", top=3)).hits}
    assert "vase-yellow" in wanted
    assert "vase-yellow" in ids(index, text=code, top=3)


@pytest.mark.parametrize("mode", ["vector", "text", "hybrid"])
def test_filters_come_before_the_best_are_chosen(index, mode):
    found = index.search(Query(text="red lamp", where="category = lamp and price >= 12", mode=mode, top=30))
    assert found.hits and all(hit.category[1] == "lamp" and (hit.price or 0) >= 12 for hit in found.hits)
    assert len(found.hits) == 9 == found.searched


def test_a_filter_that_leaves_nothing_finds_nothing(index):
    found = index.search(Query(text="red mug", where="price > 9999"))
    assert (found.hits, found.searched) == ((), 0)
    assert "Nothing was found" in found.text()


def test_pages_follow_each_other_without_gap_or_repeat(index):
    whole = ids(index, text="red mug", top=30)
    pages = [ids(index, text="red mug", top=7, skip=skip) for skip in range(0, 35, 7)]
    assert [id_ for page in pages for id_ in page] == whole
    assert index.search(Query(text="red mug", top=7, skip=7)).text().splitlines()[2].split()[0] == "8"


def test_equal_products_come_in_the_catalogues_order(tmp_path, model):
    twins = [Product(id=f"{n:03}", titles=(Text("red mug"),)) for n in range(40)]
    found = opened(model, [*twins, *products()], place=tmp_path)
    assert ids(found, text="red mug", mode="vector", top=12) == [f"{n:03}" for n in range(12)]


def test_spanish_words_find_products_whose_facts_are_english(tmp_path, model):
    told = [Product(id=f"t{n}", titles=(Text("taza roja", "es"),), attributes={"colour": "scarlet"}) for n in range(5)]
    mute = Product(id="mute", titles=(Text("Modelo Nube", "es"),), attributes={"colour": "scarlet"})
    found = opened(model, [*told, mute, *products()], place=tmp_path)
    assert ids(found, text="roja", mode="text", top=9).index("mute") == 5


@pytest.mark.parametrize(
    ("words", "query"),
    [
        ("is empty", {"text": " "}),
        ("no text in UTF-8", {"text": "zapato \udcff"}),
        ("nothing to search by", {}),
        ("not by both", {"picture": b"x", "like": "mug-red"}),
        ("needs a text", {"like": "mug-red", "mode": "text"}),
        ("at least one", {"text": "a", "top": 0}),
        ("skip is -1", {"text": "a", "skip": -1}),
        ("between 0 and 1", {"text": "a", "picture_share": 1.5}),
        ("no product with the id 'gone'", {"like": "gone"}),
        ("no product has the attribute 'size'", {"text": "a", "where": "attributes.size = 3"}),
        ("cannot be read at position 7", {"text": "a", "where": "price !! 3"}),
    ],
)
def test_a_query_that_cannot_be_answered_is_refused_in_words(index, words, query):
    with pytest.raises(ValueError, match=words):
        index.search(Query(**query))


def test_several_threads_get_what_one_gets(index):
    queries = [Query(text=f"{colour} {kind}", where="price < 80") for colour in COLOURS[:4] for kind in KINDS]
    alone = [index.search(query).hits for query in queries]
    together: dict[int, list] = {}

    def ask(number: int) -> None:
        together[number] = [index.search(query).hits for query in queries]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[number] for number in range(3)] == [alone] * 3


def test_changes_are_followed_and_removed_products_never_appear(tmp_path, model):
    found = opened(model, products(), place=tmp_path)
    assert found.refresh() is False
    model.texts.clear()
    changed = replace(products()[0], titles=(Text("scarlet teapot", "en"),))
    write_catalogue(tmp_path / "shop", [changed, Product(id="new", titles=(Text("oak table", "en"),))])
    remove(tmp_path / "shop", ids=["mug-blue"])
    assert ids(found, text="blue mug")[0] == "mug-blue", "the old state answers until it is refreshed"
    assert found.refresh() is True
    assert len(model.texts) == 4, "only the two new products' texts are embedded, and the query"
    for mode in ("vector", "text", "hybrid"):
        assert ids(found, text="scarlet teapot", mode=mode)[0] == "mug-red"
        assert ids(found, text="oak table", mode=mode)[0] == "new"
        assert "mug-blue" not in ids(found, text="blue mug", mode=mode, top=50)


def test_another_model_is_built_beside_and_takes_its_place_at_once(tmp_path, model):
    write_catalogue(tmp_path / "shop", products())
    current = [Loaded(model, "a" * 64, ("one", 0))]
    found = Index(lambda before: current[0], catalogue=tmp_path / "shop", folder=tmp_path / "index")
    seen: list[list[str]] = []

    class Watched(WordModel):
        def embed_texts(self, texts):
            if found.model is model:
                seen.append(ids(found, text="red mug"))
            return super().embed_texts(texts)

    current[0] = Loaded(Watched(), "b" * 64, ("two", 0))
    assert found.refresh()
    assert seen and all(each[0] == "mug-red" for each in seen), "the old index answered while the new one was made"
    assert isinstance(found.model, Watched)
    assert ids(found, text="pink lamp", mode="hybrid")[0] == "lamp-pink"


def test_an_index_in_use_by_another_is_not_taken_away(tmp_path, model):
    old = opened(model, products(), place=tmp_path)
    new = index_of(WordModel(), folder=tmp_path / "index", catalogue=tmp_path / "shop", digest="c" * 64)
    assert ids(old, text="red mug", mode="text") == ids(new, text="red mug", mode="text")
    del old
    index_of(WordModel(), folder=tmp_path / "index", catalogue=tmp_path / "shop", digest="d" * 64)
    assert {path.name for path in (tmp_path / "index").iterdir()} == {"c" * 16, "d" * 16}


def test_many_products_are_found_through_the_engines_vectors_as_exactly(tmp_path, model, monkeypatch, index):
    monkeypatch.setattr(keeping, "EXACT_UP_TO", 10)
    monkeypatch.setattr("vitrina.index.finding._COMPARED", 5)
    near = opened(model, products(), place=tmp_path)
    for query in ({"text": "red mug"}, {"picture": b"black vase"}, {"text": "lamp", "where": "price > 15"}):
        assert ids(near, top=8, **query) == ids(index, top=8, **query)


def test_without_the_library_words_are_refused_and_meaning_still_answers(tmp_path, model, monkeypatch):
    monkeypatch.setitem(sys.modules, "lancedb", None)
    found = opened(model, products(), place=tmp_path)
    hits = found.search(Query(text="red mug"))
    assert hits.hits[0].id == "mug-red" and hits.mode == "vector"
    assert "vitrina[index]" in hits.text()
    assert ids(found, text="red mug", where="category = mug")[0] == "mug-red"
    for mode in ("text", "hybrid"):
        with pytest.raises(ImportError, match=r"pip install 'vitrina\[index\]'"):
            found.search(Query(text="red mug", mode=mode))


def test_a_result_prints_as_a_table(index, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    text = index.search(Query(text="red mug", where="price < 1000", top=5)).text()
    lines = text.splitlines()
    assert lines[0] == "“red mug” where price < 1000 among 30 products"
    assert "home › mug" in text and "0.00 EUR" in text
    assert max(len(line) for line in lines) <= 100
    assert sum(line.lstrip().startswith(tuple("12345")) for line in lines) == 5


def test_scores_are_finite_and_fall(index):
    for mode in ("vector", "text", "hybrid"):
        scores = [hit.score for hit in index.search(Query(text="red mug", mode=mode, top=30)).hits]
        assert np.isfinite(scores).all() and scores == sorted(scores, reverse=True)


def test_an_index_stays_right_where_the_stamp_was_lost(tmp_path, model, index):
    first = opened(model, products()[:20], place=tmp_path)
    for stamp in Path(tmp_path / "index").rglob("stamp.json"):
        stamp.unlink()
    write_catalogue(tmp_path / "shop", products())
    assert first.refresh() and len(Catalogue.open(tmp_path / "shop")) == 30
    assert ids(first, text="pink lamp", mode="text") == ids(index, text="pink lamp", mode="text")
