"""Likeness: two rows, one product?"""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.catalogue.product import Product, Text
from vitrina.tasks.likeness import FEATURES, Judge, Told, best_cut, candidates, described, untaught


def product(
    id: str, title: str, *, description: str = "", price: str | None = None, brand: str | None = None
) -> Product:
    return Product(
        id=id,
        titles=(Text(title),) if title else (),
        descriptions=(Text(description),) if description else (),
        price=None if price is None else Decimal(price),
        brand=brand,
    )


SHOP = [
    product("0", "Canon PIXMA printer MG2500X black", price="49.90"),
    product("1", "canon mg2500x inkjet printer", price="51"),
    product("2", "Canon PIXMA printer MG9800Z black", price="149.90"),
    product("3", "Canón impresora de tinta mg2500x", description="Impresora negra"),
    product("4", "Garden hose 25 m", price="20"),
    product("5", "Hose for gardens, 25 m green", price="19.50"),
    product("6", ""),
    product("7", "Wooden chair"),
]


def figure(first: int, second: int, name: str) -> float:
    told = Told.of(SHOP)
    return float(described(told, first=np.array([first]), second=np.array([second]))[0, FEATURES.index(name)])


def test_model_numbers_agree_or_contradict_each_other():
    assert figure(0, 1, "a model number in common") == 1
    assert figure(0, 1, "model numbers that differ") == 0
    assert figure(0, 2, "a model number in common") == 0
    assert figure(0, 2, "model numbers that differ") == 1
    assert figure(4, 5, "model numbers that differ") == 0, "sizes are no model numbers"


def test_accents_and_case_do_not_tell_products_apart():
    same = [product("a", "Sillón GRIS Ártico"), product("b", "sillon gris artico"), product("c", "Mesa")]
    figures = described(Told.of(same), first=np.array([0]), second=np.array([1]))[0]
    assert figures[FEATURES.index("words of the titles")] == pytest.approx(1)
    assert figures[FEATURES.index("letters of the titles")] == pytest.approx(1)


def test_a_missing_price_is_said_and_is_no_distance():
    assert figure(0, 3, "a price is missing") == 1
    assert figure(0, 3, "distance of prices") == 0
    assert figure(0, 2, "distance of prices") == pytest.approx(np.log(149.90 / 49.90))


def test_the_maker_in_one_title_is_the_brand_of_the_other():
    shop = [product("a", "camera one", brand="Acme Ltd"), product("b", "acme camera"), product("c", "camera")]
    figures = described(Told.of(shop), first=np.array([0, 0]), second=np.array([1, 2]))
    assert figures[:, FEATURES.index("the same maker")].tolist() == [1, 0]


def test_candidates_share_words_and_are_never_the_product_itself():
    everything = np.arange(len(SHOP))
    near = candidates(Told.of(SHOP), queries=everything, among=everything, most=3)
    assert near[0, 0] == 1 or near[0, 0] == 2
    assert set(near[4][near[4] >= 0].tolist()) == {5}
    assert (near[6] == -1).all() and (near[7] == -1).all()
    assert all(row not in near[row] for row in range(len(SHOP)))


def test_candidates_come_from_those_asked_alone():
    near = candidates(Told.of(SHOP), queries=np.array([0]), among=np.array([3, 4]), most=5)
    assert near[0].tolist() == [3, -1, -1, -1, -1]


@given(st.permutations(range(len(SHOP))))
def test_the_order_of_the_catalogue_changes_no_figure(order):
    before = described(Told.of(SHOP), first=np.array([0, 4]), second=np.array([1, 5]))
    places = {row: place for place, row in enumerate(order)}
    told = Told.of([SHOP[row] for row in order])
    after = described(told, first=np.array([places[0], places[4]]), second=np.array([places[1], places[5]]))
    np.testing.assert_allclose(before, after, atol=1e-12)


def test_figures_do_not_depend_on_which_of_two_is_called_first_but_for_the_partners():
    told = Told.of(SHOP)
    one = described(told, first=np.array([0]), second=np.array([2]))[0, :-2]
    other = described(told, first=np.array([2]), second=np.array([0]))[0, :-2]
    np.testing.assert_allclose(one, other)


def test_a_better_partner_lowers_the_figure():
    told = Told.of(SHOP)
    figures = described(told, first=np.array([0, 0]), second=np.array([1, 2]))
    mine = figures[:, FEATURES.index("no better partner for the first")]
    assert mine[0] == pytest.approx(-mine[1])
    assert mine[0] > 0
    alone = described(told, first=np.array([0]), second=np.array([1]))[0]
    assert alone[FEATURES.index("no better partner for the first")] > mine[0]


def test_untaught_the_same_printer_beats_another_of_its_maker():
    told = Told.of(SHOP)
    scores = untaught(described(told, first=np.array([0, 0, 4, 4]), second=np.array([1, 2, 5, 7])))
    assert scores[0] > scores[1]
    assert scores[2] > scores[3]


def _known(draws: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Figures in which the product of two decides, as no single one does."""
    figures = draws.normal(size=(count, len(FEATURES)))
    return figures, figures[:, 0] * figures[:, 1] > 0.5


def test_a_judge_learns_what_two_figures_say_together():
    draws = np.random.default_rng(0)
    figures, is_same = _known(draws, 2000)
    judge = Judge.learnt(figures, is_same=is_same)
    asked, answers = _known(draws, 1000)
    scores = judge.score(asked)
    assert ((scores >= best_cut(judge.score(figures), is_same=is_same)) == answers).mean() > 0.93
    shuffled = Judge.learnt(figures, is_same=draws.permutation(is_same))
    assert abs(np.corrcoef(shuffled.score(asked), answers)[0, 1]) < 0.2


def test_a_judge_needs_both_answers():
    figures = np.zeros((4, len(FEATURES)))
    with pytest.raises(ValueError, match="some that are the same and some that are not"):
        Judge.learnt(figures, is_same=np.ones(4, dtype=bool))


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=30))
def test_no_other_cut_has_a_higher_f1(pairs):
    scores = np.array([score for score, _ in pairs])
    is_same = np.array([same for _, same in pairs])
    if not is_same.any():
        return

    def f1(cut: float) -> float:
        called = scores >= cut
        return 2 * (called & is_same).sum() / max(called.sum() + is_same.sum(), 1)

    assert f1(best_cut(scores, is_same=is_same)) >= max(f1(cut) for cut in [*scores.tolist(), 2.0]) - 1e-12
