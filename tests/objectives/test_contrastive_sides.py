"""InfoNCE with explicit negatives and several texts a row: whose mass is where, and who is never pushed."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.objectives.contrastive import Strangers, _soft_cross_entropy, info_nce

SCALE = torch.tensor([5.0])


def features(rows: int, *, seed: int) -> torch.Tensor:
    return F.normalize(torch.randn(rows, 6, generator=torch.Generator().manual_seed(seed)), dim=-1)


def loss_of(images, texts, *, product, text_key, strangers=None) -> torch.Tensor:
    valid = torch.ones(len(images), dtype=torch.bool)
    return info_nce(
        images, texts=texts, scale=SCALE, product=product, text_key=text_key, row_is_valid=valid, strangers=strangers
    ).value


labels = st.integers(2, 7).flatmap(
    lambda rows: st.tuples(
        st.lists(st.integers(0, 3), min_size=rows, max_size=rows),
        st.lists(st.integers(0, 3), min_size=rows, max_size=rows),
    )
)


@settings(max_examples=40, deadline=None)
@given(labels)
def test_a_rows_mass_is_one_and_equal_over_its_twins(found):
    product, key = (torch.tensor(each) for each in found)
    rows = len(product)
    fits = (product[:, None] == product) | (key[:, None] == key)
    # At equal cosines every choice has the same probability: what is left of the gradient is the target.
    images = torch.ones(rows, rows, requires_grad=True)
    logits = images * 1.0
    target = fits / fits.sum(dim=1, keepdim=True)
    expected = -(target * logits.log_softmax(dim=1)).sum()
    texts = F.normalize(torch.ones(rows, 3), dim=-1)
    pictures = F.normalize(torch.ones(rows, 3), dim=-1)
    torch.testing.assert_close(loss_of(pictures, texts, product=product, text_key=key), expected.detach())
    torch.testing.assert_close(target.sum(dim=1), torch.ones(rows))


@settings(max_examples=40, deadline=None)
@given(labels, st.integers(0, 5))
def test_a_rows_twins_together_are_never_pushed_away(found, seed):
    """By the logits of all that fits a row its gradient is p - 1, p being their probability together."""
    product, key = (torch.tensor(each) for each in found)
    rows = len(product)
    fits = (product[:, None] == product) | (key[:, None] == key)
    logits = 5 * torch.randn(rows, rows, generator=torch.Generator().manual_seed(seed))
    logits.requires_grad_()
    _soft_cross_entropy(logits, fits=fits).sum().backward()
    assert logits.grad is not None
    together = (logits.grad * fits).sum(dim=1)
    torch.testing.assert_close(together, (logits.detach().softmax(dim=1) * fits).sum(dim=1) - 1, atol=1e-5, rtol=1e-4)
    assert (together <= 1e-5).all() and (logits.grad[~fits] >= 0).all()


def test_a_stranger_is_a_wrong_answer_to_every_picture_and_asks_for_none():
    images, texts, others = features(4, seed=0), features(4, seed=1), features(3, seed=2)
    rows = torch.arange(4)
    marks = torch.tensor([7, 8, 9])
    strangers = Strangers(others * torch.tensor([[3.0], [0.5], [9.0]]), marks, marks, marks, rows)  # of any length
    loss = loss_of(images, texts, product=rows, text_key=rows, strangers=strangers)
    to_texts = F.cross_entropy(5 * images @ torch.cat([texts, others]).T, rows, reduction="sum")
    to_images = F.cross_entropy(5 * texts @ images.T, rows, reduction="sum")
    torch.testing.assert_close(loss, (to_texts + to_images) / 2)


@pytest.mark.parametrize("what", ["product", "text_key", "group"])
def test_a_stranger_that_is_a_rows_own_is_none_of_its_columns_and_stays_the_others(what):
    images, texts = features(4, seed=0), features(4, seed=1)
    other = features(1, seed=2).requires_grad_()
    rows = torch.arange(4)
    marks = {"product": torch.tensor([9]), "text_key": torch.tensor([9]), "group": torch.tensor([9])}
    marks[what] = torch.tensor([2])
    strangers = Strangers(other, marks["product"], marks["text_key"], marks["group"], row_group=rows)
    loss = loss_of(images, texts, product=rows, text_key=rows, strangers=strangers)
    logits = 5 * images @ torch.cat([texts, other.detach()]).T
    logits[2, 4] = -math.inf
    expected = F.cross_entropy(logits, rows, reduction="sum") + F.cross_entropy(
        5 * texts @ images.T, rows, reduction="sum"
    )
    torch.testing.assert_close(loss, expected / 2)
    loss.backward()
    assert other.grad is not None and torch.isfinite(other.grad).all() and other.grad.any()


def test_a_row_all_of_whose_strangers_are_its_own_is_left_with_the_batch():
    images, texts, rows = features(3, seed=0), features(3, seed=1), torch.arange(3)
    strangers = Strangers(features(2, seed=2), torch.zeros(2), torch.zeros(2), torch.zeros(2), row_group=rows * 0)
    plain = loss_of(images, texts, product=rows, text_key=rows + 5)
    masked = loss_of(images, texts, product=rows, text_key=rows + 5, strangers=strangers)
    torch.testing.assert_close(masked, plain)


def test_rows_that_share_one_of_several_keys_are_twins_and_filling_is_no_key():
    images, texts = features(4, seed=0), features(4, seed=1)
    rows = torch.arange(4)
    several = torch.tensor([[5, 6], [6, 7], [8, -1], [9, -1]])
    one = torch.tensor([5, 5, 8, 9])
    torch.testing.assert_close(
        loss_of(images, texts, product=rows, text_key=several), loss_of(images, texts, product=rows, text_key=one)
    )


def test_a_prompt_that_many_products_share_is_never_pushed_from_a_picture_of_one_of_them():
    """`colour: red` in three of five texts: the pictures that have it pull it, and leave it alone where all have it."""
    images, rows = features(5, seed=0), torch.arange(5)
    others, word = features(5, seed=1), features(1, seed=2)[0]
    for share in ([0, 1, 2], [0, 1, 2, 3, 4]):
        prompt = word.clone().requires_grad_()
        has_it = torch.zeros(5, 1)
        has_it[share] = 1.0
        logits = 5 * images @ (others + has_it * prompt).T
        for row in share:
            (grad,) = torch.autograd.grad(
                F.cross_entropy(logits[row : row + 1], rows[row : row + 1]), prompt, retain_graph=True
            )
            away = (grad @ images[row]).item()
            assert away <= 1e-6
            assert (abs(away) < 1e-5) == (len(share) == 5)
