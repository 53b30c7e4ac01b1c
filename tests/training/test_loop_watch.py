"""A run that is watched: it ends early, all of it as if nobody had looked."""

import shutil

import pytest
import torch

from vitrina.training.checkpoints import steps_in
from vitrina.training.loop import resume, train
from vitrina.training.machine import Machine
from vitrina.training.run_folder import RunFolder
from vitrina.training.watch.looks import read_looks

from .little import assert_same_run, figures, final_state, little_clip, read_json

ONE = Machine(workers=1, device="cpu")
STILL = ("optim.lr=0", "watch.metric=loss", "watch.every=2", "watch.patience=1")
"""Nothing is learnt: the first look is the best, and the second is one too many."""


def test_a_run_that_no_longer_learns_is_finished_early_and_stays_so(tmp_path, catalogue, capfd):
    run = tmp_path / "run"
    outcome = train(little_clip(*STILL), catalogues=[catalogue], run=run, machine=ONE)
    assert (outcome.step, outcome.steps, outcome.is_finished) == (4, 10, True)
    assert "is finished: its watch ended it after step 4 of 10" in capfd.readouterr().err
    assert steps_in(run / "checkpoints") == [4] and len(figures(run)) == 4
    assert RunFolder(run).is_finished
    again = resume(run, machine=ONE)
    assert (again.step, again.is_finished) == (4, True) and len(figures(run)) == 4
    assert len(read_json(run / "environment.json")["sessions"]) == 1
    with pytest.raises(ValueError, match="holds a finished run of 4 steps"):
        train(little_clip(), catalogues=[catalogue], run=run, machine=ONE)


def test_a_watched_run_learns_what_it_would_unwatched(tmp_path, catalogue, clip):
    recipe = little_clip("ema_decay=0.9", "watch.metric=loss", "watch.every=3")
    train(recipe, catalogues=[catalogue], run=tmp_path / "run", machine=ONE)
    assert_same_run(tmp_path / "run", clip)


def test_a_run_resumed_beyond_a_look_ends_where_it_would_have(tmp_path, catalogue):
    recipe = little_clip(*STILL, "checkpoint_every=3")
    train(recipe, catalogues=[catalogue], run=tmp_path / "run", machine=ONE)
    before = final_state(tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "checkpoints" / "step-00000004")
    assert not RunFolder(tmp_path / "run").is_finished
    assert resume(tmp_path / "run", machine=ONE).step == 4
    for file, tensors in final_state(tmp_path / "run").items():
        assert all(torch.equal(tensor, before[file][name]) for name, tensor in tensors.items())
    assert [look.step for look in read_looks(tmp_path / "run")] == [2, 4]


def test_what_cannot_be_watched_is_refused_before_a_run_is_made(tmp_path, catalogue):
    recipe = little_clip("watch.every=2", "watch.split=test")
    with pytest.raises(ValueError, match="test"):
        train(recipe, catalogues=[catalogue], run=tmp_path / "run", machine=ONE)
    assert not (tmp_path / "run").exists()


def test_recomputing_changes_no_bit(tmp_path, catalogue, clip):
    machine = Machine("cpu", workers=1, recompute=True)
    train(little_clip("ema_decay=0.9"), catalogues=[catalogue], run=tmp_path / "run", machine=machine)
    assert_same_run(tmp_path / "run", clip)


@pytest.mark.parametrize("wrong", [{"workers": -1}, {"micro_batches": 0}])
def test_a_machine_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Machine(**wrong)
