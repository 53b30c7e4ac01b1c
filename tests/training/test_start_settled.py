"""A multimodal encoder that starts fresh on towers that have learnt can see what they say."""

import torch
from torch import Tensor, nn

import vitrina
from vitrina.catalogue.store import Catalogue
from vitrina.models.flava import Flava
from vitrina.recipes.recipe import with_settings

from .little import little_flava
from .starting import begin, first, lay_out

_SAID = "so that matching can be learnt"


def _common(states: Tensor, *, through: nn.Module) -> float:
    """How much of the size of what a map makes of states (n, d) is the same for all of them."""
    made = through(states)
    return (made.mean(0).norm() / made.norm(dim=1).mean()).item()


def test_what_enters_a_fresh_encoder_differs_between_products(tmp_path, catalogue, clip):
    record = lay_out(little_flava(), catalogue, tmp_path / "run", init=clip)
    assert any(_SAID in note for note in record.notes)
    model = vitrina.load(tmp_path / "run" / "start.safetensors")
    assert isinstance(model, Flava)
    inputs = model.read_inputs()
    opened = Catalogue.open(catalogue)
    products = [each for each in opened.read(range(len(opened))) if each.split == "train" and each.pictures]
    with torch.no_grad():
        pictures = inputs.pictures([picture for each in products for picture in each.pictures])
        words = inputs.texts([text.text for each in products for text in each.texts])
        image = model.image(model.normalise(pictures)).hidden.flatten(0, 1)
        text = model.text(words.ids, is_token=words.is_token, types=words.types).hidden[words.is_token]
        for states, entrance in ((image, model.multimodal.from_image), (text, model.multimodal.from_text)):
            # Not zero: training meets other views, and other texts more often.
            assert _common(states, through=entrance) < 0.2
            assert _common(states, through=nn.Linear(*entrance.weight.shape[::-1])) > 0.3


def test_it_depends_on_the_seed_and_the_catalogue_alone(tmp_path, catalogue, clip):
    for name, seed in (("one", 0), ("again", 0), ("other", 1)):
        torch.manual_seed(len(name))
        lay_out(with_settings(little_flava(), [f"seed={seed}"]), catalogue, tmp_path / name, init=clip)
    one, again, other = (first(tmp_path / name) for name in ("one", "again", "other"))
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not torch.equal(one["multimodal.from_image.weight"], other["multimodal.from_image.weight"])


def test_an_encoder_that_was_brought_is_left_alone(tmp_path, catalogue):
    source = begin(little_flava("steps=1"), catalogue, tmp_path / "flava")
    record = lay_out(little_flava(), catalogue, tmp_path / "run", init=source)
    assert not any(_SAID in note for note in record.notes)
    before = vitrina.load(source).state_dict()
    assert all(torch.equal(each, before[name]) for name, each in first(tmp_path / "run").items())
