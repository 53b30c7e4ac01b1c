"""InfoNCE: against the plain formula, with twins, with invalid rows, on one process and on two."""

import math
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import distributed as dist
from torch import multiprocessing

from vitrina.objectives.contrastive import info_nce, learned_scale

SCALE = torch.tensor([5.0])


def features(rows: int, *, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    images, texts = torch.randn(2, rows, 8, generator=generator)
    return images.requires_grad_(), texts.requires_grad_()


def loss_of(images, texts, *, product=None, text_key=None, valid=None):
    rows = torch.arange(len(images))
    return info_nce(
        images,
        texts=texts,
        scale=SCALE,
        product=rows if product is None else product,
        text_key=rows if text_key is None else text_key,
        row_is_valid=torch.ones(len(images), dtype=torch.bool) if valid is None else valid,
    )


def test_distinct_rows_give_the_plain_symmetric_cross_entropy():
    images, texts = features(6)
    logits = 5.0 * F.normalize(images, dim=-1) @ F.normalize(texts, dim=-1).T
    diagonal = torch.arange(6)
    expected = (F.cross_entropy(logits, diagonal) + F.cross_entropy(logits.T, diagonal)) / 2
    loss = loss_of(images, texts)
    assert loss.count == 6
    torch.testing.assert_close(loss.value / loss.count, expected)
    assert loss.chance == math.log(6)


def test_the_length_of_a_feature_does_not_matter():
    images, texts = features(5)
    torch.testing.assert_close(loss_of(images, texts).value, loss_of(images * 7, texts / 3).value)


def test_a_twin_is_pulled_where_a_stranger_is_pushed():
    def step_towards_text_1(**known) -> float:
        images, texts = torch.eye(4, requires_grad=True), torch.eye(4)
        loss_of(images, texts, **known).value.backward()
        assert images.grad is not None
        return -(images.grad[0] @ texts[1]).item()

    twins = torch.tensor([0, 0, 2, 3])
    assert step_towards_text_1() < 0
    assert step_towards_text_1(product=twins) > 0
    assert step_towards_text_1(text_key=twins) > 0


def test_the_target_is_spread_equally_over_everything_that_fits():
    images, texts = features(4)
    product = torch.tensor([0, 0, 1, 2])
    text_key = torch.tensor([5, 6, 7, 7])
    target = torch.tensor([[0.5, 0.5, 0, 0], [0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5], [0, 0, 0.5, 0.5]])
    logits = 5.0 * F.normalize(images, dim=-1) @ F.normalize(texts, dim=-1).T
    expected = (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
    loss = loss_of(images, texts, product=product, text_key=text_key)
    torch.testing.assert_close(loss.value / loss.count, expected)


def test_an_invalid_row_asks_nothing_and_its_columns_stay_as_negatives():
    images, texts = features(5)
    valid = torch.tensor([True, False, True, True, False])
    logits = 5.0 * F.normalize(images, dim=-1) @ F.normalize(texts, dim=-1).T
    labels = torch.arange(5)[valid]
    expected = (F.cross_entropy(logits[valid], labels) + F.cross_entropy(logits.T[valid], labels)) / 2
    loss = loss_of(images, texts, valid=valid)
    assert loss.count == 3
    torch.testing.assert_close(loss.value / loss.count, expected)


def test_a_foreign_text_does_not_count_as_its_products_text():
    # Row 1 shows the same product as row 0 beside a text of something else.
    images, texts = features(3)
    product, valid = torch.tensor([0, 0, 1]), torch.tensor([True, False, True])
    loss = loss_of(images, texts, product=product, valid=valid)
    logits = 5.0 * F.normalize(images, dim=-1) @ F.normalize(texts, dim=-1).T
    to_texts = F.cross_entropy(logits[valid], torch.tensor([0, 2]), reduction="sum")
    to_images = F.cross_entropy(logits.T[valid], torch.tensor([[0.5, 0.5, 0], [0, 0, 1.0]]), reduction="sum")
    torch.testing.assert_close(loss.value, (to_texts + to_images) / 2)


def test_no_valid_row_gives_zero_over_zero_with_zero_gradients():
    images, texts = features(3)
    loss = loss_of(images, texts, valid=torch.zeros(3, dtype=torch.bool))
    loss.value.backward()
    assert loss.value == 0 and loss.count == 0
    assert images.grad is not None and not images.grad.any()


@pytest.mark.parametrize(
    ("log_scale", "descent_goes_up", "moves"),
    [(9.0, False, True), (9.0, True, False), (-1.0, True, True), (-1.0, False, False), (2.0, True, True)],
)
def test_from_outside_its_bounds_the_scale_can_only_come_back(log_scale: float, descent_goes_up: bool, moves: bool):
    parameter = torch.full((1,), log_scale, requires_grad=True)
    scale = learned_scale(parameter)
    assert 1 <= scale.item() <= 100.001 and parameter.item() == log_scale
    (-scale if descent_goes_up else scale).sum().backward()
    assert parameter.grad is not None and bool(parameter.grad.any()) == moves


def test_the_loss_compiles_without_a_break():
    images, texts = features(4)
    rows, log_scale = torch.arange(4), torch.full((1,), 2.0, requires_grad=True)

    def loss(images, texts, log_scale):
        valid = rows >= 0
        scale = learned_scale(log_scale)
        return info_nce(images, texts=texts, scale=scale, product=rows, text_key=rows, row_is_valid=valid).value

    compiled = torch.compile(loss, backend="aot_eager", fullgraph=True)
    for each in (loss, compiled):
        log_scale.grad = None
        each(images, texts, log_scale).backward()
        assert log_scale.grad is not None and log_scale.grad.abs() > 0.1
    torch.testing.assert_close(compiled(images, texts, log_scale), loss(images, texts, log_scale))


def test_bfloat16_features_are_compared_in_float32():
    images, texts = features(4)
    with torch.autocast("cpu", torch.bfloat16):
        loss = loss_of(images.bfloat16(), texts.bfloat16())
    torch.testing.assert_close(loss.value, loss_of(images.bfloat16().float(), texts.bfloat16().float()).value)


def test_the_sums_of_two_processes_add_up_to_the_whole_batch(tmp_path: Path):
    multiprocessing.spawn(_one_of_two, args=(str(tmp_path),), nprocs=2)  # type: ignore[attr-defined]
    halves = [torch.frombuffer(bytearray((tmp_path / f"{rank}").read_bytes()), dtype=torch.float32) for rank in (0, 1)]

    images, texts = features(6)
    whole = loss_of(images, texts, product=PRODUCT, valid=VALID)
    whole.value.backward()
    assert images.grad is not None and texts.grad is not None
    torch.testing.assert_close(halves[0][0] + halves[1][0], whole.value.detach())
    assert halves[0][1] + halves[1][1] == whole.count
    torch.testing.assert_close(torch.cat([half[2:26] for half in halves]), images.grad.flatten())
    torch.testing.assert_close(torch.cat([half[26:] for half in halves]), texts.grad.flatten())


PRODUCT = torch.tensor([0, 1, 2, 0, 4, 5])
VALID = torch.tensor([True, True, False, True, True, True])


def _one_of_two(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    rows = slice(3 * rank, 3 * rank + 3)
    images, texts = (whole[rows].detach().requires_grad_() for whole in features(6))
    loss = loss_of(images, texts, product=PRODUCT[rows], text_key=torch.arange(6)[rows], valid=VALID[rows])
    loss.value.backward()
    assert images.grad is not None and texts.grad is not None
    result = torch.cat([torch.stack([loss.value.detach(), loss.count]), images.grad.flatten(), texts.grad.flatten()])
    Path(folder, str(rank)).write_bytes(result.numpy().tobytes())
    dist.destroy_process_group()
