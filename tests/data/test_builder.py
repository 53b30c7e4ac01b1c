from collections import Counter

import numpy as np
import pytest

from vitrina.catalogue.product import Product, Text
from vitrina.data.builder import Builder, Negatives
from vitrina.data.lengths import TextLengths
from vitrina.data.sources import find_sources
from vitrina.data.stock import Stock
from vitrina.data.text import text_key

from . import shop


def builder(stock: Stock, *, seed: int = 0, **settings) -> Builder:
    return Builder(stock, find_sources(stock)["pair"].rows, negatives=Negatives(**settings), seed=seed)


def keys_of(rows: np.ndarray, *, epoch: int = 0) -> np.ndarray:
    return np.stack([np.full_like(rows, 2), np.full_like(rows, epoch), rows], axis=1)


def named(number: int, title: str, **facts) -> Product:
    return Product(id=f"p{number}", titles=(Text(title),), pictures=(shop.jpeg(number),), **facts)


class Counting(Stock):
    """A stock that counts the products read."""

    def __init__(self, catalogues):
        super().__init__(catalogues)
        self.reads: list[tuple[int, str]] = []

    def read(self, rows, *, pictures="bytes"):
        self.reads.append((len(rows), pictures))
        return super().read(rows, pictures=pictures)


def test_a_product_is_built_with_all_its_pictures_and_texts(stock):
    built = builder(stock).build(0, epoch=0)
    product = stock.read(np.array([0]))[0]
    assert built.images == product.pictures and len(built.images) == 2
    assert built.positives == tuple(text.text for text in product.texts) and len(built.positives) == 3


@pytest.mark.parametrize(("row", "minimum", "expected"), [(0, 1, 3), (0, 2, 3), (0, 5, 5), (1, 1, 1), (1, 4, 4)])
def test_there_are_as_many_negatives_as_positives_and_at_least_the_minimum(stock, row, minimum, expected):
    assert len(builder(stock, minimum=minimum).build(row, epoch=0).negatives) == expected


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_negatives_are_other_products_texts_and_differ_from_one_another(stock, share):
    made = builder(stock, category_share=share, minimum=4)
    texts = {text.text for product in stock.read(np.arange(40)) for text in product.texts}
    for row in range(40):
        built = made.build(row, epoch=1)
        assert set(built.negatives) <= texts - set(built.positives) and len(set(built.negatives)) == 4


def test_negatives_of_the_same_category_come_from_it(stock):
    products = stock.read(np.arange(40))
    shelf = {text.text: product.category for product in products for text in product.texts}
    made = builder(stock, category_share=1.0, minimum=4)
    for row in range(40):
        assert {shelf[text] for text in made.build(row, epoch=0).negatives} == {products[row].category}
    others = {shelf[text] for row in range(40) for text in builder(stock).build(row, epoch=0).negatives}
    assert len(others) == 5


def test_a_category_with_too_few_others_is_left_for_the_whole_pool(tmp_path):
    few = [named(number, f"mug {number}", category=("mugs",)) for number in range(4)]
    many = [named(number, f"chair {number}", category=("chairs",)) for number in range(4, 20)]
    homeless = [named(number, f"thing {number}") for number in range(20, 24)]
    made = builder(shop.stock_of(tmp_path, [*few, *many, *homeless]), category_share=1.0, minimum=4)

    def kinds(row: int) -> set[str]:
        return {text.split()[0] for epoch in range(8) for text in made.build(row, epoch=epoch).negatives}

    assert kinds(0) == {"mug", "chair", "thing"} and kinds(6) == {"chair"} and kinds(21) == {"mug", "chair", "thing"}


def test_redrawn_negatives_change_with_the_epoch_and_fixed_ones_do_not(stock):
    redrawn, fixed = builder(stock), builder(stock, redraw="fixed")
    assert len({redrawn.build(7, epoch=epoch).negatives for epoch in range(5)}) == 5
    assert len({fixed.build(7, epoch=epoch).negatives for epoch in range(5)}) == 1
    assert fixed.build(7, epoch=0) != builder(stock, redraw="fixed", seed=1).build(7, epoch=0)


def test_negatives_are_drawn_evenly_from_the_pool(stock):
    made = builder(stock, minimum=4)
    seen = Counter(text.split()[-1] for epoch in range(300) for text in made.build(3, epoch=epoch).negatives)
    by_product = Counter(int(name[1:]) // 10 for name in seen.elements())
    expected = 1200 / 39
    assert set(by_product) == set(range(40)) - {3}
    assert max(abs(count - expected) for count in by_product.values()) < 5 * expected**0.5


def test_no_duplicate_of_a_positive_is_ever_a_negative(tmp_path):
    same = [named(number, text) for number, text in enumerate(["Taza Roja", "taza  roja", "TAZA ROJA", "taza roja\n"])]
    different = [named(number, f"mesa {number}") for number in range(4, 8)]
    made = builder(shop.stock_of(tmp_path, [*same, *different]), minimum=4)
    for row in range(4):
        for epoch in range(20):
            keys = {text_key(text) for text in made.build(row, epoch=epoch).negatives}
            assert keys <= {text_key(f"mesa {number}") for number in range(4, 8)}


def test_no_variant_of_the_same_group_is_ever_a_negative(tmp_path):
    family = [named(number, f"camisa talla {number}", group="camisa") for number in range(6)]
    made = builder(shop.stock_of(tmp_path, [*family, *(named(number, f"mesa {number}") for number in range(6, 9))]))
    for epoch in range(20):
        assert {text.split()[0] for text in made.build(0, epoch=epoch).negatives} == {"mesa"}


def test_the_only_other_text_of_a_small_shop_is_found(tmp_path):
    made = builder(shop.stock_of(tmp_path, [*(named(n, "taza") for n in range(9)), named(9, "mesa")]), minimum=3)
    assert made.build(4, epoch=0).negatives == ("mesa",) * 3


def test_a_shop_without_any_other_text_says_so(tmp_path):
    stock = shop.stock_of(tmp_path, [named(number, "taza") for number in range(3)])
    with pytest.raises(ValueError, match=r"shop row 1 \(product 'p1'\).*Add products"):
        builder(stock).build(1, epoch=0)


def test_the_negative_of_an_iteration_is_one_of_the_products_list(stock):
    made = builder(stock)
    rows = np.arange(40)
    for epoch in range(3):
        drawn = made.draw_negatives(keys_of(rows, epoch=epoch), products=stock.read(rows))
        for row, text in zip(rows, drawn, strict=True):
            assert text in made.build(int(row), epoch=epoch).negatives


def test_a_draw_depends_on_its_row_alone(stock):
    made, rows = builder(stock), np.arange(40)
    products = stock.read(rows)
    together = made.draw_negatives(keys_of(rows), products=products)
    assert made.draw_negatives(keys_of(rows[::-1][:7]), products=products[::-1][:7]) == together[::-1][:7]
    drawn = made.draw(keys_of(rows), products=products)
    alone = made.draw(keys_of(rows[8:9]), products=products[8:9])
    assert (alone.pictures, alone.texts, alone.positives) == (drawn.pictures[8], drawn.texts[8], drawn.positives[8:9])


def test_every_picture_and_text_of_a_product_gets_its_turn(stock):
    made, products = builder(stock), stock.read(np.array([0]))
    drawn = [made.draw(keys_of(np.array([0]), epoch=epoch), products=products) for epoch in range(300)]
    for counts, choices in (
        (Counter(int(each.pictures[0]) for each in drawn), 2),
        (Counter(int(each.texts[0]) for each in drawn), 3),
    ):
        assert set(counts) == set(range(choices))
        assert max(abs(count - 300 / choices) for count in counts.values()) < 5 * (300 / choices) ** 0.5
    assert all(each.positives == [products[0].texts[each.texts[0]].text] for each in drawn)


def test_a_batchs_negatives_are_read_together_and_without_pictures(tmp_path):
    stock = Counting([shop.catalogue(tmp_path, list(shop.products()))])
    made, rows = builder(stock), np.arange(40)
    products = stock.read(rows)
    stock.reads.clear()
    made.draw_negatives(keys_of(rows), products=products)
    assert {pictures for _, pictures in stock.reads} == {"none"}
    assert len(stock.reads) <= 3 and sum(count for count, _ in stock.reads) <= 44


def test_lengths_are_those_of_the_texts_that_will_be_shown(stock):
    source = find_sources(stock)["pair"]
    text_source = type(source)("text", source.rows)
    epochs, indices = np.repeat(np.arange(4), 40), np.tile(np.arange(40), 4)
    found = TextLengths(stock, text_source, seed=3)(epochs, indices)
    keys = np.stack([np.zeros_like(epochs), epochs, source.rows[indices]], axis=1)
    shown = builder(stock, seed=3).draw(keys, products=stock.read(source.rows[indices]))
    assert found.tolist() == [len(text) for text in shown.positives]
    assert len(set(found[indices == 0])) > 1, "another text in another epoch"


@pytest.mark.parametrize("wrong", [{"minimum": 0}, {"redraw": "never"}, {"category_share": 1.5}, {"contrast": -1}])
def test_settings_that_make_no_sense_are_refused_by_name(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Negatives(**wrong)
