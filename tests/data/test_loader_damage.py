import logging
import shutil
import threading
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from vitrina.catalogue.product import Product
from vitrina.catalogue.store import Catalogue, write_catalogue
from vitrina.data.corruption import Corruption
from vitrina.data.mixture import Mixture
from vitrina.data.pictures import Augment, decode
from vitrina.data.stock import Stock
from vitrina.data.text import text_key

from . import shop
from .loading import FakeCodes, by_row, loader, same


@pytest.fixture
def damaged(tmp_path) -> Stock:
    """Every fifth product has a picture that is no picture; one of them another that is."""

    def spoiled(number: int) -> Product:
        product = shop.product(number)
        if number % 5:
            return product
        rest = (shop.jpeg(999),) if number == 10 else ()
        return Product(id=product.id, titles=product.titles, pictures=(shop.jpeg(number)[:150], *rest))

    return shop.stock_of(tmp_path, [spoiled(number) for number in range(30)])


ONLY_PAIRS = Mixture(text=0, image=0, pair=1)


def test_an_unreadable_picture_gives_way_to_another_product_always_the_same(damaged, inputs):
    whole = [loader(damaged, inputs, mixture=ONLY_PAIRS, seed=seed).batch(2) for seed in (3, 3, 4)]
    assert same(whole[0], whole[1]) and not same(whole[0], whole[2])
    parts = [loader(damaged, inputs, mixture=ONLY_PAIRS, rank=rank, world=3).batch(2) for rank in range(3)]
    assert by_row(parts) == by_row([whole[0]])
    shown = Counter(
        int(row) for batch in loader(damaged, inputs, mixture=ONLY_PAIRS).batches(0, 50) for row in batch.product
    )
    assert set(shown) == {row for row in range(30) if row % 5 or row == 10}
    assert min(shown.values()) >= 9, "ten epochs show every readable product about ten times"


def test_an_unreadable_picture_first_gives_way_to_the_products_next_one(damaged, inputs):
    still = Augment(flip=False, shift_share=0, scale_share=0, aspect_share=0)
    batches = loader(damaged, inputs, mixture=ONLY_PAIRS, augment=still).batches(0, 20)
    seen = [
        pixels
        for batch in batches
        for row, pixels in zip(batch.product, batch.picture.pixels, strict=True)
        if row == 10
    ]
    expected = torch.from_numpy(decode(shop.jpeg(999), geometry=inputs.geometry))
    assert len(seen) >= 4 and all(torch.equal(pixels, expected) for pixels in seen)


def test_substitutes_bring_their_own_text_and_codes(damaged, inputs):
    for batch in loader(damaged, inputs, mixture=ONLY_PAIRS, codes=FakeCodes()).batches(0, 10):
        assert torch.equal(batch.picture.codes[:, 0] // 1000, batch.product)
        for row, product in zip(batch.text_key.tolist(), damaged.read(batch.product.numpy()), strict=True):
            assert row == text_key(product.texts[0].text)


def test_each_unreadable_product_is_logged_once(damaged, inputs, caplog):
    with caplog.at_level(logging.WARNING, logger="vitrina"):
        list(loader(damaged, inputs, mixture=ONLY_PAIRS).batches(0, 60))
    assert len(caplog.messages) == 6 and len(set(caplog.messages)) == 6
    assert any("p15" in message and "shop row 15" in message for message in caplog.messages)


@pytest.mark.parametrize("workers", [0, 2])
def test_past_the_error_budget_the_run_stops_with_words_and_the_step(damaged, inputs, workers):
    made = loader(damaged, inputs, mixture=ONLY_PAIRS, error_budget=3, workers=workers)
    # Another thread may find the next one before the first is told; the damaged shop has six.
    words = f"{'[456]' if workers else '4'} products have pictures that cannot be read, more than the 3"
    with pytest.raises(ValueError, match=words) as stopped:
        list(made.batches(0, 60))
    assert "the batch of step" in stopped.value.__notes__[0]


def test_a_shop_of_unreadable_pictures_says_so(tmp_path, inputs):
    stock = shop.stock_of(tmp_path, [Product(id=f"p{n}", pictures=(b"nothing",)) for n in range(8)])
    with pytest.raises(ValueError, match="64 other products"):
        loader(stock, inputs, mixture=Mixture(text=0, image=1, pair=0)).batch(0)


def spoiled_shops(tmp_path) -> Stock:
    """Two shops of 20; every fourth picture of the first is no picture."""
    fine = [shop.product(number) for number in range(40)]
    first = [replace(each, pictures=(b"nothing",)) if row % 4 == 0 else each for row, each in enumerate(fine[:20])]
    return Stock([write_catalogue(tmp_path / "cups", first), write_catalogue(tmp_path / "lamps", fine[20:])])


def test_a_substitute_is_of_the_same_domain(tmp_path, inputs):
    mixture = Mixture(text=0, image=0, pair=1, domains={"cups": 1, "lamps": 1})
    made = loader(spoiled_shops(tmp_path), inputs, mixture=mixture)
    domains = [made.domain_of(step) for step in range(40)]
    assert set(domains) == {"cups", "lamps"}
    for domain, batch in zip(domains, made.batches(0, 40), strict=True):
        assert ((batch.product < 20) == (domain == "cups")).all()
        assert (batch.product[batch.product < 20] % 4 > 0).all()


@pytest.mark.parametrize("itm", ["pair", "segments"])
def test_wrong_texts_come_from_the_batchs_own_domain(tmp_path, inputs, itm):
    stock = spoiled_shops(tmp_path)
    texts = [inputs.texts([product.texts[0].text]).ids[0].tolist() for product in stock.read(np.arange(40))]
    mixture = Mixture(text=0, image=0, pair=1, domains={"cups": 1, "lamps": 1})
    corruption = Corruption(itm=itm, itm_negative_share=1.0)
    made = loader(stock, replace(inputs, max_tokens=80), mixture=mixture, corruption=corruption)
    found: dict[str | None, set[int]] = {"cups": set(), "lamps": set()}
    for step, batch in enumerate(made.batches(0, 40)):
        for ids, is_token, types in zip(batch.fused.ids, batch.fused.is_token, batch.fused.types, strict=True):
            for side in (0, 1)[: 1 + (itm == "segments")]:
                words = ids[is_token & (types == side)].tolist()
                found[made.domain_of(step)].add(texts.index([1, *words] if side else words))
    assert found["cups"] <= set(range(20)) and found["lamps"] <= set(range(20, 40))
    assert min(map(len, found.values())) > 15


def test_a_plan_without_domains_names_none(stock, inputs):
    assert {loader(stock, inputs).domain_of(step) for step in range(20)} == {None}


def test_a_catalogue_that_is_removed_under_a_running_loader_goes_on_to_be_read(tmp_path, inputs):
    stock = shop.stock_of(tmp_path, list(shop.products()))
    expected = list(loader(stock, inputs).batches(0, 12))
    made = loader(Stock([Catalogue.open(tmp_path / "shop")]), inputs)
    batches = made.batches(0, 12)
    found = [next(batches)]
    shutil.rmtree(tmp_path / "shop")
    found += batches
    assert len(found) == 12 and all(map(same, expected, found))


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_the_batches_before_a_broken_one_come_whole_and_its_error_names_its_step(stock, inputs, workers):
    whole = list(loader(stock, inputs, mixture=ONLY_PAIRS, codes=FakeCodes()).batches(0, 5))
    broken = whole.pop().product.numpy()

    class Broken(FakeCodes):
        def lookup(self, rows: np.ndarray, *, pictures: np.ndarray, views: np.ndarray) -> np.ndarray:
            if np.array_equal(rows, broken):
                raise OSError("the disk is gone")
            return super().lookup(rows, pictures=pictures, views=views)

    batches = loader(stock, inputs, mixture=ONLY_PAIRS, codes=Broken(), workers=workers).batches(0, 20)
    assert all(same(each, next(batches)) for each in whole)
    with pytest.raises(OSError, match="the disk is gone") as stopped:
        next(batches)
    assert stopped.value.__notes__ == ["This happened while the batch of step 4 was prepared."]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("vitrina-loader")]
