"""CLIP against transformers' `CLIPModel` on the same random weights: vectors, logits, the loss and every gradient."""

import pytest
import torch
from models.little_clip import END, pairs, seen, texts, theirs
from torch import Tensor
from torch.nn import functional as F
from transformers import CLIPModel

from vitrina.models.checkpoint import to_theirs
from vitrina.models.clip import Clip
from vitrina.models.clip_names import names

CLOSE = 1e-5  # max |a - b| / max |b|, float32

CASES = [(activation, end) for activation in ("quick_gelu", "gelu") for end in (2, END)]


def difference(ours: Tensor, wanted: Tensor) -> float:
    assert ours.shape == wanted.shape
    return float((ours - wanted).abs().max() / wanted.abs().max())


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}, end {case[1]}")
def model(request: pytest.FixtureRequest) -> CLIPModel:
    activation, end = request.param
    return theirs(activation=activation, end=end)


@pytest.mark.parametrize("has_mask", [True, False])
def test_vectors_logits_and_loss_are_theirs(model: CLIPModel, has_mask: bool):
    ours, batch = Clip.from_transformers(model).eval(), pairs(texts(end=END))
    mask = batch.text.is_token.long() if has_mask else None
    with torch.no_grad():
        wanted = model(batch.text.ids, pixel_values=seen(ours, batch), attention_mask=mask, return_loss=True)
        pictures = F.normalize(ours.project_images(seen(ours, batch)), dim=-1)
        words = F.normalize(ours.project_texts(batch.text), dim=-1)
        assert difference(pictures, wanted.image_embeds) < CLOSE
        assert difference(words, wanted.text_embeds) < CLOSE
        assert difference(ours.logit_scale.exp() * pictures @ words.T, wanted.logits_per_image) < CLOSE
        loss = ours(batch)["itc"]
        assert difference(loss.value / loss.count, wanted.loss) < CLOSE


def test_every_gradient_is_theirs(model: CLIPModel):
    ours, batch = Clip.from_transformers(model).train(), pairs(texts(end=END))
    loss = ours(batch)["itc"]
    (loss.value / loss.count).backward()
    model(
        batch.text.ids,
        pixel_values=seen(ours, batch),
        attention_mask=batch.text.is_token.long(),
        return_loss=True,
    ).loss.backward()
    gradients = {name: each.grad for name, each in ours.named_parameters()}
    assert all(each is not None for each in gradients.values()), "every parameter of this shape is used"
    found = to_theirs({name: each for name, each in gradients.items() if each is not None}, names=names(ours.config))
    wanted = {name: each.grad for name, each in model.named_parameters()}
    assert found.keys() == wanted.keys()
    overall = max(float(each.abs().max()) for each in wanted.values() if each is not None)
    for name, gradient in wanted.items():
        assert gradient is not None
        if name.endswith("k_proj.bias"):  # adds the same to every score, which a softmax does not see: rounding alone
            assert max(float(each.abs().max()) for each in (found[name], gradient)) < CLOSE * overall, name
        else:
            assert difference(found[name], gradient) < CLOSE, name


def test_a_text_ends_at_its_first_end_and_what_follows_changes_nothing():
    for end in (2, END):
        ours, text = Clip.from_transformers(theirs(end=end)).eval(), texts(end=END)
        changed = text.ids.clone()
        after = torch.arange(text.ids.shape[1])[None] >= text.is_token.sum(dim=1)[:, None]
        changed[after] = 7
        with torch.no_grad():
            before = ours.project_texts(text)
            again = ours.project_texts(type(text)(changed, text.is_token, text.types, changed, text.is_masked))
        assert torch.equal(before, again)


def test_no_token_sees_what_follows_it():
    ours, text = Clip.from_transformers(theirs()).eval(), texts(end=END)
    changed = text.ids.clone()
    changed[:, 5] = (changed[:, 5] + 1) % 50
    with torch.no_grad():
        before, after = (ours.text(ids, is_token=text.is_token, types=text.types).normed for ids in (text.ids, changed))
    assert torch.equal(before[:, :5], after[:, :5]) and not torch.allclose(before[:, 5:], after[:, 5:])


def test_under_bfloat16_the_vectors_point_the_same_way():
    ours, batch = Clip.from_transformers(theirs()).eval(), pairs(texts(end=END))
    with torch.no_grad():
        wanted = ours.project_texts(batch.text)
        with torch.autocast("cpu", torch.bfloat16):
            found = ours.project_texts(batch.text)
    assert (F.cosine_similarity(found.float(), wanted) > 0.999).all()
