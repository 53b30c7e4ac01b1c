from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from segmentation.colours import KnowsColours, opened, picture

from vitrina.segmentation import segment as room
from vitrina.segmentation.overlay import colour_of, label_mask, overlay
from vitrina.segmentation.segment import read_picture, segment
from vitrina.tasks.looking import Window
from vitrina.tasks.segment import Masks, masks

TWO = {"red": (0, 0, 32, 64), "blue": (64, 0, 96, 64)}


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(room, "locating", lambda run: KnowsColours(cells=24))
    path = tmp_path / "look.png"
    path.write_bytes(picture(TWO))
    return path


def test_an_overlay_and_a_mask_are_written_and_their_shares_told(look: Path, tmp_path: Path):
    out, mask_out = tmp_path / "over.png", tmp_path / "mask.png"
    found = segment("run", image=look, words=["red", "blue"], out=out, mask_out=mask_out)
    shown = opened(out.read_bytes())
    assert shown.shape[1] == 5 * 96 and shown.shape[0] > 5 * 64, "small pictures are shown larger, above a legend"
    labels = opened(mask_out.read_bytes())
    np.testing.assert_array_equal(labels, found.masks.labels)
    assert labels.dtype == np.uint8 and set(np.unique(labels)) == {0, 1, 2}
    text = found.text()
    assert "red" in text and "% of the picture" in text and str(out) in text and str(mask_out) in text


def test_a_mask_opens_as_a_palette_picture_in_the_overlays_colours():
    found = masks(KnowsColours(cells=24), picture=picture(TWO), words=["red", "blue"])
    with Image.open(BytesIO(label_mask(found))) as image:
        assert image.mode == "P"
        assert image.convert("RGB").getpixel((5, 5)) == colour_of(0)
        assert image.convert("RGB").getpixel((90, 5)) == colour_of(1)


def test_painted_pixels_take_their_words_colour_and_others_stay():
    labels = np.zeros((600, 600), np.int64)
    labels[100:200, 100:200] = 1
    found = Masks(("bag",), labels, np.zeros((1, 4, 4), np.float32))
    shown = opened(overlay(Image.open(BytesIO(picture({}, size=(600, 600)))), masks=found))
    assert tuple(shown[150, 150]) == tuple((255 + np.array(colour_of(0))) // 2)
    assert tuple(shown[100, 150]) == colour_of(0), "the outline is opaque"
    assert tuple(shown[400, 400]) == (255, 255, 255)


def test_forty_words_have_forty_colours_and_a_legend_that_wraps():
    words = tuple(f"ñandú número {number}" for number in range(40))
    found = Masks(words, np.zeros((600, 600), np.int64), np.zeros((40, 4, 4), np.float32))
    assert len({colour_of(number) for number in range(40)}) == 40
    shown = opened(overlay(Image.open(BytesIO(picture({}, size=(600, 600)))), masks=found))
    assert shown.shape[0] > 600 + 12 * 26


def test_more_words_than_eight_bits_hold_are_refused():
    words = tuple(str(number) for number in range(256))
    with pytest.raises(ValueError, match="name fewer"):
        label_mask(Masks(words, np.zeros((4, 4), np.int64), np.zeros((256, 2, 2), np.float32)))


def test_a_window_reaches_the_model(look: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = KnowsColours()
    monkeypatch.setattr(room, "locating", lambda run: model)
    segment("run", image=look, words=["red"], out=tmp_path / "o.png", window=Window(side_px=64, stride_px=32))
    assert model.shown == 2


def test_what_is_no_picture_or_no_png_is_said_with_its_name(look: Path, tmp_path: Path):
    with pytest.raises(ValueError, match=r"over\.jpg: what is written is a PNG"):
        segment("run", image=look, words=["red"], out=tmp_path / "over.jpg")
    with pytest.raises(ValueError, match=r"none\.jpg: there is no such picture"):
        read_picture(tmp_path / "none.jpg")
    with pytest.raises(ValueError, match="is a folder"):
        read_picture(tmp_path)
    (tmp_path / "bad.jpg").write_bytes(look.read_bytes()[:60])
    with pytest.raises(ValueError, match=r"bad\.jpg cannot be read as a picture"):
        read_picture(tmp_path / "bad.jpg")
    with pytest.raises(ValueError, match="names no words"):
        segment("run", image=look, words=[" "], out=tmp_path / "o.png")
    assert not (tmp_path / "o.png").exists()


def test_a_picture_is_never_overwritten_by_what_is_painted_into_it(look: Path, tmp_path: Path):
    before = look.read_bytes()
    with pytest.raises(ValueError, match="named for two things"):
        segment("run", image=look, words=["red"], out=look)
    with pytest.raises(ValueError, match="named for two things"):
        segment("run", image=look, words=["red"], out=tmp_path / "a.png", mask_out=tmp_path / "a.png")
    assert look.read_bytes() == before and not (tmp_path / "a.png").exists()


def test_more_words_than_a_mask_holds_leave_no_file(look: Path, tmp_path: Path):
    words = [f"word{number}" for number in range(256)]
    with pytest.raises(ValueError, match="255 words"):
        segment("run", image=look, words=words, out=tmp_path / "a.png", mask_out=tmp_path / "b.png")
    assert not (tmp_path / "a.png").exists()


def test_a_word_that_stands_out_nowhere_is_said_to_be_nowhere(look: Path, tmp_path: Path):
    plain = tmp_path / "plain.png"
    plain.write_bytes(picture({}))
    assert "try other words" in segment("run", image=plain, words=["red"], out=tmp_path / "o.png").text()
    assert "try other words" not in segment("run", image=look, words=["red"], out=tmp_path / "p.png").text()


@pytest.mark.parametrize(("mode", "name"), [("L", "grey.png"), ("RGBA", "clear.png"), ("CMYK", "print.jpg")])
def test_pictures_of_every_mode_are_painted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, name: str):
    monkeypatch.setattr(room, "locating", lambda run: KnowsColours(cells=24))
    Image.open(BytesIO(picture(TWO))).convert(mode).save(tmp_path / name)
    segment("run", image=tmp_path / name, words=["red"], out=tmp_path / "o.png")
    assert opened((tmp_path / "o.png").read_bytes()).shape[1] == 5 * 96


def test_of_a_film_the_first_picture_is_painted_and_what_is_too_small_or_large_is_said(look: Path, tmp_path: Path):
    frames = [Image.open(BytesIO(picture(each))) for each in (TWO, {}, {})]
    frames[0].save(tmp_path / "film.gif", save_all=True, append_images=frames[1:])
    found = segment("run", image=tmp_path / "film.gif", words=["red"], out=tmp_path / "o.png")
    assert found.masks.share("red") > 0.2
    for size, words in (((1, 1), "too small"), ((9_000, 9_000), r"too many pixels .* 64 million pixels or fewer")):
        Image.new("1", size).save(tmp_path / "odd.png")
        with pytest.raises(ValueError, match=words):
            segment("run", image=tmp_path / "odd.png", words=["red"], out=tmp_path / "o.png")
