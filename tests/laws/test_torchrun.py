"""Under the real `torchrun`: a rank that is killed takes nothing with it, and being asked to end saves first."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from training.little import figures, final_state, little_clip, shop

from vitrina.training.checkpoints import steps_in
from vitrina.training.loop import resume, train
from vitrina.training.machine import Machine

ONE = Machine(workers=1, device="cpu")
RANK = Path(__file__).parents[1] / "training" / "torchrun_rank.py"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that one process trained without a break."""
    place = tmp_path_factory.mktemp("torchrun")
    recipe = little_clip("steps=16", "keep=4", "optim.eps=1e-3", "ema_decay=0.9")
    train(recipe, catalogues=[shop(place)], run=place / "whole", machine=ONE)
    return place / "whole"


def begun(whole: Path, name: str) -> Path:
    """A copy of the run as it stood after its first five steps."""
    run = whole.parent / name
    shutil.copytree(whole, run)
    for step in steps_in(run / "checkpoints")[1:]:
        shutil.rmtree(run / "checkpoints" / f"step-{step:08d}")
    return run


def disturbed(run: Path, *, how: str, step: int, options: list[str]) -> subprocess.CompletedProcess[str]:
    """`torchrun ... vitrina resume RUN` with two ranks, disturbed in a step."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    return subprocess.run(
        [*torchrun, str(RANK), how, str(step), "resume", str(run), "--device", "cpu", *options],
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )


def assert_goes_on_to(whole: Path, run: Path) -> None:
    """One process finishes the run, and nothing but rounding tells it from one without a break."""
    assert resume(run, machine=ONE).is_finished
    for row, expected in zip(figures(run), figures(whole), strict=True):
        assert row.pop("chance") == expected.pop("chance")
        assert (row.pop("kind"), row.pop("domain")) == (expected.pop("kind"), expected.pop("domain"))
        assert row == pytest.approx(expected, rel=1e-4)
    for file, tensors in final_state(whole).items():
        for name, tensor in tensors.items():
            torch.testing.assert_close(final_state(run)[file][name], tensor, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("options", [[], ["--shard"]], ids=["copies", "shares"])
def test_a_rank_that_is_killed_stops_all_with_words_and_the_run_goes_on_exactly(whole, options):
    run = begun(whole, "-".join(["killed", *options]))
    ended = disturbed(run, how="kill", step=13, options=options)
    assert ended.returncode == 1
    assert (
        "vitrina: rank 0 stops because rank 1 ended without a word: killed, or out of memory. Nothing is lost but the "
        "steps since: the last good checkpoint is that of step 10. Go on by starting all ranks again with "
        f"`vitrina resume {run}`"
    ) in ended.stderr
    assert "Traceback" not in ended.stderr.partition("torch/distributed/elastic")[0]
    assert steps_in(run / "checkpoints") == [5, 10]
    assert_goes_on_to(whole, run)


def test_asking_torchrun_to_end_saves_the_step_that_is_under_way(whole):
    run = begun(whole, "asked")
    ended = disturbed(run, how="end", step=8, options=[])
    # Rank 1 was asked in its eighth step, and told the others at the next.
    assert steps_in(run / "checkpoints")[-1] in (8, 9)
    assert (
        f"{run} is saved at step {steps_in(run / 'checkpoints')[-1]} of 16; go on with: vitrina resume {run}"
        in ended.stderr
    )
    # `torchrun` itself ends as one that got a signal; it counts no rank among the failed.
    assert "exitcode" not in ended.stderr
    assert_goes_on_to(whole, run)
