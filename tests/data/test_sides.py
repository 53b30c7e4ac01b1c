"""Sides: several pictures and texts of a product, its fields as prompts, and explicit negatives of a batch."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.catalogue.product import Product, Text
from vitrina.data.batch import PairBatch
from vitrina.data.builder import Builder, Negatives
from vitrina.data.corruption import Corruption
from vitrina.data.fields import Sides, draw_several, draw_text_sides, prompts, text_side
from vitrina.data.inputs import Inputs
from vitrina.data.loader import Loader
from vitrina.data.mixture import only
from vitrina.data.pictures import Augment
from vitrina.data.planning import plan_run
from vitrina.data.sources import find_sources
from vitrina.data.stock import Stock
from vitrina.data.text import text_key

from . import shop
from .loading import same, tensors

COLOURS = ("red", "blue", "green")
FIELDS = {"title": 1.0, "description": 0.5, "attributes": 0.5}


def made(number: int) -> Product:
    """Some share a title, some a group, some lack a description; three colours over all; one to three pictures."""
    return Product(
        id=f"p{number}",
        titles=(Text(f"mug {number % 14}", "en"), Text(f"taza {number % 14}", "es"))[: 1 + number % 2],
        descriptions=(Text(f"Thing {number}", "en"),) if number % 3 else (),
        pictures=tuple(shop.jpeg(number * 10 + each) for each in range(1 + number % 3)),
        category=("kitchen", ("mugs", "cups")[number % 2]),
        brand="Adler" if number % 4 else None,
        attributes={"colour": COLOURS[number % 3], "baseSize": f"{number % 5} cm"},
        group=f"g{number // 2}" if number % 5 == 0 else None,
    )


@pytest.fixture(scope="module")
def goods(tmp_path_factory: pytest.TempPathFactory) -> Stock:
    return shop.stock_of(tmp_path_factory.mktemp("goods"), [made(number) for number in range(24)])


def loader(
    stock: Stock,
    inputs: Inputs,
    *,
    sides: Sides | None = None,
    negatives: Negatives | None = None,
    corruption: Corruption | None = None,
    rank: int = 0,
    world: int = 1,
) -> Loader:
    sources = find_sources(stock)
    plan = plan_run(stock, sources, mixture=only("pair"), batch_rows=12, seed=3, total_steps=20)
    return Loader(
        stock,
        sources,
        plan,
        inputs,
        negatives=negatives or Negatives(),
        shown=sides or Sides(),
        augment=Augment(views=3, erase_share=0.3),
        corruption=corruption or Corruption(fused_share=0.5, itm_negative_share=0.5, patch_dropout=0.5),
        grid=4,
        rank=rank,
        world=world,
        workers=0,
    )


def batch_of(made: Loader, step: int = 0) -> PairBatch:
    batch = made.batch(step)
    assert isinstance(batch, PairBatch)
    return batch


def said(batch: PairBatch, inputs: Inputs, rows: list[int]) -> list[str]:
    return [inputs.tokenizer.decode(batch.text.ids[row][batch.text.is_token[row]].tolist()) for row in rows]


def columns_of(batch: PairBatch, inputs: Inputs) -> list[list[tuple[str, float]]]:
    """The texts of every text column with their weights, in words."""
    columns = len(batch.product) + len(batch.strangers.product)
    texts = said(batch, inputs, list(range(len(batch.text.ids))))
    weights = batch.text_weight.tolist() or [1.0] * len(texts)
    where = [*range(columns), *batch.text_row.tolist()]
    return [
        [(text, weight) for text, weight, column in zip(texts, weights, where, strict=True) if column == each]
        for each in range(columns)
    ]


def test_fields_become_prompts_in_the_words_that_titles_use():
    product = Product(
        id="1",
        titles=(Text("Zapatos rojos", "es"),),
        brand="Adler",
        category=("Calzado", "Pantalones cortos"),
        attributes={"colour": "rojo", "heelHeight": "3 cm"},
    )
    fields: dict[str, float] = dict.fromkeys(("title", "description", "brand", "category", "attributes"), 1.0)
    assert prompts(product, fields=fields) == {
        "title": ("Zapatos rojos",),
        "brand": ("Adler",),
        "category": ("Pantalón corto",),
        "attributes": ("color: rojo", "heel height: 3 cm"),
    }
    english = Product(id="1", titles=(Text("Red shoe", "en-GB"),), category=("Shoes",), attributes={"colour": "red"})
    assert prompts(english, fields=fields)["category"] == ("Shoe",)
    assert prompts(english, fields=fields)["attributes"] == ("colour: red",)
    mixed = Product(id="1", titles=(Text("Red shoe", "en"), Text("Zapato rojo", "es")), category=("Shoes",))
    assert prompts(mixed, fields=fields)["category"] == ("Shoes",)


def test_one_attribute_may_have_a_weight_of_its_own():
    product = Product(id="1", titles=(Text("Mug"),), attributes={"colour": "red", "size": "XL", "usage": "tea"})
    fields = {"title": 1.0, "attributes": 0.5, "attributes.colour": 2.0, "attributes.size": 0.0}
    assert prompts(product, fields=fields) == {
        "title": ("Mug",),
        "attributes": ("usage: tea",),
        "attributes.colour": ("colour: red",),
    }
    assert text_side(product, sides=Sides(fields=fields)).weights == pytest.approx((1 / 3.5, 0.5 / 3.5, 2 / 3.5))


def test_an_absent_field_leaves_the_others_their_proportions():
    whole = Product(id="1", titles=(Text("Mug"),), descriptions=(Text("For tea"),), attributes={"colour": "red"})
    bare = Product(id="2", titles=(Text("Cup"),), attributes={"colour": "red"})
    other = Product(id="3", titles=(Text("Sofa"),))
    none = Product(id="4", descriptions=(Text("Some thing"),))
    sides = [text_side(each, sides=Sides(fields=FIELDS)) for each in (whole, bare, other)]
    assert [side.weights for side in sides] == [(0.5, 0.25, 0.25), pytest.approx((2 / 3, 1 / 3)), (1.0,)]
    assert text_side(none, sides=Sides(fields={"title": 1})).texts == ("Some thing",), "better than nothing"


@settings(max_examples=40, deadline=None)
@given(
    counts=st.lists(st.integers(0, 6), min_size=1, max_size=8),
    most=st.integers(1, 5),
    seed=st.integers(0, 5),
)
def test_several_draws_are_different_and_the_first_stays_what_it_was(counts, most, seed):
    keys = np.stack([np.full(len(counts), 2), np.full(len(counts), seed), np.arange(len(counts))], axis=1)
    drawn = draw_several(seed, keys, name="text", counts=np.array(counts), most=most)
    assert np.array_equal(drawn[:, :1], draw_several(seed, keys, name="text", counts=np.array(counts), most=1))
    for row, count in zip(drawn.tolist(), counts, strict=True):
        there = [each for each in row if each >= 0]
        assert len(there) == len(set(there)) == min(count, most) and all(each < count for each in there)
        assert row[len(there) :] == [-1] * (most - len(there))


def test_products_with_the_same_titles_or_the_same_prompts_are_twins_and_no_others():
    sides = Sides(texts=2, fields={"title": 1, "attributes": 1})
    red = {"colour": "red"}
    some = [
        Product(id="0", titles=(Text("Mug", "en"), Text("Taza", "es")), attributes=red),
        Product(id="1", titles=(Text("taza", "es"), Text("MUG", "en"))),
        Product(id="2", titles=(Text("Cup", "en"),), attributes=red),
        Product(id="3", attributes=red),
        Product(id="4", attributes=red),
    ]
    keys = np.stack([np.full(5, 2), np.zeros(5, dtype=np.int64), np.arange(5)], axis=1)
    drawn = [set(side.keys) for side in draw_text_sides(0, keys, products=some, sides=sides)]
    twins = {(i, j) for i in range(5) for j in range(i) if drawn[i] & drawn[j]}
    assert twins == {(1, 0), (4, 3)}


@pytest.mark.parametrize("corruption", [None, Corruption(itm="segments", fused_share=0.5)])
def test_more_of_a_product_leaves_what_was_shown_as_it_was(goods, inputs, corruption):
    plain = tensors(batch_of(loader(goods, inputs, corruption=corruption)))
    for sides in (Sides(pictures=3, texts=2), Sides(pictures=2, fields=FIELDS)):
        found = tensors(batch_of(loader(goods, inputs, sides=sides, corruption=corruption)))
        for name, value in plain.items():
            if name.startswith(".picture."):
                assert torch.equal(found[name][: len(value)], value), name
            elif name.startswith((".fused", ".target", ".keys", ".product", ".text_matches")):
                assert torch.equal(found[name], value), name
        assert len(found[".picture.pixels"]) > len(plain[".picture.pixels"])
        assert len(found[".picture.kept"]) == len(found[".picture.pixels"])


def test_a_row_shows_each_of_its_products_pictures_once(goods, inputs):
    batch = batch_of(loader(goods, inputs, sides=Sides(pictures=3), corruption=Corruption(fused_share=0, mlm_share=0)))
    assert (batch.picture_row.diff() >= 0).all()
    for row, number in enumerate(batch.product.tolist()):
        assert int((batch.picture_row == row).sum()) == number % 3, "products have one to three pictures"
        own = torch.cat([batch.picture.pixels[row : row + 1], batch.picture.pixels[12:][batch.picture_row == row]])
        assert len({each.numpy().tobytes() for each in own}) == len(own)


def test_a_row_shows_its_products_fields_by_weight(goods, inputs):
    batch = batch_of(loader(goods, inputs, sides=Sides(texts=2, fields=FIELDS)), step=1)
    columns = columns_of(batch, inputs)
    for row, product in zip(columns, goods.read(batch.product.numpy()), strict=True):
        assert sum(weight for _, weight in row) == pytest.approx(1)
        whole = text_side(product, sides=Sides(fields=FIELDS))
        assert sorted(text for text, _ in row) == sorted(text.lower() for text in whole.texts)
        titles = sum(weight for text, weight in row if text.startswith(("mug", "taza")))
        colours = sum(weight for text, weight in row if ":" in text)
        assert titles == pytest.approx(2 * colours)


def test_a_bag_of_several_texts_knows_the_keys_of_all(goods, inputs):
    batch = batch_of(loader(goods, inputs, sides=Sides(texts=2)))
    assert batch.text_key.shape == (12, 2) and len(batch.text_weight) > 12
    for row, product in enumerate(goods.read(batch.product.numpy())):
        own = {text_key(each.text) for each in product.texts}
        keys = set(batch.text_key[row].tolist()) - {-1}
        assert keys <= own and len(keys) == min(2, len(own))


@settings(max_examples=15, deadline=None)
@given(
    share=st.sampled_from([0.0, 0.5, 1.0]),
    each=st.integers(1, 3),
    sides=st.sampled_from([Sides(), Sides(texts=2), Sides(fields=FIELDS), Sides(fields={"attributes.colour": 1})]),
    step=st.integers(0, 9),
)
def test_an_explicit_negative_is_never_the_rows_own_text_product_or_group(goods, inputs, share, each, sides, step):
    negatives = Negatives(contrast=each, category_share=share)
    batch = batch_of(loader(goods, inputs, sides=sides, negatives=negatives), step)
    strangers = batch.strangers
    assert len(strangers.product) == 12 * each
    columns = columns_of(batch, inputs)
    for number, product in enumerate(strangers.product.tolist()):
        row = number // each
        assert product != batch.product[row] and strangers.group[number] != strangers.row_group[row]
        own, other = (keys.reshape(-1).tolist() for keys in (batch.text_key[row], strangers.text_key[number]))
        assert not set(own) & set(other) - {-1}
        titles = {each.text.lower() for each in goods.read(np.array([batch.product[row]]))[0].titles}
        assert sides.fields or not titles & {text for text, _ in columns[12 + number]}


def test_the_share_of_the_category_is_kept_on_the_whole(goods):
    rows = find_sources(goods)["pair"].rows
    products = goods.read(rows)
    found = {}
    for share in (0.0, 0.3, 1.0):
        builder = Builder(goods, rows, negatives=Negatives(contrast=3, category_share=share), seed=1)
        hits = []
        for epoch in range(12):
            keys = np.stack([np.full(24, 2), np.full(24, epoch), rows], axis=1)
            sides = draw_text_sides(1, keys, products=products, sides=Sides())
            drawn = builder.draw_contrast(keys, products=products, shown=sides, sides=Sides())
            assert len(drawn) == 72
            hits += [each.row % 2 == rows[number // 3] % 2 for number, each in enumerate(drawn)]
        found[share] = float(np.mean(hits))
    assert found[1.0] == 1.0
    assert found[0.3] == pytest.approx(0.3 + 0.7 * found[0.0], abs=0.05)


def test_negatives_of_the_contrast_change_with_the_epoch_unless_fixed(goods):
    rows = find_sources(goods)["pair"].rows[:6]
    products = goods.read(rows)

    def drawn(epoch: int, **settings) -> list[int]:
        builder = Builder(goods, find_sources(goods)["pair"].rows, negatives=Negatives(contrast=2, **settings), seed=1)
        keys = np.stack([np.full(6, 2), np.full(6, epoch), rows], axis=1)
        shown = draw_text_sides(1, keys, products=products, sides=Sides())
        return [each.row for each in builder.draw_contrast(keys, products=products, shown=shown, sides=Sides())]

    assert drawn(0) != drawn(1) and drawn(0, redraw="fixed") == drawn(1, redraw="fixed")


ALL = Sides(pictures=3, texts=2, fields=FIELDS)


@pytest.mark.parametrize("world", [2, 3])
def test_ranks_together_show_every_side_of_the_whole_batch(goods, inputs, world):
    negatives = Negatives(contrast=2, category_share=0.5)

    def shown(rank: int, world: int) -> dict[int, tuple]:
        batch = batch_of(loader(goods, inputs, sides=ALL, negatives=negatives, rank=rank, world=world))
        columns, rows = columns_of(batch, inputs), len(batch.product)
        pictures = [*range(rows), *batch.picture_row.tolist()]
        return {
            product: (
                columns[row],
                columns[rows + 2 * row : rows + 2 * row + 2],
                [
                    pixels.numpy().tobytes()
                    for pixels, owner in zip(batch.picture.pixels, pictures, strict=True)
                    if owner == row
                ],
                [kept.tolist() for kept, owner in zip(batch.picture.kept, pictures, strict=True) if owner == row],
            )
            for row, product in enumerate(batch.product.tolist())
        }

    parts: dict[int, tuple] = {}
    for rank in range(world):
        parts |= shown(rank, world)
    assert parts == shown(0, 1)


def test_a_batch_of_sides_is_a_pure_function_of_its_step(goods, inputs):
    negatives = Negatives(contrast=2, category_share=0.5)
    one, other = (loader(goods, inputs, sides=ALL, negatives=negatives) for _ in range(2))
    forwards = [one.batch(step) for step in range(6)]
    assert all(same(other.batch(step), forwards[step]) for step in reversed(range(6)))


def test_a_further_picture_that_is_damaged_is_left_out(tmp_path: Path, inputs):
    whole = [made(number) for number in range(12)]
    broken = [
        Product(
            id=each.id,
            titles=each.titles,
            pictures=(*each.pictures[:1], b"\xff\xd8 no picture", *each.pictures[1:]),
        )
        for each in whole
    ]
    batch = batch_of(loader(shop.stock_of(tmp_path, broken), inputs, sides=Sides(pictures=4)))
    for row, product in enumerate(batch.product.tolist()):
        assert int((batch.picture_row == row).sum()) == product % 3, "all but the first and the damaged one"
        own = torch.cat([batch.picture.pixels[row : row + 1], batch.picture.pixels[12:][batch.picture_row == row]])
        assert len({each.numpy().tobytes() for each in own}) == len(own)


@pytest.mark.parametrize(
    ("settings_", "words"),
    [
        ({"pictures": 0}, r"shown\.pictures is 0"),
        ({"texts": 0}, r"shown\.texts is 0"),
        ({"fields": {"titel": 1}}, r"no 'titel': there are title, description"),
        ({"fields": {"title": -1}}, r"shown\.fields\.title is -1"),
        ({"fields": {"title": 0}}, "every weight is 0"),
    ],
)
def test_sides_that_make_no_sense_are_refused_by_name(settings_, words):
    with pytest.raises(ValueError, match=words):
        Sides(**settings_)
