"""FLAVA equals transformers' `FlavaForPreTraining` on the same random weights, wherever transformers is right.

And where it is not (nothing masked, no positive pair), ours gives what it should.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from models.flava_batches import image_batch, pair_batch, text_batch
from torch import Tensor
from transformers import FlavaConfig as TheirConfig
from transformers import FlavaForPreTraining

from vitrina.data.batch import Batch, ImageBatch, PairBatch, Pictures, TextBatch, Texts
from vitrina.models.flava import Flava
from vitrina.models.flava_names import names

LOSS, GRADIENT = 1e-5, 1e-4  # max |a - b| / max |b|, float32
IGNORE = -100


def their_config() -> TheirConfig:
    shape = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 160}
    return TheirConfig(
        image_config={**shape, "image_size": 32, "patch_size": 8, "vocab_size": 40},
        text_config={**shape, "vocab_size": 50, "max_position_embeddings": 20},
        multimodal_config=shape,
        image_codebook_config={"hidden_size": 8, "vocab_size": 40},
        hidden_size=64,
        projection_dim=48,
    )


@pytest.fixture
def theirs() -> FlavaForPreTraining:
    """Random weights with nothing left at zero, where a wrong sign or place would not show."""
    torch.manual_seed(0)
    model = FlavaForPreTraining(their_config())
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return model.train()


def loss_info(theirs: FlavaForPreTraining, batch: Batch, *, normalise) -> dict[str, Tensor]:
    """Their losses under our names; labels are made afresh, as the model writes into them."""
    output = theirs(**their_inputs(batch, normalise=normalise))
    return {ours: output.loss_info[name] for ours, name in THEIR_NAMES.items() if name in output.loss_info}


THEIR_NAMES = {
    "mlm": "mlm",
    "mim": "mim",
    "mmm_text": "mmm_text",
    "mmm_image": "mmm_image",
    "itm": "itm",
    "itc": "global_contrastive",
}


def their_inputs(batch: Batch, *, normalise) -> dict[str, Tensor]:
    inputs: dict[str, Tensor] = {}
    text = {TextBatch: "text", PairBatch: "fused"}.get(type(batch))
    if text:
        words: Texts = getattr(batch, text)
        inputs |= {"input_ids": words.ids, "input_ids_masked": words.masked_ids, "token_type_ids": words.types}
        inputs |= {"attention_mask": words.is_token.long()}
        inputs |= {"mlm_labels": words.ids.masked_fill(~words.is_masked, IGNORE)}
    if isinstance(batch, ImageBatch | PairBatch):
        picture: Pictures = batch.picture
        inputs |= {"pixel_values": normalise(picture.pixels), "bool_masked_pos": picture.is_masked}
        inputs |= {"mim_labels": picture.codes.clone()}
    if isinstance(batch, PairBatch):
        inputs |= {"itm_labels": batch.target}
    return inputs


def same_pairs(target: list[int]) -> PairBatch:
    """transformers has one text per row for all losses: the fused one, which is the clean one as well."""
    batch = pair_batch(len(target), target=target)
    return replace(batch, text=batch.fused, text_matches=batch.fused_matches)


BATCHES = {
    "text": text_batch(5),
    "image": image_batch(4),
    "pairs": same_pairs([1, 1, 1, 1, 1]),
    "pairs with negatives": same_pairs([1, 0, 1, 1, 0, 1]),
}


@pytest.mark.parametrize("kind", BATCHES)
def test_losses_and_gradients_are_theirs(theirs: FlavaForPreTraining, kind: str):
    batch, ours = BATCHES[kind], Flava.from_transformers(theirs).train()
    expected = loss_info(theirs, batch, normalise=ours.normalise)
    found = {name: loss.value / loss.count for name, loss in ours(batch).items()}
    assert found.keys() == expected.keys()
    for name, loss in found.items():
        assert abs(loss - expected[name]) / abs(expected[name]) < LOSS, name

    torch.stack(list(expected.values())).sum().backward()
    torch.stack(list(found.values())).sum().backward()
    their_parameters, compared = dict(theirs.named_parameters(remove_duplicate=False)), 0
    our_parameters = dict(ours.named_parameters())
    for line in names(ours.config):
        gradient = our_parameters[line.ours].grad
        parts = [their_parameters[name].grad for name in line.theirs]
        if gradient is None:
            assert all(part is None or not part.any() for part in parts), line.ours
            continue
        their_gradient = torch.cat(
            [zero_if_none(part, name, their_parameters) for part, name in zip(parts, line.theirs, strict=True)]
        )
        largest = their_gradient.abs().max()
        difference = (gradient - their_gradient).abs().max()
        assert difference <= GRADIENT * largest, (line.ours, float(difference), float(largest))
        compared += 1
    assert compared > 30


def zero_if_none(gradient: Tensor | None, name: str, parameters: dict[str, Tensor]) -> Tensor:
    found = torch.zeros_like(parameters[name]) if gradient is None else gradient
    return found.reshape(1) if found.ndim == 0 else found


def test_embeddings_are_theirs(theirs: FlavaForPreTraining):
    ours, batch = Flava.from_transformers(theirs).eval(), BATCHES["pairs"]
    assert isinstance(batch, PairBatch)
    pixels = ours.normalise(batch.picture.pixels)
    with torch.no_grad():
        images = theirs.flava.get_image_features(pixels).pooler_output[:, 0]
        texts = theirs.flava.get_text_features(batch.text.ids, batch.text.is_token.long()).pooler_output[:, 0]
        assert (ours.project_images(pixels) - images).abs().max() / images.abs().max() < LOSS
        assert (ours.project_texts(batch.text) - texts).abs().max() / texts.abs().max() < LOSS


def test_the_round_trip_is_bit_for_bit(theirs: FlavaForPreTraining, tmp_path: Path):
    theirs.save_pretrained(tmp_path / "theirs")
    Flava.from_transformers(tmp_path / "theirs").to_transformers(tmp_path / "ours")
    again = FlavaForPreTraining.from_pretrained(tmp_path / "ours")
    configs = [json.loads((tmp_path / folder / "config.json").read_text()) for folder in ("theirs", "ours")]
    assert configs[0] == configs[1]
    before, after = theirs.state_dict(), again.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    files = [(tmp_path / folder / "model.safetensors").read_bytes() for folder in ("theirs", "ours")]
    assert files[0] == files[1]


@pytest.mark.parametrize("kind", ["text", "image", "pairs"])
def test_with_nothing_masked_ours_stays_finite_where_theirs_does_not(theirs: FlavaForPreTraining, kind: str):
    nothing = {
        "text": text_batch(3, share=0.0),
        "image": image_batch(3, share=0.0),
        "pairs": replace(pair_batch(3, target=[1, 1, 1], share=0.0)),
    }[kind]
    ours = Flava.from_transformers(theirs).train()
    masked = {"text": ["mlm"], "image": ["mim"], "pairs": ["mmm_text", "mmm_image"]}[kind]
    their_losses = loss_info(theirs, nothing, normalise=ours.normalise)
    assert all(their_losses[name].isnan() for name in masked)

    losses = ours(nothing)
    assert all(losses[name].value == 0 and losses[name].count == 0 for name in masked)
    torch.stack([loss.value for loss in losses.values()]).sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in ours.parameters() if parameter.grad is not None)


def test_without_a_positive_pair_only_matching_learns(theirs: FlavaForPreTraining):
    negatives = same_pairs([0, 0, 0])
    ours = Flava.from_transformers(theirs).train()
    their_losses = loss_info(theirs, negatives, normalise=ours.normalise)
    assert their_losses["itc"] > 0 and their_losses["mmm_text"] > 0  # computed on pairs that do not match

    losses = ours(negatives)
    for name in ("itc", "mmm_text", "mmm_image"):
        assert losses[name].value == 0 and losses[name].count == 0
    assert abs(losses["itm"].value / losses["itm"].count - their_losses["itm"]) < LOSS
    assert losses["itm"].chance == 0
    torch.stack([loss.value for loss in losses.values()]).sum().backward()
    assert ours.image_projection.linear.weight.grad is not None
    assert not ours.image_projection.linear.weight.grad.any()
