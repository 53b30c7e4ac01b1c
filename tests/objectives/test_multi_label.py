import math

import pytest
import torch
import torch.nn.functional as F

from vitrina.objectives.multi_label import multi_label

WIDTH = 6
SCALE = torch.tensor([8.0])


def vectors(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, WIDTH, generator=torch.Generator().manual_seed(seed))


def by_hand(images, words, keys, known) -> float:
    """The loss of rows with their words, word by word, in double precision; a word that several drew stands once."""
    images, drawn = F.normalize(images.double(), dim=-1), {}
    for row, row_keys in enumerate(keys):
        for place, key in enumerate(row_keys):
            drawn[key] = F.normalize(words[row, place].double(), dim=-1)
    total = 0.0
    for row, row_keys in enumerate(keys):
        scores = {key: 8.0 * float(images[row] @ vector) for key, vector in drawn.items()}
        norm = math.log(sum(math.exp(score) for score in scores.values()))
        true = [key for key in drawn if key in known[row]]
        asks_words = sum(norm - scores[key] for key in true) / len(true)
        asks_images = 0.0
        for key in row_keys:
            answers = [8.0 * float(image @ drawn[key]) for image in images]
            right = [place for place, each in enumerate(known) if key in each]
            each_norm = math.log(sum(math.exp(answer) for answer in answers))
            asks_images += sum(each_norm - answers[place] for place in right) / len(right) / len(row_keys)
        total += (asks_words + asks_images) / 2
    return total


def loss(images, words, keys, known, *, is_word=None):
    key = torch.tensor(keys)
    return multi_label(
        images,
        words=words,
        is_word=torch.ones_like(key, dtype=torch.bool) if is_word is None else is_word,
        key=key,
        known=torch.tensor(known),
        scale=SCALE,
    )


def shared_words():
    """Rows 0 and 1 both drew word 5, which has one vector; row 2 knows word 7 of row 1 but did not draw it."""
    keys, known = [[5, 6], [5, 7], [8, 9]], [[5, 6, -1], [7, 5, -1], [8, 9, 7]]
    words = vectors(3, 2, seed=1)
    words[1, 0] = words[0, 0]
    return vectors(3), words, keys, known


def test_the_loss_is_that_of_the_definition_and_a_word_drawn_twice_counts_once():
    images, words, keys, known = shared_words()
    found = loss(images, words, keys, known)
    assert found.count == 3
    assert found.value.item() == pytest.approx(by_hand(images, words, keys, known), rel=1e-5)


def test_a_true_word_is_not_pushed_away_though_another_row_drew_it():
    _, _, keys, known = shared_words()
    words = torch.eye(WIDTH)[torch.tensor(keys) - 5]
    pulls = []
    for known_too in ([8, 9, 7], [8, 9, -1]):
        images = torch.ones(3, WIDTH, requires_grad=True)
        loss(images, words, keys, [*known[:2], known_too]).value.backward()
        assert images.grad is not None
        pulls.append(-float(images.grad[2, 7 - 5]))
    assert pulls[0] > 0 > pulls[1]


def test_knowing_nothing_costs_the_chance_level():
    same, known = torch.ones(3, WIDTH), [[5, 6], [7, 8], [9, 10]]
    found = loss(same, torch.ones(3, 2, WIDTH), known, known)
    assert isinstance(found.chance, torch.Tensor)
    assert (found.value / found.count).item() == pytest.approx(float(found.chance), rel=1e-5)


def test_a_row_without_words_asks_nothing_and_a_batch_without_any_gives_zero_with_gradients_of_zero():
    images, words, keys, known = shared_words()
    some = torch.tensor([[True, True], [True, False], [False, False]])
    assert loss(images, words, keys, known, is_word=some).count == 2
    images.requires_grad_()
    nothing = loss(images, words, keys, known, is_word=torch.zeros(3, 2, dtype=torch.bool))
    nothing.value.backward()
    assert nothing.value == 0 and nothing.count == 0
    assert images.grad is not None and (images.grad == 0).all()


def test_a_missing_word_is_in_nobodys_columns():
    images, words, keys, known = shared_words()
    some = torch.tensor([[True, True], [True, True], [True, False]])
    before = loss(images, words, keys, known, is_word=some).value
    words[2, 1] = 100 * images[0]
    assert torch.equal(loss(images, words, keys, known, is_word=some).value, before)


def test_the_loss_is_in_float32_under_autocast():
    images, words, keys, known = shared_words()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        low = loss(images, words, keys, known)
    assert low.value.dtype == torch.float32
    assert torch.equal(low.value, loss(images, words, keys, known).value)
