"""Records: what TensorBoard, W&B and trackio show of a run."""

import json
import logging
import sqlite3
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from vitrina.training.machine import RecordName
from vitrina.training.records import check_records, open_records, replay
from vitrina.training.records.records import figures_of
from vitrina.training.records.tensorboard import TensorBoardRecord
from vitrina.training.run_folder import RunFolder

from .recorded import new_run, png, row, wandb_rows, with_rows


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return new_run(tmp_path / "run", "codebook=/srv/somebody/codebook")


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WANDB_API_KEY", "WANDB_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WANDB_MODE", "offline")


def seen(folder: RunFolder) -> EventAccumulator:
    found = EventAccumulator(str(folder.path / "records" / "tensorboard"), size_guidance={"scalars": 0, "images": 0})
    return found.Reload()


def steps(found: EventAccumulator, tag: str) -> list[int]:
    return [event.step for event in found.Scalars(tag)]


def note(folder: RunFolder, name: RecordName, first: int, last: int, *, from_step: int | None = None) -> None:
    with open_records((name,), folder=folder, from_step=first - 1 if from_step is None else from_step) as records:
        for step in range(first, last + 1):
            records.note(row(step))


def test_a_row_gives_each_loss_beside_its_chance_and_once_more_for_its_domain():
    figures = figures_of(row(4, domain="fashion"))
    assert figures["itc/loss"] == figures["all/loss"] == figures["domain fashion/itc"] == 0.25
    assert figures["itc/chance"] == figures["domain fashion/itc chance"] == 2.0
    assert figures["step/lr"] == 4e-3 and figures["step/grad_norm"] == 0.5
    assert figures["speed/examples_per_second"] == 100 and figures["machine/memory_mb"] == 512
    assert not any("kind" in name or name.endswith("/step") for name in figures)


def test_what_is_no_number_is_left_out_of_a_record():
    odd: dict[str, Any] = row(1) | {
        "chance": {"itc": float("inf"), "mlm": 3.0},
        "lr": None,
        "is_odd": True,
        "word": "x",
    }
    assert {"itc/chance", "mlm/loss", "step/lr", "step/is_odd", "step/word"}.isdisjoint(figures_of(odd))


def test_tensorboard_reads_back_every_figure_picture_and_setting(folder: RunFolder):
    with open_records(("tensorboard",), folder=folder, from_step=0) as records:
        for step in (1, 2):
            records.note(row(step, domain="fashion"))
        records.look(2, metric="text_to_picture", value=0.4, base=0.01)
        records.picture(2, name="watch", png=png(9))
    found = seen(folder)
    assert [event.value for event in found.Scalars("itc/loss")] == [1.0, 0.5]
    assert {"itc/chance", "domain fashion/itc", "watch/text_to_picture", "watch/text_to_picture chance"} <= set(
        found.Tags()["scalars"]
    )
    (picture,) = found.Images("watch")
    assert picture.step == 2 and picture.encoded_image_string == png(9)
    assert "batch_rows" in str(found.Tensors("recipe/text_summary")[0])
    assert b"optim.lr" in found.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    layout = found.Tensors("custom_scalars__config__")[0].tensor_proto.string_val[0]
    assert b"itc/loss" in layout and b"itc/chance" in layout


def test_no_record_tells_the_folders_of_this_machine(folder: RunFolder):
    note(folder, "tensorboard", 1, 1)
    events = b"".join(path.read_bytes() for path in (folder.path / "records" / "tensorboard").glob("events*"))
    assert b"codebook" in events and b"/srv/somebody" not in events


def test_a_resumed_run_goes_on_in_tensorboard_without_a_step_twice(folder: RunFolder):
    note(folder, "tensorboard", 1, 7)
    with_rows(folder, 5)
    note(folder, "tensorboard", 6, 9)
    assert steps(seen(folder), "itc/loss") == list(range(1, 10))


def test_rows_beyond_the_step_that_is_resumed_are_cut(folder: RunFolder):
    note(folder, "tensorboard", 1, 7)
    with_rows(folder, 3)
    note(folder, "tensorboard", 4, 4)
    assert steps(seen(folder), "itc/loss") == [1, 2, 3, 4]


def test_a_record_that_is_asked_for_late_is_caught_up_with(folder: RunFolder):
    with_rows(folder, 8)
    note(folder, "tensorboard", 9, 9)
    found = seen(folder)
    assert steps(found, "itc/loss") == list(range(1, 10))
    assert steps(found, "watch/text_to_picture") == [4, 8]
    assert [event.encoded_image_string for event in found.Images("watch")] == [png(4), png(8)]


def test_what_a_killed_process_had_not_flushed_is_written_again_and_nothing_twice(folder: RunFolder):
    with_rows(folder, 6)
    record = TensorBoardRecord(folder, from_step=0)
    for step in range(1, 7):
        record.write(step, figures_of(row(step)))
    record._writer.flush()  # it lies in the file, but nobody noted how far it came
    note(folder, "tensorboard", 7, 8)
    assert steps(seen(folder), "itc/loss") == list(range(1, 9))


def test_replaying_twice_adds_nothing(folder: RunFolder):
    with_rows(folder, 5)
    first = replay(folder.path, to="tensorboard")
    assert "steps 1 to 5" in first and "tensorboard --logdir" in first
    assert "all 5 steps already" in replay(folder.path, to="tensorboard")
    assert steps(seen(folder), "itc/loss") == [1, 2, 3, 4, 5]


def test_a_run_without_rows_cannot_be_replayed(folder: RunFolder):
    with pytest.raises(ValueError, match="has no rows yet"):
        replay(folder.path, to="tensorboard")


def test_wandb_gets_every_step_once_under_one_id_without_login(folder: RunFolder, offline: None):
    with_rows(folder, 4)
    note(folder, "wandb", 5, 7)
    (folder.path / "metrics.jsonl").write_text("".join(json.dumps(row(step)) + "\n" for step in range(1, 7)))
    with open_records(("wandb",), folder=folder, from_step=6) as records:
        for step in (7, 8):
            records.note(row(step))
        records.look(8, metric="text_to_picture", value=0.4, base=0.01)
        records.picture(8, name="watch", png=png(9))
    rows = wandb_rows(folder)
    assert [each["_step"] for each in rows] == list(range(1, 9))
    assert rows[1]["itc/loss"] == 0.5 and rows[1]["itc/chance"] == 2.0
    assert rows[3]["watch/text_to_picture"] == 0.04 and rows[3]["watch/_type"] == "image-file"
    assert rows[7]["watch/text_to_picture"] == 0.4 and rows[7]["watch/width"] == 6
    assert len({path.name for path in folder.path.glob("records/wandb/offline-run-*/run-*.wandb")}) == 1


def test_wandb_online_without_a_login_warns_and_never_asks(
    folder: RunFolder, offline: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    import wandb

    monkeypatch.setenv("WANDB_MODE", "online")
    monkeypatch.setattr(type(wandb.api), "api_key", None)
    with open_records(("wandb",), folder=folder, from_step=0) as records:
        records.note(row(1))
    assert "wandb login" in caplog.text


class FakeTrackio:
    """trackio's functions that a record calls, on one table."""

    def __init__(self, folder: Path) -> None:
        self.table = sqlite3.connect(folder / "fake.db")
        self.table.execute("CREATE TABLE metrics (run TEXT, step INTEGER, content TEXT)")
        self.asked: list[dict[str, Any]] = []

    def modules(self, place: Path) -> dict[str, ModuleType]:
        trackio, utils = ModuleType("trackio"), ModuleType("trackio.utils")
        vars(trackio).update(
            init=self.init, finish=self.table.commit, Image=lambda picture: {"_type": "image", "size": picture.size}
        )
        vars(utils).update(TRACKIO_DIR=place)
        trackio.__spec__ = ModuleSpec("trackio", None)
        return {"trackio": trackio, "trackio.utils": utils}

    def init(self, **asked: Any) -> SimpleNamespace:
        self.asked.append(asked)
        return SimpleNamespace(log=self.log)

    def log(self, metrics: dict[str, Any], step: int) -> None:
        self.table.execute("INSERT INTO metrics VALUES (?, ?, ?)", (self.asked[-1]["name"], step, json.dumps(metrics)))


def test_trackio_gets_every_step_once_in_one_run(folder: RunFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    fake = FakeTrackio(tmp_path)
    for name, module in fake.modules(folder.path / "records" / "trackio").items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setenv("TRACKIO_DIR", "elsewhere")
    with_rows(folder, 4)
    note(folder, "trackio", 5, 7)
    note(folder, "trackio", 6, 8)
    rows = fake.table.execute("SELECT step, content FROM metrics ORDER BY rowid").fetchall()
    assert [step for step, _ in rows] == list(range(1, 9))
    assert json.loads(rows[3][1])["watch"] == {"_type": "image", "size": [6, 4]}
    assert {asked["name"] for asked in fake.asked} == {"run"} and fake.asked[0]["resume"] == "allow"
    assert fake.asked[0]["config"]["codebook"] == "codebook"


def test_trackio_bound_to_another_folder_is_refused_in_words(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    for name, module in FakeTrackio(tmp_path).modules(tmp_path / "other").items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setenv("TRACKIO_DIR", "elsewhere")
    with pytest.raises(ValueError, match="as long as this process lives"):
        replay(with_rows(folder, 1).path, to="trackio")


@pytest.mark.parametrize("name", ["tensorboard", "wandb", "trackio"])
def test_a_missing_package_is_told_before_anything_is_written(
    name: RecordName, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=rf"pip install 'vitrina\[{name}\]'"):
        check_records((name,))
    with pytest.raises(ImportError, match=name):
        open_records((name,), folder=folder, from_step=0)
    assert not (folder.path / "records").exists()


def test_a_record_that_fails_warns_once_and_the_others_go_on(
    folder: RunFolder, offline: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    with_rows(folder, 0)

    def full(*_: object) -> None:
        raise OSError("No space left on device")

    with open_records(("wandb", "tensorboard"), folder=folder, from_step=0) as records:
        records.note(row(1))
        monkeypatch.setattr(TensorBoardRecord, "_send", full)
        for step in (2, 3, 4):
            records.note(row(step))
    warnings = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert len(warnings) == 1 and "tensorboard failed" in warnings[0].getMessage()
    assert "No space left" in warnings[0].getMessage()
    assert [each["_step"] for each in wandb_rows(folder)] == [1, 2, 3, 4]


def test_two_processes_never_write_one_record(folder: RunFolder, caplog: pytest.LogCaptureFixture):
    with_rows(folder, 2)
    with open_records(("tensorboard",), folder=folder, from_step=0) as records:
        records.note(row(1))
        with pytest.raises(ValueError, match="another process writes the record tensorboard"):
            replay(folder.path, to="tensorboard")
    assert steps(seen(folder), "itc/loss") == [1]


def test_no_record_imports_no_foreign_package():
    code = "import sys, vitrina.training.records; print({'tensorboard', 'wandb', 'trackio'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
