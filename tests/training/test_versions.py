"""A run goes on with the version of the catalogue that it began with, whatever was written to it since."""

import shutil
from pathlib import Path

import pytest

from vitrina.catalogue.compact import compact
from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.remove import remove
from vitrina.catalogue.store import Catalogue, write_catalogue
from vitrina.training.checkpoints import steps_in
from vitrina.training.loop import resume, train
from vitrina.training.machine import Machine

from .little import figures, little_clip, picture, shop


def interrupted(folder: Path) -> Path:
    """A finished run and a copy of it as it stood at its first checkpoint, whose folder is returned."""
    train(little_clip(), catalogues=[shop(folder)], run=folder / "whole", machine=Machine(workers=0, device="cpu"))
    shutil.copytree(folder / "whole", folder / "run")
    for step in steps_in(folder / "run" / "checkpoints")[1:]:
        shutil.rmtree(folder / "run" / "checkpoints" / f"step-{step:08d}")
    return folder / "run"


def test_a_run_goes_on_with_what_it_began_with_though_the_catalogue_moved_on(tmp_path: Path) -> None:
    run = interrupted(tmp_path)
    began = Catalogue.open(tmp_path / "shop").digest
    write_catalogue(tmp_path / "shop", [Product(id="new", titles=(Text("new mug"),), pictures=(picture(1),))])
    remove(tmp_path / "shop", ids=["0", "1"])
    assert Catalogue.open(tmp_path / "shop").digest != began
    assert resume(run, machine=Machine(device="cpu")).is_finished
    assert figures(run) == figures(tmp_path / "whole")


def test_after_a_compaction_a_run_says_that_its_version_is_gone(tmp_path: Path) -> None:
    run = interrupted(tmp_path)
    write_catalogue(tmp_path / "shop", [Product(id="new", titles=(Text("new mug"),), pictures=(picture(1),))])
    compact(tmp_path / "shop")
    words = r"\(56 products then, 57 now\).*was compacted away on \d{4}-\d\d-\d\d.*start a new run"
    with pytest.raises(ValueError, match=words):
        resume(run, machine=Machine(device="cpu"))
    assert steps_in(run / "checkpoints") == [5]


def test_a_compaction_alone_changes_nothing_for_a_run(tmp_path: Path) -> None:
    run = interrupted(tmp_path)
    write_catalogue(tmp_path / "shop", [Product(id="new", titles=(Text("new mug"),))])
    remove(tmp_path / "shop", ids=["new"])
    compact(tmp_path / "shop")
    assert resume(run, machine=Machine(device="cpu")).is_finished
    assert figures(run) == figures(tmp_path / "whole")
