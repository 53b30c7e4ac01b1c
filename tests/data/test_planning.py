"""From a stock's products to the plan of a run."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.catalogue.store import Catalogue, write_catalogue
from vitrina.data.mixture import Mixture, Stage
from vitrina.data.planning import members_by_domain, plan_run
from vitrina.data.sources import Numbered, domains_of, find_sources
from vitrina.data.stock import Stock

from . import shop


@pytest.fixture(scope="module")
def two_shops(tmp_path_factory) -> Stock:
    """A shop that states a domain for every third product, and one that states none."""
    place = tmp_path_factory.mktemp("shops")
    mixed = [shop.product(number, pictures=int(number < 15)) for number in range(18)]
    mixed = [replace(each, domain="grocery" if number % 3 == 0 else None) for number, each in enumerate(mixed)]
    plain = [shop.product(100 + number, texts=int(number < 8)) for number in range(12)]
    for name, products in (("fashion", mixed), ("toys", plain)):
        write_catalogue(place / name, products)
    return Stock([Catalogue.open(place / name) for name in ("fashion", "toys")])


def planned(stock: Stock, mixture: Mixture, *, rows: int = 2):
    sources = find_sources(stock)
    return plan_run(stock, sources, mixture=mixture, batch_rows=rows, seed=3, total_steps=100), sources


def test_a_product_without_a_domain_belongs_to_the_one_named_like_its_catalogue(two_shops):
    found = domains_of(two_shops)
    names = [found.names[number] for number in found.numbers]
    assert names == ["grocery" if number % 3 == 0 else "fashion" for number in range(18)] + ["toys"] * 12


@pytest.mark.parametrize("of", ["fashion", "grocery", "toys"])
def test_a_batch_of_a_domain_holds_its_products_only(two_shops, of):
    plan, sources = planned(two_shops, Mixture(temperature=1.5))
    known = domains_of(two_shops)
    batches = [batch for batch in map(plan.batch, range(200)) if batch.domain == of]
    assert batches
    for batch in batches:
        rows = sources[batch.kind].rows[batch.indices]
        assert {known.names[number] for number in known.numbers[rows]} == {of}


def test_a_text_only_batch_of_a_domain_is_still_of_similar_length(two_shops):
    plan, sources = planned(two_shops, Mixture(text=1, image=0, pair=0, domains={"fashion": 1}), rows=1)
    assert {plan.batch(step).domain for step in range(30)} == {"fashion"}
    rows = {int(sources["text"].rows[plan.batch(step).indices[0]]) for step in range(40)}
    assert rows == {16, 17}, "the products 15 to 17 have a text alone, and 15 is of grocery"


def test_the_plan_of_a_mixture_without_domains_is_what_it_was(two_shops):
    plan, _ = planned(two_shops, Mixture())
    assert plan.domain_of(0) is None and plan.batch(0).domain is None


def test_what_each_domain_lacks_is_said_in_the_words_of_the_shop(two_shops):
    weights = {"fashion": 1, "grocery": 1, "toys": 2}
    plan, _ = planned(two_shops, Mixture(stages=(Stage(1, 1, 1, 1, weights),)))
    assert [note for note in plan.notes if "share of these" in note] == [
        "No training product of toys gives text batches in stage 1: their share of these goes to fashion, grocery.",
        "No training product of fashion, grocery gives image batches in stage 1: "
        "their share of these goes to toys.",
    ]  # fmt: skip


def test_a_domain_that_no_product_belongs_to_is_refused(two_shops):
    with pytest.raises(ValueError, match=r"'fasion'.*nearest is 'fashion'.*There are: fashion, grocery, toys"):
        planned(two_shops, Mixture(domains={"fasion": 1}))


@given(st.lists(st.integers(0, 4), min_size=1, max_size=40), st.data())
def test_the_members_of_all_domains_are_all_rows_once(numbers, data):
    known = Numbered(np.array(numbers), [*"abcde"])
    rows = np.array(sorted(data.draw(st.sets(st.integers(0, len(numbers) - 1), min_size=1))))
    found = members_by_domain(rows, domains=known)
    assert sorted(place for members in found.values() for place in members) == list(range(len(rows)))
    for name, members in found.items():
        assert list(members) == sorted(members)
        assert {known.names[numbers[rows[place]]] for place in members} == {name}
