"""The folder of a run: what may stand where, who may write, what a row survives."""

import json
from pathlib import Path

import pytest

from vitrina.training.files import TrainingError
from vitrina.training.run_folder import (
    CatalogueRecord,
    DataRecord,
    Metrics,
    RunFolder,
    create_run,
    locked,
    read_metrics,
    refuse_taken,
)

from .little import little_clip

DATA = DataRecord((CatalogueRecord("/shop", "abc", 3),), plan="def", sources={"pair": 3}, codebook=None)


def made(path: Path, *settings: str) -> RunFolder:
    path.mkdir(parents=True, exist_ok=True)
    return create_run(path, recipe=little_clip(*settings), data=DATA, tokenizer=None)


def row(step: int) -> dict[str, object]:
    return {"step": step, "loss": 0.1 * step}


def test_a_run_reads_back_what_it_was_made_of(tmp_path):
    made(tmp_path / "run", "steps=3")
    again = RunFolder(tmp_path / "run")
    assert again.recipe == little_clip("steps=3")
    assert again.data() == DATA
    assert again.tokenizer() is None
    assert again.last_step == 0


@pytest.mark.parametrize(("make", "words"), [(Path.mkdir, "it has no recipe.json"), (Path.resolve, "no such folder")])
def test_what_is_no_run_is_said_to_be_none(tmp_path, make, words):
    make(tmp_path / "x")
    with pytest.raises(ValueError, match=f"x is not a run.*{words}"):
        RunFolder(tmp_path / "x")


def test_a_run_in_the_way_is_named_with_how_to_go_on(tmp_path):
    folder = made(tmp_path / "run")
    with pytest.raises(
        ValueError, match=r"at step 0 of 10; go on with it by `vitrina resume .*run`, or choose another"
    ):
        refuse_taken(tmp_path / "run")
    (folder.checkpoints / "step-00000010").mkdir(parents=True)
    with pytest.raises(ValueError, match="holds a finished run of 10 steps; choose another --run"):
        refuse_taken(tmp_path / "run")


def test_other_peoples_files_are_never_trained_into(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(ValueError, match=r"holds other things \(thesis\.tex\); choose another --run"):
        refuse_taken(tmp_path)
    with pytest.raises(ValueError, match="is a file"):
        refuse_taken(tmp_path / "thesis.tex")


def test_an_empty_folder_and_what_a_killed_beginning_left_can_be_trained_into(tmp_path):
    refuse_taken(tmp_path)
    refuse_taken(tmp_path / "new")
    for name in (".lock", "tokenizer.json", "data.json", ".writing-recipe.json"):
        (tmp_path / name).touch()
    refuse_taken(tmp_path)


def test_two_trainers_never_share_a_run(tmp_path):
    with locked(tmp_path), pytest.raises(ValueError, match=r"another process \(process \d+\) trains"), locked(tmp_path):
        raise AssertionError("two hold the lock")
    with locked(tmp_path):
        pass


def test_a_damaged_record_of_the_data_is_said_to_be_damaged(tmp_path):
    folder = made(tmp_path / "run")
    (tmp_path / "run" / "data.json").write_text("{}")
    with pytest.raises(ValueError, match=r"data\.json is damaged"):
        folder.data()


def test_every_session_is_noted_and_another_machine_is_said(tmp_path, caplog):
    folder = made(tmp_path / "run")
    folder.add_session({"from_step": 0, "threads": 2})
    folder.add_session({"from_step": 5, "threads": 2})
    assert not caplog.records
    folder.add_session({"from_step": 7, "threads": 1})
    assert "another threads (1, before 2)" in caplog.text
    content = json.loads((tmp_path / "run" / "environment.json").read_text())
    assert [each["from_step"] for each in content["sessions"]] == [0, 5, 7]


def test_rows_are_whole_numbers_at_full_precision(tmp_path):
    metrics = Metrics(tmp_path / "metrics.jsonl", step=0)
    metrics.append({"step": 1, "loss": 1 / 3})
    metrics.close()
    assert read_metrics(tmp_path / "metrics.jsonl") == [{"step": 1, "loss": 1 / 3}]


@pytest.mark.parametrize("tail", ["", '{"step": 6, "lo', '{"step": 6}\nrubbish\n{"step": 7}\n', "[1]\n", '"x"\n', "\n"])
def test_what_follows_the_checkpoint_is_cut_off_whole_or_torn(tmp_path, tail):
    path = tmp_path / "metrics.jsonl"
    lines = "".join(json.dumps(row(step)) + "\n" for step in range(1, 6))
    path.write_text(lines + tail, encoding="utf-8")
    metrics = Metrics(path, step=4)
    metrics.append(row(5))
    metrics.close()
    assert path.read_text(encoding="utf-8") == lines


def test_missing_rows_are_said_to_be_missing(tmp_path, caplog):
    path = tmp_path / "metrics.jsonl"
    path.write_text(json.dumps(row(1)) + "\n", encoding="utf-8")
    Metrics(path, step=4).close()
    assert "lacks the rows after step 1" in caplog.text


def test_a_full_disk_is_told_with_the_step_that_was_not_recorded(tmp_path):
    metrics = Metrics(tmp_path / "metrics.jsonl", step=0)
    with Path("/dev/full").open("ab", buffering=0) as full:  # every write there finds the disk full
        metrics._file = full
        with pytest.raises(TrainingError, match=r"step 3 could not be recorded.*No space left"):
            metrics.append(row(3))
