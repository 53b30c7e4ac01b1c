"""GroupViT equals transformers' `GroupViTModel` on the same random weights, masks included."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from models.groupvit_batches import END, VOCABULARY, batch, ended_texts, little_config, little_groupvit
from safetensors.torch import load_file
from torch import Tensor
from transformers import AutoTokenizer, GroupViTModel
from transformers import GroupViTConfig as TheirConfig
from transformers.models.groupvit import modeling_groupvit

from vitrina.data.inputs import Inputs
from vitrina.data.pictures import PictureGeometry
from vitrina.data.text import train_tokenizer
from vitrina.models.grouping import GroupingTower
from vitrina.models.groupvit import GroupViT
from vitrina.models.groupvit_names import names

EXACT, GRADIENT = 1e-5, 1e-4  # max |a - b| / max |b|, float32

SHAPES = {"two stages": ((2, 1, 1), (6, 3)), "one stage": ((2, 1), (5,))}


@pytest.fixture(params=SHAPES)
def theirs(request: pytest.FixtureRequest) -> GroupViTModel:
    """Random weights and moments with nothing left at zero or one, where a wrong sign or place would not show."""
    depths, groups = SHAPES[request.param]
    torch.manual_seed(0)
    model = GroupViTModel(their_config(depths, groups))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        for projection in (model.visual_projection, model.text_projection):
            projection[1].running_mean.normal_(std=0.3)
            projection[1].running_var.uniform_(0.5, 1.5)
            projection[1].num_batches_tracked.fill_(7)
    return model.eval()


def their_config(depths: tuple[int, ...], groups: tuple[int, ...], *, eos: int = END) -> TheirConfig:
    return TheirConfig(
        text_config={
            "vocab_size": VOCABULARY,
            "hidden_size": 16,
            "intermediate_size": 48,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "max_position_embeddings": 12,
            "eos_token_id": eos,
            "bos_token_id": 1,
            "pad_token_id": 0,
        },
        vision_config={
            "hidden_size": 24,
            "intermediate_size": 72,
            "num_hidden_layers": sum(depths),
            "depths": list(depths),
            "num_group_tokens": [*groups, 0],
            "num_output_groups": [*groups, groups[-1]],
            "num_attention_heads": 3,
            "image_size": 32,
            "patch_size": 8,
        },
        projection_dim=10,
        projection_intermediate_dim=32,
    )


def far(found: Tensor, wanted: Tensor) -> float:
    return float((found.detach() - wanted.detach()).abs().max() / wanted.detach().abs().max())


@torch.no_grad()
def test_embeddings_logits_and_masks_are_theirs(theirs):
    ours, text = GroupViT.from_transformers(theirs).eval(), ended_texts(5)
    pixels = ours.normalise(batch(4).picture.pixels)
    answer = theirs(
        input_ids=text.ids, attention_mask=text.is_token.long(), pixel_values=pixels, output_segmentation=True
    )
    images = F.normalize(ours.project_images(pixels), dim=-1)
    texts = F.normalize(ours.project_texts(text), dim=-1)
    assert far(images, answer.image_embeds) < EXACT
    assert far(texts, answer.text_embeds) < EXACT
    assert far(ours.logit_scale.exp() * images @ texts.T, answer.logits_per_image) < EXACT
    masks = ours.segmentation_logits(pixels, text=text)
    assert masks.shape == answer.segmentation_logits.shape == (4, 5, 32, 32)
    assert far(masks, answer.segmentation_logits) < EXACT


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_the_loss_and_every_gradient_are_theirs(mode, theirs, monkeypatch):
    """In training without noise on both sides: what is drawn differs, what follows from it does not."""
    monkeypatch.setattr(modeling_groupvit, "gumbel_softmax", lambda logits, dim, hard: hard_softmax(logits, dim))
    monkeypatch.setattr(GroupingTower, "draw", lambda self, keys, seed: ())
    hard_softmax = modeling_groupvit.hard_softmax
    ours = GroupViT.from_transformers(theirs).train(mode == "train")
    theirs.train(mode == "train")
    given = batch(6, per_row=0)
    text = given.text
    expected = theirs(
        input_ids=text.ids,
        attention_mask=text.is_token.long(),
        pixel_values=ours.normalise(given.picture.pixels),
        return_loss=True,
    )
    expected.loss.backward()
    losses = ours(given)
    assert list(losses) == ["itc"]
    mean = losses["itc"].value / losses["itc"].count
    mean.backward()
    assert far(mean, expected.loss) < EXACT
    gradients = {name: parameter.grad for name, parameter in theirs.named_parameters()}
    moments = dict(theirs.named_buffers())
    rounding = 1e-5 * max(float(each.abs().max()) for each in gradients.values())
    for line in names(ours.config):
        name = line.ours
        if name.endswith((".norm.mean", ".norm.variance")) and "projection" in name:
            assert far(ours.state_dict()[name], moments[line.theirs[0]]) < EXACT
            continue
        parts = [gradients[each] for each in line.theirs]
        found, wanted = ours.get_parameter(name).grad, torch.cat([each.reshape(-1) for each in parts])
        # Some biases change nothing, those of keys for one: what both sides have there is rounding.
        assert float((found.reshape(-1) - wanted).abs().max()) < GRADIENT * float(wanted.abs().max()) + rounding, name


def test_reading_and_writing_is_bit_for_bit(theirs, tmp_path):
    theirs.save_pretrained(tmp_path / "theirs")
    GroupViT.from_transformers(tmp_path / "theirs").to_transformers(tmp_path / "ours")
    first, second = (load_file(tmp_path / each / "model.safetensors") for each in ("theirs", "ours"))
    assert first.keys() == second.keys()
    assert all(torch.equal(tensor, second[name]) for name, tensor in first.items())
    configs = [json.loads((tmp_path / each / "config.json").read_text()) for each in ("theirs", "ours")]
    assert configs[0] == configs[1]


@torch.no_grad()
def test_a_model_of_ours_opens_in_transformers_and_answers_alike(tmp_path):
    ours = little_groupvit(config=little_config(end=END)).eval()
    ours.image_projection.norm.variance.uniform_(0.5, 2)
    ours.to_transformers(tmp_path)
    theirs = GroupViTModel.from_pretrained(tmp_path).eval()
    text, pixels = ended_texts(3), ours.normalise(batch(2).picture.pixels)
    answer = theirs(
        input_ids=text.ids, attention_mask=text.is_token.long(), pixel_values=pixels, output_segmentation=True
    )
    assert far(ours.segmentation_logits(pixels, text=text), answer.segmentation_logits) < EXACT
    again = GroupViT.from_transformers(tmp_path)
    assert again.config == ours.config


@torch.no_grad()
def test_a_tokenizer_of_ours_ends_texts_in_transformers_too(tmp_path):
    """Its end has the id 2, which transformers takes for none."""
    tokenizer = train_tokenizer(["red mug", "lámpara", "sofa"], vocabulary=280)
    config = little_config()
    ours = little_groupvit(config=replace(config, text=replace(config.text, vocabulary=tokenizer.get_vocab_size())))
    ours.inputs = Inputs(tokenizer, PictureGeometry(32), max_tokens=12)
    ours.eval().to_transformers(tmp_path)
    theirs, reader = GroupViTModel.from_pretrained(tmp_path).eval(), AutoTokenizer.from_pretrained(tmp_path)
    texts = ["red mug", "sofa", "lámpara"]
    answer = theirs(pixel_values=torch.zeros(1, 3, 32, 32), **reader(texts, padding=True, return_tensors="pt"))
    assert far(torch.from_numpy(ours.embed_texts(texts)), answer.text_embeds) < EXACT
    again = GroupViT.from_transformers(tmp_path)
    assert far(torch.from_numpy(again.embed_texts(texts)), answer.text_embeds) < EXACT


@torch.no_grad()
def test_the_old_end_is_read_as_the_highest_token():
    torch.manual_seed(0)
    theirs = GroupViTModel(their_config((1, 1), (3,), eos=2)).eval()
    ours, text = GroupViT.from_transformers(theirs).eval(), ended_texts(4)
    assert ours.config.text.end == "highest"
    pixels = torch.zeros(1, 3, 32, 32)
    answer = theirs(input_ids=text.ids, attention_mask=text.is_token.long(), pixel_values=pixels)
    assert far(F.normalize(ours.project_texts(text), dim=-1), answer.text_embeds) < EXACT


def test_what_this_model_cannot_be_is_refused(theirs, tmp_path):
    theirs.config.vision_config.assign_eps = 0.5
    with pytest.raises(ValueError, match=r"GroupViT that this model cannot be: vision.assign_eps is 0.5"):
        GroupViT.from_transformers(theirs)


def test_a_missing_and_a_strange_tensor_are_named(theirs, tmp_path):
    theirs.save_pretrained(tmp_path)
    theirs.visual_projection.add_module("4", torch.nn.Linear(2, 2))
    with pytest.raises(ValueError, match=r"unexpected tensors: visual_projection\.4\.bias"):
        GroupViT.from_transformers(theirs)
    del theirs.visual_projection[4], theirs.text_model.final_layer_norm
    with pytest.raises(ValueError, match=r"lacks tensors: text_model\.final_layer_norm"):
        GroupViT.from_transformers(theirs)


def test_what_transformers_cannot_hold_is_refused_with_the_mend(tmp_path: Path):
    config = little_config(end=END)
    with pytest.raises(ValueError, match=r'train with model.image.stem="patch" to export'):
        GroupViT(replace(config, image=replace(config.image, stem="convolution"))).to_transformers(tmp_path)
    with pytest.raises(ValueError, match=r'train with model.text.order="left_to_right"'):
        GroupViT(replace(config, text=replace(config.text, order="both_ways"))).to_transformers(tmp_path)
    assert not list(tmp_path.iterdir())
