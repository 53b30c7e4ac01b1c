import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from segmentation.colours import COLOURS, KnowsColours, opened, picture

from vitrina.catalogue.pictures import canonicalise
from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import Catalogue, write_catalogue
from vitrina.segmentation import cutout as room
from vitrina.segmentation.cutout import cutout, cutout_picture, file_name
from vitrina.segmentation.refine import guided, outline, plain_background, without_specks

BOX = (20, 12, 60, 52)


class Blind:
    """A model that nobody should need to ask."""

    def similarity_maps(self, pictures, *, words):
        raise AssertionError("a plain background needs no model")


def noisy(size: tuple[int, int] = (96, 64)) -> bytes:
    """A red rectangle before a background of many colours."""
    from io import BytesIO

    from PIL import Image

    pixels = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    pixels[..., 0] //= 3
    image = Image.fromarray(pixels)
    image.paste(COLOURS["red"], BOX)
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("ground", [(255, 255, 255), (200, 220, 205), (30, 30, 34)])
def test_before_a_plain_background_a_product_is_cut_out_exactly(ground: tuple[int, int, int]):
    cut = opened(cutout_picture(Blind(), picture=picture({"red": BOX}, ground=ground), words=()))
    assert cut.shape == (64, 96, 4)
    truth = np.zeros((64, 96), bool)
    truth[BOX[1] : BOX[3], BOX[0] : BOX[2]] = True
    assert ((cut[..., 3] > 127) == truth).mean() > 0.995
    assert not cut[0, 0].any()
    np.testing.assert_allclose(cut[32, 40, :3], COLOURS["red"], atol=8)


def test_a_soft_shadow_is_background():
    pixels = np.full((200, 200, 3), 250, np.uint8)
    y, x = np.mgrid[:200, :200]
    shade = 60 * np.exp(-(((x - 100) / 55) ** 2 + ((y - 150) / 22) ** 2))
    pixels = (pixels - shade[..., None]).astype(np.uint8)
    pixels[60:150, 60:140] = COLOURS["blue"]
    inside = outline(pixels, belief=None).alpha > 127
    truth = np.zeros((200, 200), bool)
    truth[60:150, 60:140] = True
    assert (inside & truth).sum() / (inside | truth).sum() > 0.97


def test_through_a_handle_one_sees_the_background_but_print_stays():
    pixels = np.full((200, 200, 3), 255, np.uint8)
    pixels[40:160, 40:160] = COLOURS["green"]
    pixels[60:100, 60:100] = 255  # an opening
    pixels[130:136, 130:136] = 255  # a white dot on it
    alpha = outline(pixels, belief=None).alpha
    assert alpha[80, 80] == 0 and alpha[133, 133] == 255 and alpha[110, 110] == 255


def test_in_a_scene_the_model_says_which_and_the_colours_say_where():
    cut = opened(cutout_picture(KnowsColours(), picture=noisy(), words=["red"]))
    truth = np.zeros((64, 96), bool)
    truth[BOX[1] : BOX[3], BOX[0] : BOX[2]] = True
    inside = cut[..., 3] > 127
    assert (inside & truth).sum() / (inside | truth).sum() > 0.8


def test_an_edge_between_two_pixels_becomes_a_share():
    pixels = np.full((64, 64, 3), 255, np.uint8)
    pixels[:, 20:44] = 0
    pixels[:, 19] = pixels[:, 44] = 128
    pixels[:12], pixels[-12:] = 255, 255
    alpha = outline(pixels, belief=None).alpha
    assert 60 < alpha[32, 19] < 200 and alpha[32, 30] == 255 and alpha[32, 10] == 0


def test_a_margin_cuts_the_picture_to_the_product():
    cut = opened(cutout_picture(Blind(), picture=picture({"red": BOX}), words=(), margin=0.1))
    assert cut.shape[0] == pytest.approx(48, abs=3) and cut.shape[1] == pytest.approx(48, abs=3)
    assert not cut[:3].any() and cut[24, 24, 3] == 255


def test_nothing_to_cut_out_is_said():
    with pytest.raises(ValueError, match="nothing in it stands out"):
        cutout_picture(Blind(), picture=picture({}), words=["red"])
    with pytest.raises(ValueError, match="no words say what"):
        cutout_picture(KnowsColours(), picture=noisy(), words=())
    with pytest.raises(ValueError, match="not a picture"):
        cutout_picture(Blind(), picture=b"no", words=())


def test_a_guided_filter_follows_the_edges_of_its_guide():
    guide = np.zeros((40, 40, 3), np.float32)
    guide[:, 20:] = 1
    values = np.zeros((40, 40), np.float32)
    values[:, 17:] = 1  # three pixels beside the edge
    smooth = guided(guide, values, radius=8, eps=1e-4)
    assert abs(smooth[20, 16] - smooth[20, 18]) < 0.15 and smooth[20, 20] - smooth[20, 19] > 0.4
    assert smooth[20, 25] > 0.99
    np.testing.assert_allclose(guided(guide, np.full((40, 40), 0.3), radius=5, eps=1e-4), 0.3, atol=1e-4)


def test_specks_go_and_a_pair_stays_a_pair():
    inside = np.zeros((100, 100), bool)
    inside[10:50, 10:40] = inside[10:50, 60:90] = True
    inside[90, 90] = True
    kept = without_specks(inside)
    assert kept.sum() == 2 * 40 * 30


def test_a_plain_background_may_be_lit_from_a_side_but_not_be_two_colours():
    lit = np.repeat(np.linspace(200, 250, 96)[None, :, None], 64, 0).repeat(3, 2).astype(np.uint8)
    assert plain_background(lit) is not None
    halves = np.full((64, 96, 3), 250, np.uint8)
    halves[:, 48:] = (60, 90, 20)
    assert plain_background(halves) is None


def test_every_id_becomes_a_file_name_of_its_own():
    ids = ["a/b", "a%2Fb", "a b", "A.b", "..", ".hidden", "ñandú", "x" * 400, "x" * 399 + "y", "-1"]
    names = [file_name(each, 0) for each in ids]
    assert len(set(names)) == len(names)
    assert all(len(name.encode()) <= 140 and "/" not in name and not name.startswith(".") for name in names)


@pytest.fixture
def shop(tmp_path: Path) -> Catalogue:
    products = [
        Product(
            id=f"p/{number}",
            titles=(Text("Red box", "en"),),
            category=("Things", "red"),
            pictures=(canonicalise(picture({"red": (20, 12, 60, 40 + number)})),),
        )
        for number in range(6)
    ]
    empty = Product(id="empty", titles=(Text("White on white"),), pictures=(canonicalise(picture({})),))
    return write_catalogue(tmp_path / "shop", [*products, empty, Product(id="no picture", titles=(Text("Text"),))])


@pytest.fixture
def colour_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every run holds the model that knows colours."""
    import torch

    class Known(KnowsColours, torch.nn.Module):
        inputs = None

        def __init__(self) -> None:
            torch.nn.Module.__init__(self)
            KnowsColours.__init__(self)

    monkeypatch.setattr(room, "locating", lambda run: Known())


def test_a_whole_catalogue_is_cut_out_once(shop: Catalogue, colour_run: None, tmp_path: Path):
    out = tmp_path / "cut"
    first = cutout("run", catalogue=shop.path, out=out)
    assert (first.plain, first.scenes, first.kept) == (6, 0, 0)
    assert sorted(each.name for each in out.iterdir()) == [f"p%2F{number}-0.png" for number in range(6)]
    assert first.left_out == ("empty, picture 0: nothing in it stands out from its background",)
    assert "1 left out" in first.text() and "6 pictures without background" in first.text()
    before = {each.name: each.stat().st_mtime_ns for each in out.iterdir()}
    again = cutout("run", catalogue=shop.path, out=out)
    assert (again.plain, again.kept) == (0, 6)
    assert {each.name: each.stat().st_mtime_ns for each in out.iterdir()} == before


def test_what_changed_or_was_damaged_is_made_anew(shop: Catalogue, colour_run: None, tmp_path: Path):
    out = tmp_path / "cut"
    cutout("run", catalogue=shop.path, out=out)
    spoilt = out / "p%2F3-0.png"
    spoilt.write_bytes(spoilt.read_bytes()[:200])
    write_catalogue(shop.path, [Product(id="p/1", pictures=(canonicalise(picture({"blue": BOX})),))])
    again = cutout("run", catalogue=shop.path, out=out)
    assert (again.plain, again.kept) == (2, 4)
    assert opened(spoilt.read_bytes()).shape == (64, 96, 4)
    assert cutout("run", catalogue=shop.path, out=out, margin=0.05).plain == 6


def test_a_file_of_somebody_else_is_never_overwritten_nor_removed(shop: Catalogue, colour_run: None, tmp_path: Path):
    out = tmp_path / "cut"
    out.mkdir()
    mine = {"p%2F2-0.png": picture({"red": BOX}), "p%2F3-0.png": b"no picture", "empty-0.png": b""}
    for name, content in mine.items():
        (out / name).write_bytes(content)
    found = cutout("run", catalogue=shop.path, out=out)
    assert found.plain == 4 and sum("is a file of yours" in each for each in found.left_out) == 3
    assert {name: (out / name).read_bytes() for name in mine} == mine


_KILLED = """
import os, signal, sys
sys.path[:0] = sys.argv[4:]
import torch
from pathlib import Path
from segmentation.colours import KnowsColours
from vitrina.catalogue import manifest
from vitrina.segmentation import cutout as room
class Known(KnowsColours, torch.nn.Module):
    inputs = None
    def __init__(self):
        torch.nn.Module.__init__(self)
        KnowsColours.__init__(self)
room.locating = lambda run: Known()
flush, seen = manifest.flush, []
def die(path):
    seen.append(path)
    if len(seen) == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
    flush(path)
manifest.flush = die
room.cutout("run", catalogue=Path(sys.argv[1]), out=Path(sys.argv[2]))
"""


def test_a_kill_while_writing_leaves_whole_pictures_and_the_next_run_goes_on(
    shop: Catalogue, colour_run: None, tmp_path: Path
):
    out = tmp_path / "cut"
    tests = str(Path(__file__).parents[1])
    arguments = [sys.executable, "-c", _KILLED, str(shop.path), str(out), "5", tests]
    killed = subprocess.run(arguments, check=False, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})
    assert killed.returncode == -signal.SIGKILL
    whole = [each for each in out.iterdir() if not each.name.startswith(".")]
    assert len(whole) == 2 and all(opened(each.read_bytes()).shape == (64, 96, 4) for each in whole)
    again = cutout("run", catalogue=shop.path, out=out)
    assert (again.plain, again.kept) == (4, 2)
    assert len([each for each in out.iterdir() if each.suffix == ".png" and each.name[0] != "."]) == 6
    assert not [each for each in out.iterdir() if each.name.startswith(".")]


def test_two_at_once_and_bad_settings_are_refused(shop: Catalogue, colour_run: None, tmp_path: Path):
    from vitrina.catalogue.writer_lock import take_lock

    with pytest.raises(ValueError, match="not a share from 0 to 1"):
        cutout("run", catalogue=shop.path, out=tmp_path / "cut", margin=2)
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="is a file"):
        cutout("run", catalogue=shop.path, out=tmp_path / "file")
    (tmp_path / "cut").mkdir()
    descriptor = take_lock(tmp_path / "cut" / ".vitrina-cutout.lock")
    assert descriptor is not None
    with pytest.raises(ValueError, match="another process"):
        cutout("run", catalogue=shop.path, out=tmp_path / "cut")
    os.close(descriptor)


def test_products_without_pictures_and_pictures_that_are_damaged_are_said_in_plain_words(
    colour_run: None, tmp_path: Path
):
    write_catalogue(tmp_path / "texts", [Product("t", titles=(Text("red mug"),))])
    assert "no product has a picture" in cutout("run", catalogue=tmp_path / "texts", out=tmp_path / "a").text()
    write_catalogue(tmp_path / "bad", [Product("b", pictures=(b"\xff\xd8\xff junk",))])
    (said,) = cutout("run", catalogue=tmp_path / "bad", out=tmp_path / "b", words=["red"]).left_out
    assert said == "b, picture 0: it cannot be read: its file is damaged, or no picture"
