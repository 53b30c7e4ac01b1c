"""Image codes are those of the pixels that the loader yields, computed once, and survive whatever interrupts them."""

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from vitrina.data import codes as module
from vitrina.data.builder import Negatives
from vitrina.data.codes import Codes, compute_codes
from vitrina.data.corruption import Corruption
from vitrina.data.inputs import Inputs
from vitrina.data.loader import Loader
from vitrina.data.mixture import Mixture
from vitrina.data.pictures import Augment, PictureGeometry, decode, fixed_views
from vitrina.data.planning import plan_run
from vitrina.data.sources import find_sources
from vitrina.data.stock import Stock

from . import shop

GEOMETRY = PictureGeometry(size_px=16)
VIEWS = Augment(views=3)
STILL = Augment(flip=False, shift_share=0, scale_share=0, aspect_share=0)


@dataclass
class Mean:
    """Codes are the mean grey of each quarter of a picture: different for different pixels."""

    code_count: int = 256
    digest: str = "mean"
    seen: int = 0
    before: Callable[[int], None] = field(default=lambda seen: None)

    def tokenise(self, pixels: Tensor) -> Tensor:
        self.before(self.seen)
        self.seen += len(pixels)
        quarters = torch.nn.functional.adaptive_avg_pool2d(pixels.float().mean(dim=1), 2)
        return quarters.round().long().flatten(1)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_VIEWS_AT_ONCE", 8)


def compute(stock: Stock, folder: Path, **changes) -> Codes:
    given = {"rows": np.arange(40), "codebook": Mean(), "geometry": GEOMETRY, "augment": VIEWS, "seed": 7} | changes
    return compute_codes(stock, given.pop("rows"), folder=folder, **given)


def every(stock: Stock) -> np.ndarray:
    """(row, picture, view) of rows 0 to 39."""
    counts = stock.facts()["picture_count"].to_pylist()
    return np.array([(row, picture, view) for row in range(40) for picture in range(counts[row]) for view in range(3)])


def look(codes: Codes, keys: np.ndarray) -> np.ndarray:
    return codes.lookup(keys[:, 0], pictures=keys[:, 1], views=keys[:, 2])


def file_of(codes: Codes) -> bytes:
    return (codes.folder / "codes.bin").read_bytes()


def test_every_view_of_every_picture_has_the_codes_of_its_pixels(stock, tmp_path):
    codes = compute(stock, tmp_path)
    keys = every(stock)
    products = stock.read(keys[:, 0])
    views = fixed_views(VIEWS, keys, seed=7)
    pixels = [
        decode(product.pictures[picture], geometry=GEOMETRY, view=view)
        for product, picture, view in zip(products, keys[:, 1], views, strict=True)
    ]
    expected = Mean().tokenise(torch.from_numpy(np.stack(pixels))).numpy()
    assert len(codes) == len(keys) == 50 * 3
    assert np.array_equal(look(codes, keys), expected)
    order = np.random.default_rng(0).permutation(len(keys))
    assert np.array_equal(look(codes, keys[order]), expected[order])
    assert look(codes, keys).dtype == np.int64
    assert len(np.unique(expected, axis=0)) > 100


def test_the_loader_finds_the_codes_of_the_pixels_that_it_yields(stock, inputs: Inputs, tmp_path):
    sources = {kind: source for kind, source in find_sources(stock).items() if kind != "text"}
    rows = np.unique(np.concatenate([source.rows for source in sources.values()]))
    codes = compute(stock, tmp_path, rows=rows)
    plan = plan_run(stock, sources, mixture=Mixture(text=0), batch_rows=8, seed=7, total_steps=30)
    loader = Loader(
        stock,
        sources,
        plan,
        inputs,
        negatives=Negatives(),
        augment=VIEWS,
        corruption=Corruption(itm_negative_share=0),
        grid=2,
        codes=codes,
        workers=0,
    )
    kinds = set()
    for batch in loader.batches(0, 20):
        kinds.add(type(batch).__name__)
        assert torch.equal(batch.picture.codes, Mean().tokenise(batch.picture.pixels[: len(batch.picture.codes)]))
    assert kinds == {"ImageBatch", "PairBatch"}


def test_a_second_call_computes_nothing(stock, tmp_path):
    first = compute(stock, tmp_path)
    unused = Mean()
    again = compute(stock, tmp_path, codebook=unused)
    assert unused.seen == 0
    assert np.array_equal(look(again, every(stock)), look(first, every(stock)))
    assert sorted(path.name for path in first.folder.iterdir()) == ["codes.bin", "codes.json", "lock"]


class PulledPlugError(Exception):
    pass


def pull_plug_after(count: int) -> Callable[[int], None]:
    def before(seen: int) -> None:
        if seen > count:
            raise PulledPlugError

    return before


@pytest.mark.parametrize("torn", [b"", b"\x01", b"\x01" * 1000])
def test_an_interrupted_computation_goes_on_where_it_stood(stock, tmp_path, torn):
    """`torn` is what reached the file beyond the last chunk that was counted."""
    whole = compute(stock, tmp_path / "whole")
    with pytest.raises(PulledPlugError):
        compute(stock, tmp_path / "torn", codebook=Mean(before=pull_plug_after(70)))
    (place,) = (tmp_path / "torn").iterdir()
    assert not (place / "codes.bin").exists()
    with (place / "codes.partial").open("ab") as file:
        file.write(torn)
    rest = Mean()
    again = compute(stock, tmp_path / "torn", codebook=rest)
    assert file_of(again) == file_of(whole)
    assert rest.seen < 90


def test_a_file_shorter_than_what_was_counted_is_begun_again(stock, tmp_path):
    whole = compute(stock, tmp_path / "whole")
    with pytest.raises(PulledPlugError):
        compute(stock, tmp_path / "torn", codebook=Mean(before=pull_plug_after(70)))
    (place,) = (tmp_path / "torn").iterdir()
    os.truncate(place / "codes.partial", 3)
    assert file_of(compute(stock, tmp_path / "torn")) == file_of(whole)


KILLED = """
import os, signal, sys
from pathlib import Path
import data.test_codes as here
from vitrina.catalogue.store import Catalogue
from vitrina.data.stock import Stock

def die(seen):
    if seen > 70:
        os.kill(os.getpid(), signal.SIGKILL)

here.module._VIEWS_AT_ONCE = 8
here.compute(Stock([Catalogue.open(sys.argv[1])]), Path(sys.argv[2]), codebook=here.Mean(before=die))
"""


def test_a_kill_costs_only_what_was_not_yet_counted(stock, tmp_path):
    catalogue = stock.catalogues[0].path
    command = [sys.executable, "-c", KILLED, str(catalogue), str(tmp_path / "killed")]
    tests = Path(__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": f"{tests}{os.pathsep}{tests.parent}"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    rest = Mean()
    again = compute(stock, tmp_path / "killed", codebook=rest)
    assert rest.seen < 90
    assert file_of(again) == file_of(compute(stock, tmp_path / "whole"))


def test_a_file_that_was_damaged_later_is_computed_again(stock, tmp_path, caplog):
    good = compute(stock, tmp_path)
    expected = look(good, every(stock))
    content = bytearray(file_of(good))
    content[5] ^= 0xFF
    (good.folder / "codes.bin").write_bytes(bytes(content))
    with caplog.at_level(logging.WARNING):
        again = compute(stock, tmp_path)
    assert np.array_equal(look(again, every(stock)), expected)
    assert "damaged" in caplog.text


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 8},
        {"codebook": Mean(digest="another")},
        {"geometry": PictureGeometry(size_px=8)},
        {"geometry": PictureGeometry(size_px=16, fit="crop")},
        {"augment": replace(VIEWS, views=2)},
        {"augment": replace(VIEWS, shift_share=0.2)},
        {"rows": np.arange(39)},
    ],
)
def test_what_decides_codes_decides_where_they_are_kept(stock, tmp_path, changes):
    assert compute(stock, tmp_path, **changes).folder != compute(stock, tmp_path).folder


def test_what_comes_after_the_codes_does_not_decide_them(stock, tmp_path):
    first = compute(stock, tmp_path)
    unused = Mean()
    other = replace(GEOMETRY, mean=(0.5, 0.5, 0.5), std=(1.0, 1.0, 1.0))
    again = compute(stock, tmp_path, codebook=unused, geometry=other, augment=replace(VIEWS, erase_share=0.5))
    assert again.folder == first.folder and unused.seen == 0


def test_the_number_of_threads_changes_nothing(stock, tmp_path):
    files = {file_of(compute(stock, tmp_path / str(workers), workers=workers)) for workers in (1, 2, 5)}
    assert len(files) == 1


def test_pictures_that_do_not_move_have_one_view_whatever_its_number(stock, tmp_path):
    one = compute(stock, tmp_path, augment=STILL)
    three = compute(stock, tmp_path, augment=replace(STILL, views=3))
    assert one.folder == three.folder and len(one) == 50
    rows, pictures = np.array([4, 4]), np.array([1, 1])
    both = three.lookup(rows, pictures=pictures, views=np.array([0, 2]))
    assert np.array_equal(both[0], both[1])
    with pytest.raises(ValueError, match="view 2"):
        one.lookup(rows, pictures=pictures, views=np.array([0, 2]))


def test_codes_of_fresh_views_are_refused_with_a_mend(stock, tmp_path):
    with pytest.raises(ValueError, match=r"set augment\.views"):
        compute(stock, tmp_path, augment=Augment(views=None))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("key", "word"),
    [
        ((40, 0, 0), "stock row 40"),
        ((10_000, 0, 0), "stock row 10000"),
        ((-1, 0, 0), "stock row -1"),
        ((1, 1, 0), "picture 1"),
        ((0, 2, 0), "picture 2"),
        ((0, 0, 3), "view 3"),
        ((0, -1, 0), "picture -1"),
    ],
)
def test_what_has_no_codes_is_named(stock, tmp_path, key, word):
    codes = compute(stock, tmp_path)
    with pytest.raises(ValueError, match=word):
        look(codes, np.array([(3, 0, 0), key]))


def test_a_picture_that_cannot_be_read_has_no_codes_and_spoils_no_other(tmp_path, caplog):
    broken = shop.product(1, pictures=3)
    broken = replace(broken, pictures=(broken.pictures[0], b"\xff\xd8 no picture", broken.pictures[2]))
    stock = shop.stock_of(tmp_path, [shop.product(0), broken, shop.product(2)])
    with caplog.at_level(logging.WARNING):
        codes = compute(stock, tmp_path / "codes", rows=np.arange(3))
    assert caplog.text.count("cannot be read") == 1 and "p1" in caplog.text
    keys = np.array([(0, 0, 0), (1, 0, 1), (1, 2, 2), (2, 0, 0)])
    assert look(codes, keys).max() < 256
    with pytest.raises(ValueError, match="mend or remove"):
        look(codes, np.array([(0, 0, 0), (1, 1, 0)]))


@pytest.mark.parametrize(("code_count", "bytes_each"), [(1000, 2), (2**16 - 1, 2), (2**16, 4), (2**20, 4)])
def test_codes_take_as_many_bytes_as_they_need(stock, tmp_path, code_count, bytes_each):
    codes = compute(stock, tmp_path, codebook=Mean(code_count=code_count, digest=str(code_count)))
    assert len(file_of(codes)) == 50 * 3 * 4 * bytes_each
    assert np.array_equal(look(codes, every(stock)), look(compute(stock, tmp_path), every(stock)))


def test_rows_without_pictures_and_no_rows_at_all_are_no_trouble(stock, tmp_path):
    bare = np.arange(38, 66)  # two pairs, then texts alone, then pictures alone
    codes = compute(stock, tmp_path, rows=bare)
    assert len(codes) == 3 * int(np.sum(stock.facts()["picture_count"].to_numpy()[bare]))
    assert codes.lookup(np.array([65, 38]), pictures=np.zeros(2), views=np.zeros(2)).shape == (2, 4)
    none = compute(stock, tmp_path, rows=np.array([], dtype=np.int64))
    assert len(none) == 0 and none.patches == 4


def test_what_is_kept_says_what_it_was_made_of(stock, tmp_path):
    manifest = json.loads((compute(stock, tmp_path).folder / "codes.json").read_text())
    assert manifest["patches"] == 4
    assert manifest["key"]["stock"] == stock.digest and manifest["key"]["codebook"] == "mean"
