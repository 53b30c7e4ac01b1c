"""FLAVA by itself: what each batch runs, who sees what, base rates, abilities."""

import math
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
import torch
from models.flava_batches import image_batch, pair_batch, pictures, text_batch, texts
from PIL import Image
from torch import Tensor

from vitrina.data.batch import Pictures, Texts
from vitrina.data.inputs import Inputs
from vitrina.data.pictures import PictureGeometry
from vitrina.data.text import train_tokenizer
from vitrina.models.flava import Flava, FlavaConfig
from vitrina.models.layers import TransformerConfig
from vitrina.models.towers import ImageTowerConfig, Stem, TextTowerConfig


def config(stem: Stem = "patch") -> FlavaConfig:
    """Three different widths, as nothing asks them to be equal."""
    return FlavaConfig(
        image=ImageTowerConfig(width=32, heads=2, layers=2, size_px=32, patch_px=8, stem=stem),
        text=TextTowerConfig(width=24, heads=2, layers=1, vocabulary=50, positions=20),
        multimodal=TransformerConfig(width=40, heads=2, layers=1),
        codes=40,
        projection=16,
    )


def flava(stem: Stem = "patch") -> Flava:
    """Weights as after some training: everything has a say."""
    model = untrained(stem)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model


def untrained(stem: Stem = "patch") -> Flava:
    torch.manual_seed(0)
    return Flava(config(stem))


def run_parts(model: Flava, batch) -> list[str]:
    """The names of the parts that ran, one entry per call."""
    calls: list[str] = []
    parts = ("image", "text", "multimodal", "mlm_head", "mim_head", "mmm_text_head", "mmm_image_head", "itm_head")
    hooks = [
        model.get_submodule(part).register_forward_hook(lambda *_, part=part: calls.append(part)) for part in parts
    ]
    model(batch)
    for hook in hooks:
        hook.remove()
    return sorted(calls)


def test_each_batch_runs_only_what_it_needs():
    model = flava()
    assert run_parts(model, text_batch(3)) == ["mlm_head", "text"]
    assert run_parts(model, image_batch(3)) == ["image", "mim_head"]
    assert run_parts(model, pair_batch(3, target=[])) == ["image", "text"]
    heads = ["itm_head", "mmm_image_head", "mmm_text_head"]
    assert run_parts(model, pair_batch(3, target=[1, 0])) == sorted(
        ["image"] * 2 + ["text"] * 2 + ["multimodal", *heads]
    )


def test_losses_have_counts_and_base_rates():
    model, batch = flava(), pair_batch(6, target=[1, 0, 1, 1])
    losses = model(batch)
    assert set(losses) == {"itc", "mmm_text", "mmm_image", "itm"}
    right = batch.fused_matches[:, None]
    assert losses["itc"].count == 6 and losses["itc"].chance == math.log(6)
    assert losses["itm"].count == 4 and losses["itm"].chance == pytest.approx(0.5623, abs=1e-4)
    assert losses["mmm_text"].count == (batch.fused.is_masked & right).sum()
    assert losses["mmm_image"].count == (batch.picture.is_masked & right).sum()
    assert losses["mmm_text"].chance == math.log(50) and losses["mmm_image"].chance == math.log(40)
    assert set(model(text_batch(2))) == {"mlm"} and set(model(image_batch(2))) == {"mim"}
    assert set(model(pair_batch(2, target=[]))) == {"itc"}


def test_an_untrained_model_stands_at_its_base_rates():
    model = untrained()
    for batch in (text_batch(8), image_batch(8), pair_batch(8, target=[1] * 4)):
        for name, loss in model(batch).items():
            if name in ("mlm", "mim", "mmm_text", "mmm_image"):
                assert loss.value.item() / loss.count.item() == pytest.approx(loss.chance, rel=0.02)


def predictions(model: Flava, batch) -> dict[str, Tensor]:
    """The logits of every head that runs."""
    found: dict[str, Tensor] = {}
    heads = ("mlm_head", "mim_head", "mmm_text_head", "mmm_image_head", "itm_head")
    hooks = [
        model.get_submodule(head).register_forward_hook(lambda _, __, logits, head=head: found.update({head: logits}))
        for head in heads
    ]
    model(batch)
    for hook in hooks:
        hook.remove()
    return found


def test_every_loss_falls_well_below_its_base_rate_on_what_can_be_learned_by_heart():
    torch.manual_seed(0)
    model = Flava(replace(config("convolution"), pooling="mean", spread="standardised")).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    batches = (text_batch(4), image_batch(4), pair_batch(6, target=[1, 0, 1, 0]))
    reached: dict[str, float] = {}
    for _ in range(30):
        for batch in batches:
            losses = model(batch)
            means = {name: loss.value / loss.count for name, loss in losses.items()}
            reached |= {name: mean.item() / losses[name].chance for name, mean in means.items()}
            optimiser.zero_grad()
            torch.stack(list(means.values())).sum().backward()
            optimiser.step()
    assert reached.keys() == {"mlm", "mim", "itc", "mmm_text", "mmm_image", "itm"}
    assert all(share < 0.7 for share in reached.values()), reached


@pytest.mark.parametrize("stem", ["patch", "convolution"])
def test_a_masked_word_or_patch_never_sees_itself(stem: Stem):
    """What is hidden may be anything: no prediction changes. What is not hidden does change predictions."""
    model, pairs = flava(stem), pair_batch(3, target=[1, 0, 1])
    swap = {
        "hidden": (reword(pairs.fused, hidden=True), repaint(pairs.picture, hidden=True)),
        "seen": (reword(pairs.fused, hidden=False), repaint(pairs.picture, hidden=False)),
    }
    before = predictions(model, pairs)
    assert before.keys() == {"mmm_text_head", "mmm_image_head", "itm_head"}
    for name, logits in before.items():
        fused, picture = swap["hidden"]
        torch.testing.assert_close(predictions(model, replace(pairs, fused=fused, picture=picture))[name], logits)
        fused, picture = swap["seen"]
        for change in ({"fused": fused}, {"picture": picture}):
            assert not torch.allclose(predictions(model, replace(pairs, **change))[name], logits, atol=1e-5)

    alone = image_batch(3)
    same = predictions(model, replace(alone, picture=repaint(alone.picture, hidden=True)))["mim_head"]
    torch.testing.assert_close(same, predictions(model, alone)["mim_head"])


def reword(text: Texts, *, hidden: bool) -> Texts:
    """Other words where text is hidden, or where it is not; corrupted as before."""
    here = (text.is_masked if hidden else ~text.is_masked) & text.is_token
    ids = torch.where(here, (text.ids + 7) % 45 + 5, text.ids)
    return replace(text, ids=ids, masked_ids=torch.where(text.is_masked, text.masked_ids, ids))


def repaint(picture: Pictures, *, hidden: bool) -> Pictures:
    patches = picture.is_masked if hidden else ~picture.is_masked
    here = patches.view(-1, 4, 4).repeat_interleave(8, 1).repeat_interleave(8, 2)[:, None]
    pixels = torch.where(here, 255 - picture.pixels, picture.pixels)
    assert not torch.equal(pixels, picture.pixels)
    return replace(picture, pixels=pixels)


def test_a_foreign_text_is_matched_but_not_filled():
    model, batch = flava(), pair_batch(4, target=[1, 0])
    elsewhere = replace(batch.fused, ids=batch.fused.ids.clone())
    elsewhere.ids[1] = 9  # other targets in the row whose text belongs to another product
    for name, loss in model(batch).items():
        torch.testing.assert_close(model(replace(batch, fused=elsewhere))[name].value, loss.value)


def test_pair_losses_do_not_depend_on_padding():
    model, batch = flava(), pair_batch(3, target=[1, 1])

    def longer(text):
        pad = torch.zeros(len(text.ids), 4, dtype=torch.long)
        ids, types, masked = (torch.cat([each, pad], 1) for each in (text.ids, text.types, text.masked_ids))
        is_token, is_masked = (torch.cat([each, pad.bool()], 1) for each in (text.is_token, text.is_masked))
        return type(text)(ids=ids, is_token=is_token, types=types, masked_ids=masked, is_masked=is_masked)

    padded = replace(batch, text=longer(batch.text), fused=longer(batch.fused))
    for name, loss in model(batch).items():
        torch.testing.assert_close(model(padded)[name].value, loss.value)


def test_no_parameter_is_a_scalar_and_every_one_learns_from_the_mixture():
    model = flava("convolution").train()
    for batch in (text_batch(4), image_batch(4), pair_batch(4, target=[1, 0, 1])):
        torch.stack([loss.value for loss in model(batch).values()]).sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.ndim > 0, name
        assert parameter.grad is not None and parameter.grad.any(), name


def test_the_scale_is_bounded_without_touching_the_parameter():
    model, batch = flava(), pair_batch(4, target=[])
    with torch.no_grad():
        model.logit_scale.fill_(9.0)
    at_nine = model(batch)["itc"].value
    assert model.logit_scale.item() == 9.0
    with torch.no_grad():
        model.logit_scale.fill_(math.log(100))
    torch.testing.assert_close(model(batch)["itc"].value, at_nine)


@pytest.mark.parametrize("size", ["tiny", "small", "base"])
def test_the_sizes_are_those_of_the_design(size):
    shape = FlavaConfig.sized(size, vocabulary=100, codes=64)
    assert (shape.image.size_px, shape.image.width, shape.image.heads) == {
        "tiny": (64, 128, 2),
        "small": (96, 256, 4),
        "base": (224, 768, 12),
    }[size]
    assert (shape.image.layers, shape.text.layers, shape.multimodal.layers) == {
        "tiny": (4, 2, 2),
        "small": (3, 4, 3),
        "base": (12, 12, 6),
    }[size]


def test_bfloat16_gives_nearly_the_same_losses():
    model = flava("convolution")
    for batch in (text_batch(4), image_batch(4), pair_batch(4, target=[1, 0])):
        exact = model(batch)
        with torch.autocast("cpu", torch.bfloat16):
            rough = model(batch)
        for name, loss in rough.items():
            assert loss.value.dtype == torch.float32
            torch.testing.assert_close(loss.value, exact[name].value, rtol=0.02, atol=0.02)


# Abilities


TITLES = ["Red ceramic mug", "Blue cotton shirt, size XL", "Taza roja de cerámica 12.5 oz"]


@pytest.fixture(scope="module")
def answers() -> Flava:
    inputs = Inputs(train_tokenizer(TITLES, vocabulary=300), PictureGeometry(size_px=32), max_tokens=20)
    wide = replace(config(), text=TextTowerConfig(width=24, heads=2, layers=1, vocabulary=400, positions=20))
    torch.manual_seed(0)
    return Flava(wide, inputs=inputs).train()


def jpeg(red: int) -> bytes:
    file = BytesIO()
    Image.new("RGB", (40, 30), (red, 80, 200 - red)).save(file, format="JPEG")
    return file.getvalue()


def test_embeddings_are_float32_of_length_one_and_the_mode_comes_back(answers: Flava):
    answers.text.eval()
    vectors, images = answers.embed_texts(TITLES), answers.embed_images([jpeg(0), jpeg(200)])
    assert vectors.shape == (3, 16) and images.shape == (2, 16)
    for each in (vectors, images):
        assert each.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(each, axis=1), 1, rtol=1e-5)
    assert answers.training and answers.image.training and not answers.text.training
    assert answers.embed_texts([]).shape == (0, 16) and answers.embed_images([]).shape == (0, 16)


def test_an_embedding_does_not_depend_on_its_company(answers: Flava):
    np.testing.assert_allclose(answers.embed_texts(TITLES)[2], answers.embed_texts(TITLES[2:])[0], atol=1e-5)
    many = answers.embed_texts(TITLES * 60)  # several batches
    np.testing.assert_allclose(many[177:], answers.embed_texts(TITLES), atol=1e-5)


def test_matching_gives_a_probability_per_pair(answers: Flava):
    probability = answers.match_pairs([jpeg(0), jpeg(200), jpeg(90)], TITLES)
    assert probability.shape == (3,) and probability.dtype == np.float32
    assert ((probability > 0) & (probability < 1)).all()
    with pytest.raises(ValueError, match="3 texts"):
        answers.match_pairs([jpeg(0)], TITLES)


def test_without_inputs_it_says_what_it_needs():
    with pytest.raises(ValueError, match="inputs="):
        flava().embed_texts(["Mug"])


def test_the_fakes_are_what_they_claim():
    text, picture = texts(4), pictures(4, fused=4)
    assert not (text.is_masked & ~text.is_token).any() and text.is_masked.any(dim=1).all()
    assert picture.is_masked.any() and not picture.codes[~picture.is_masked].any()
