"""Sides of several parts in a dual encoder: what they are, and that pieces of a batch give what the whole gives."""

from dataclasses import replace
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from models.flava_batches import pair_batch, texts
from models.test_chunks import clip, flava

from vitrina.data.batch import PairBatch, Pictures, Strangers
from vitrina.models.bags import bagged
from vitrina.models.chunks import Thrift


def test_a_side_is_the_weighted_mean_of_normalised_parts():
    vectors = torch.randn(5, 4)
    more, weight = torch.tensor([1, 1]), torch.tensor([1.0, 0.5, 2.0, 0.25, 0.75])
    parts = F.normalize(vectors, dim=-1) * weight[:, None]
    expected = torch.stack([parts[0], parts[1] + parts[3] + parts[4], parts[2]])
    torch.testing.assert_close(bagged(vectors, columns=3, more=more, weight=weight), expected)
    equal = bagged(vectors, columns=3, more=more, weight=torch.zeros(0))
    torch.testing.assert_close(equal[0], F.normalize(vectors[0], dim=-1))


def test_rows_of_one_part_each_are_left_as_they_are():
    vectors = torch.randn(3, 4)
    assert bagged(vectors, columns=3, more=torch.zeros(0, dtype=torch.int64), weight=torch.zeros(0)) is vectors


def sides(*, kept: int = 0) -> PairBatch:
    """Four rows with seven pictures, eight columns of one to two texts, one stranger a row, two of them a row's own."""
    plain = pair_batch(4, target=[1, 0])
    generator = torch.Generator().manual_seed(3)
    pixels = torch.randint(0, 256, (7, *plain.picture.pixels.shape[1:]), generator=generator, dtype=torch.uint8)
    pixels[:4] = plain.picture.pixels
    patches = plain.picture.is_masked.shape[1]
    chosen = torch.stack([torch.randperm(patches, generator=generator)[:kept].sort().values for _ in range(7)])
    return replace(
        plain,
        text=texts(11, share=0.0),
        picture=Pictures(pixels, plain.picture.is_masked, plain.picture.codes, chosen),
        picture_row=torch.tensor([0, 2, 2]),
        text_row=torch.tensor([1, 3, 6]),
        text_weight=torch.rand(11, generator=generator) + 0.1,
        strangers=Strangers(
            product=torch.tensor([9, 8, 3, 7]),
            text_key=torch.tensor([90, 1, 92, 93]),
            group=torch.tensor([-1, -2, -3, 50]),
            row_group=torch.tensor([-10, 50, -12, -13]),
        ),
    )


FAMILIES = {"clip": clip, "flava": flava}


def step(model, batch: PairBatch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    model.zero_grad()
    loss = model.contrast(batch)
    (loss.value / loss.count).backward()
    return loss.value.detach(), {name: each.grad for name, each in model.named_parameters() if each.grad is not None}


@pytest.mark.parametrize("family", ["clip", "flava"])
@pytest.mark.parametrize("kept", [0, 5])
def test_pieces_of_a_batch_of_sides_give_what_the_whole_gives(family, kept):
    batch, found = sides(kept=kept), []
    for pieces in (1, 3):
        model = FAMILIES[family]()
        model.thrift = Thrift(micro_batches=pieces)
        found.append(step(model, batch))
    (whole, wholes), (pieces, parts) = found
    torch.testing.assert_close(pieces, whole)
    assert wholes.keys() == parts.keys() and "logit_scale" in wholes
    for name, each in wholes.items():
        torch.testing.assert_close(parts[name], each, rtol=1e-3, atol=1e-5, msg=partial("{}: {}".format, name))


def test_flavas_fused_half_looks_at_the_first_picture_and_the_drawn_text_alone():
    plain = pair_batch(4, target=[1, 0])
    model = flava().eval()
    with torch.no_grad():
        one, other = model(plain), model(sides())
    for name in ("mmm_text", "mmm_image", "itm"):
        torch.testing.assert_close(one[name].value, other[name].value)
    assert not torch.equal(one["itc"].value, other["itc"].value)


def test_gradients_reach_every_part_and_every_stranger():
    model, batch = clip(), sides()
    seen: list[torch.Tensor] = []
    spread = model.text_projection.spread
    spread.register_full_backward_hook(lambda *found: seen.append(found[2][0]))
    step(model, batch)
    (grads,) = seen
    assert grads.shape[0] == 11 and (grads.abs().sum(dim=1) > 0).all()


def test_the_chance_level_counts_the_strangers_for_pictures_only():
    loss = clip().contrast(sides())
    assert loss.chance == pytest.approx((torch.tensor(4.0).log() + torch.tensor(8.0).log()).item() / 2)
