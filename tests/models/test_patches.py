import io

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

from vitrina.data.inputs import Inputs
from vitrina.data.pictures import PictureGeometry, decode
from vitrina.models.clip import Clip, ClipConfig
from vitrina.models.patches import own_cells, patch_vectors, similarity_maps, word_vectors
from vitrina.models.towers import ImageTowerConfig, TextTowerConfig
from vitrina.tasks.abilities import LocatesWords

SIDES = st.integers(min_value=4, max_value=400)


def tokenizer() -> Tokenizer:
    words = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]", "red", "mug", "bag"]
    made = Tokenizer(WordLevel({word: number for number, word in enumerate(words)}, unk_token="[UNK]"))
    made.pre_tokenizer = Whitespace()
    made.post_processor = TemplateProcessing("[CLS] $A [SEP]", "[CLS] $A [SEP] $B [SEP]", [("[CLS]", 1), ("[SEP]", 2)])
    return made


def clip(pooling: str, *, fit: str = "pad") -> Clip:
    torch.manual_seed(0)
    config = ClipConfig(
        image=ImageTowerConfig(width=16, heads=2, layers=2, size_px=32, patch_px=8),
        text=TextTowerConfig(width=16, heads=2, layers=1, vocabulary=8, positions=16),
        projection=8,
        pooling=pooling,  # type: ignore[arg-type]
        spread="standardised" if pooling == "mean" else "free",
    )
    model = Clip(config, inputs=Inputs(tokenizer(), PictureGeometry(size_px=32, fit=fit), 12))  # type: ignore[arg-type]
    return model.eval()


def jpeg(width: int, height: int) -> bytes:
    pixels = np.random.default_rng(width * height).integers(0, 255, (height, width, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG")
    return out.getvalue()


def test_where_pictures_are_pooled_by_the_mean_the_patches_make_up_the_picture():
    model = clip("mean")
    pixels = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        projection = model.image_projection
        patches = projection.spread(projection.linear(model.image(pixels).normed[:, 1:]))
        torch.testing.assert_close(patches.mean(1), model.project_images(pixels))
        torch.testing.assert_close(patch_vectors(model, pixels), torch.nn.functional.normalize(patches, dim=-1))


def test_where_cls_is_pooled_a_patch_looks_at_itself_alone_in_the_last_block():
    """An oracle with explicit attention: the identity in place of the softmax."""
    model = clip("cls")
    pixels = torch.randn(2, 3, 32, 32)
    tower = model.image
    with torch.no_grad():
        x = tower.entry_norm(torch.cat([tower.cls.expand(2, -1, -1), tower.stem(pixels)], 1) + tower.positions)
        x = tower.transformer.blocks[0](x, bias=None)
        alone = torch.zeros(17, 17).fill_diagonal_(1).log()  # zero on the diagonal, minus infinity elsewhere
        hidden = tower.transformer.blocks[1](x, bias=alone[None, None])
        expected = torch.nn.functional.normalize(model.image_projection.linear(tower.norm(hidden))[:, 1:], dim=-1)
        torch.testing.assert_close(patch_vectors(model, pixels), expected)


@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_maps_are_cosines_of_patches_and_words(pooling: str):
    model = clip(pooling)
    assert isinstance(model, LocatesWords)
    (found,) = model.similarity_maps([jpeg(40, 40)], words=["red", "bag"])
    with torch.no_grad():
        shown = torch.from_numpy(decode(jpeg(40, 40), geometry=PictureGeometry(size_px=32)))[None]
        patches = patch_vectors(model, model.normalise(shown))[0]
    expected = (patches @ word_vectors(model, words=["red", "bag"]).T).T.reshape(2, 4, 4)
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-5)
    assert np.abs(found).max() <= 1 + 1e-5


def test_a_map_has_as_many_cells_as_the_picture_is_wide_and_high():
    maps = similarity_maps(clip("mean"), [jpeg(64, 32), jpeg(20, 60)], words=["mug"])
    assert [each.shape for each in maps] == [(1, 2, 4), (1, 4, 1)]


@settings(max_examples=60, deadline=None)
@given(height=SIDES, width=SIDES, cells=st.sampled_from([4, 7, 14]))
def test_the_padding_is_cut_off_exactly(height: int, width: int, cells: int):
    """A square that shows the place of every point gives the picture's own places back."""
    side = max(height, width)
    places = (np.arange(cells, dtype=np.float32) + 0.5) / cells * side
    left, top = -np.floor((width - side) / 2 + 0.5), -np.floor((height - side) / 2 + 0.5)
    square = np.stack(np.broadcast_arrays(places[None, :] - left, places[:, None] - top))
    own = own_cells(square, fit="pad", height=height, width=width)
    rows, columns = own.shape[1:]
    assert (rows, columns) == (max(1, round(cells * height / side)), max(1, round(cells * width / side)))
    middle_x, middle_y = (np.arange(columns) + 0.5) * width / columns, (np.arange(rows) + 0.5) * height / rows
    # Beyond the middles of the outermost cells of the square nothing is known but those cells.
    middle_x = np.clip(middle_x, square[0].min(), square[0].max())
    middle_y = np.clip(middle_y, square[1].min(), square[1].max())
    np.testing.assert_allclose(own[0], np.broadcast_to(middle_x, (rows, columns)), atol=side * 1e-4)
    np.testing.assert_allclose(own[1], np.broadcast_to(middle_y[:, None], (rows, columns)), atol=side * 1e-4)


@settings(max_examples=30, deadline=None)
@given(height=SIDES, width=SIDES)
def test_a_stretched_picture_keeps_every_cell(height: int, width: int):
    square = np.random.default_rng(0).normal(size=(2, 6, 6)).astype(np.float32)
    np.testing.assert_allclose(own_cells(square, fit="stretch", height=height, width=width), square, atol=1e-6)


def test_what_was_cropped_away_was_not_seen():
    own = own_cells(np.ones((1, 4, 4), np.float32), fit="crop", height=40, width=80)
    assert own.shape == (1, 4, 8)
    np.testing.assert_array_equal(np.isnan(own[0, 0]), [True, True, False, False, False, False, True, True])


def test_words_that_say_nothing_are_refused():
    model = clip("mean")
    with pytest.raises(ValueError, match="no words to look for"):
        model.similarity_maps([jpeg(20, 20)], words=[])
    with pytest.raises(ValueError, match="empty"):
        model.similarity_maps([jpeg(20, 20)], words=["bag", " "])


def test_a_picture_that_cannot_be_read_is_named():
    with pytest.raises(ValueError, match="Picture 1 of 2 cannot be read"):
        clip("mean").similarity_maps([jpeg(20, 20), b"nothing"], words=["bag"])
