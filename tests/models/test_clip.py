import dataclasses
from typing import get_args

import pytest
import torch
from models.flava_batches import image_batch, pair_batch, text_batch

from vitrina.models.clip import Clip, ClipConfig, Shape
from vitrina.models.flava import FlavaConfig


def small() -> Clip:
    torch.manual_seed(0)
    config = ClipConfig.sized("tiny", vocabulary=50)
    image = dataclasses.replace(config.image, size_px=32, width=32, layers=1)
    return Clip(dataclasses.replace(config, image=image, text=dataclasses.replace(config.text, width=32)))


@pytest.mark.parametrize("size", ["tiny", "small"])
def test_its_small_towers_are_those_of_flava(size):
    ours, flava = ClipConfig.sized(size, vocabulary=99), FlavaConfig.sized(size, vocabulary=99, codes=9)
    shared = [field.name for field in dataclasses.fields(ours)]
    assert {name: getattr(ours, name) for name in shared} == {name: getattr(flava, name) for name in shared}


def test_its_base_size_is_the_published_one():
    assert ClipConfig.sized("base", vocabulary=99) == ClipConfig.published("ViT-B/16", vocabulary=99)


PARAMETERS = {  # as OpenAI's weights have them
    "ViT-B/32": 151_277_313,
    "ViT-B/16": 149_620_737,
    "ViT-L/14": 427_616_513,
    "ViT-L/14@336px": 427_944_193,
}


@pytest.mark.parametrize("shape", get_args(Shape))
def test_a_published_shape_has_as_many_parameters_as_the_published_weights(shape: Shape):
    with torch.device("meta"):
        model = Clip(ClipConfig.published(shape))
    assert sum(each.numel() for each in model.parameters()) == PARAMETERS[shape]


def test_a_shape_that_nobody_published_is_refused():
    with pytest.raises(ValueError, match="choose ViT-B/32"):
        ClipConfig.published("RN50")  # type: ignore[arg-type]  # on purpose


def test_it_learns_from_pairs_only_and_says_so():
    model = small()
    for batch in (text_batch(3), image_batch(3)):
        with pytest.raises(ValueError, match=r"mixture\.pair=1"):
            model(batch)


def test_a_few_steps_tell_pairs_apart():
    model, batch = small(), pair_batch(8, target=[1] * 8)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    first = model(batch)
    assert list(first) == ["itc"]
    for _ in range(30):
        loss = model(batch)["itc"]
        (loss.value / loss.count).backward()
        optimiser.step()
        optimiser.zero_grad()
    last = model(batch)["itc"]
    assert last.value / last.count < 0.3 * first["itc"].value / first["itc"].count
