"""Checkpoints are whole or not there."""

import errno
import json
from pathlib import Path

import pytest
import torch

from vitrina.training import checkpoints
from vitrina.training.checkpoints import Part, newest_good, set_aside_after, steps_in, verified, write_checkpoint
from vitrina.training.files import TrainingError


def parts(step: int) -> dict[str, Part]:
    weights = torch.full((3, 4), float(step)).T  # not contiguous
    return {
        "model": Part({"weight": weights}, {"recipe": "{}"}),
        "optimizer": Part({"step.weight": torch.tensor(float(step))}, {}),
    }


def write(folder: Path, *, step: int, keep: int = 3) -> Path:
    return write_checkpoint(folder, step=step, parts=parts(step).items(), state={"examples": 8 * step}, keep=keep)


def test_a_checkpoint_comes_back_verified(tmp_path):
    path = write(tmp_path, step=7)
    found = newest_good(tmp_path)
    assert found is not None
    assert (found.path, found.step, found.state["examples"]) == (path, 7, 56)
    assert found.has("model") and not found.has("ema")


def test_only_the_last_ones_are_kept(tmp_path):
    for step in (1, 2, 3, 4):
        write(tmp_path, step=step, keep=2)
    assert steps_in(tmp_path) == [3, 4]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["step-00000003", "step-00000004"]


def test_no_checkpoint_is_none(tmp_path):
    assert newest_good(tmp_path) is None
    assert newest_good(tmp_path / "missing") is None


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


@pytest.mark.parametrize(
    ("file", "damage", "words"),
    [
        ("model.safetensors", flip_a_bit, "model.safetensors is not what was written"),
        ("optimizer.safetensors", cut, "optimizer.safetensors is not what was written"),
        ("optimizer.safetensors", Path.unlink, "optimizer.safetensors is missing"),
        ("state.json", Path.unlink, "state.json cannot be read"),
        ("state.json", cut, "state.json cannot be read"),
        ("state.json", lambda path: path.write_text("[]"), "state.json cannot be read"),
    ],
)
def test_a_damaged_checkpoint_is_passed_over_in_words(tmp_path, caplog, file, damage, words):
    write(tmp_path, step=1)
    damage(write(tmp_path, step=2) / file)
    found = newest_good(tmp_path)
    assert found is not None and found.step == 1
    assert words in caplog.text and "using the one of step 1 instead" in caplog.text


def test_when_all_are_damaged_every_one_is_named(tmp_path):
    for step in (1, 2):
        flip_a_bit(write(tmp_path, step=step) / "model.safetensors")
    with pytest.raises(
        ValueError, match=r"step-00000002 is damaged.*step-00000001 is damaged.*no good checkpoint is left"
    ):
        newest_good(tmp_path)


def test_a_state_that_names_files_elsewhere_leads_nowhere(tmp_path):
    path = write(tmp_path / "checkpoints", step=1)
    outside = tmp_path / "secret.safetensors"
    outside.write_bytes((path / "model.safetensors").read_bytes())
    state = json.loads((path / "state.json").read_text())
    state["files"] = {"../../secret.safetensors": state["files"]["model.safetensors"]}
    (path / "state.json").write_text(json.dumps(state))
    with pytest.raises(ValueError, match="is missing"):
        verified(path)


def test_damaged_checkpoints_beyond_a_step_are_set_aside_not_lost(tmp_path):
    for step in (1, 2, 3):
        write(tmp_path, step=step)
    set_aside_after(tmp_path, step=1)
    assert steps_in(tmp_path) == [1]
    assert (tmp_path / "damaged-step-00000003" / "model.safetensors").exists()


@pytest.mark.parametrize("failing", ["write_tensors", "write_bytes", "sha256_of"])
def test_a_full_disk_stops_with_words_and_leaves_the_last_good_one(tmp_path, monkeypatch, failing):
    write(tmp_path, step=1)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoints, failing, full)
    with pytest.raises(
        TrainingError, match=r"step 2 could not be written.*No space left.*last good.* is that of step 1"
    ):
        write(tmp_path, step=2, keep=1)
    monkeypatch.undo()
    found = newest_good(tmp_path)
    assert found is not None and found.step == 1
    assert [each.name for each in tmp_path.iterdir()] == ["step-00000001"]


def test_what_a_killed_writer_left_is_swept_away(tmp_path):
    (tmp_path / ".writing-step-00000002").mkdir(parents=True)
    (tmp_path / ".writing-step-00000002" / "model.safetensors").write_bytes(b"half")
    (tmp_path / ".old-step-00000001").mkdir()
    write(tmp_path, step=2)
    assert [each.name for each in tmp_path.iterdir()] == ["step-00000002"]
