"""DALL-E's encoder equals transformers' `FlavaImageCodebook`, and tokenises pictures of any size."""

from pathlib import Path

import pytest
import torch
from transformers import FlavaImageCodebook, FlavaImageCodebookConfig

from vitrina.models.dalle import DalleEncoder, map_pixels


@pytest.fixture(scope="module")
def theirs() -> FlavaImageCodebook:
    torch.manual_seed(0)
    model = FlavaImageCodebook(FlavaImageCodebookConfig(hidden_size=8, vocab_size=40)).eval()
    for name, parameter in model.named_parameters():
        fan_in = parameter[0].numel() if name.endswith("weight") else 100
        parameter.data = 2 * fan_in**-0.5 * torch.randn_like(parameter)
    return model


def test_codes_are_theirs(theirs: FlavaImageCodebook):
    ours = DalleEncoder.from_transformers(theirs, grid=4)
    mapped = map_pixels(torch.rand(3, 3, 32, 48))
    codes = ours.grid_of_codes(mapped)
    assert codes.shape == (3, 4, 6) and len(codes.unique()) > 2
    assert torch.equal(codes, theirs.get_codebook_indices(mapped))
    torch.testing.assert_close(ours.blocks(mapped), theirs.blocks(mapped))


def test_pixels_are_mapped_as_their_processor_does():
    from transformers.models.flava.image_processing_pil_flava import FlavaImageProcessorPil

    share = torch.rand(3, 5, 7)
    torch.testing.assert_close(map_pixels(share).numpy(), FlavaImageProcessorPil().map_pixels(share.numpy()))


def test_a_folder_of_either_kind_opens(theirs: FlavaImageCodebook, tmp_path: Path):
    theirs.save_pretrained(tmp_path)
    ours = DalleEncoder.from_transformers(tmp_path, grid=4)
    assert ours.code_count == 40 and ours.config.grid == 4
    assert ours.digest == DalleEncoder.from_transformers(theirs, grid=4).digest
    assert ours.digest != DalleEncoder.from_transformers(theirs, grid=5).digest
    assert not any(parameter.requires_grad for parameter in ours.parameters())


@pytest.mark.parametrize("size", [(32, 32), (64, 64), (20, 20)])
def test_any_picture_gets_one_code_per_patch(theirs: FlavaImageCodebook, size: tuple[int, int]):
    ours = DalleEncoder.from_transformers(theirs, grid=4)
    pixels = torch.randint(256, (19, 3, *size), dtype=torch.uint8)  # more than go at a time
    codes = ours.tokenise(pixels)
    assert codes.shape == (19, 16) and codes.dtype == torch.int64
    assert torch.equal(codes[17:], ours.tokenise(pixels[17:]))
    assert ours.tokenise(pixels[:0]).shape == (0, 16)
    if size == (32, 32):
        assert torch.equal(codes.view(19, 4, 4), theirs.get_codebook_indices(map_pixels(pixels / 255)))


def test_another_architecture_is_refused(theirs: FlavaImageCodebook):
    other = FlavaImageCodebook(FlavaImageCodebookConfig(hidden_size=8, vocab_size=40, num_groups=3))
    with pytest.raises(ValueError, match="3 groups"):
        DalleEncoder.from_transformers(other, grid=4)
