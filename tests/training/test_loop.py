"""What a run writes, and how it ends when it cannot go on."""

import errno
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from vitrina.data.batch import Batch
from vitrina.models.clip import Clip
from vitrina.objectives.sums import Sum
from vitrina.training import checkpoints, optimiser
from vitrina.training.checkpoints import newest_good, steps_in
from vitrina.training.files import TrainingError
from vitrina.training.loop import resume, train
from vitrina.training.machine import Machine
from vitrina.training.run_folder import TIMING, read_metrics

from .little import assert_same_run, figures, final_state, little_clip, little_flava, read_json

Forward = Callable[[Clip, Batch], dict[str, Sum]]


def from_step(monkeypatch: pytest.MonkeyPatch, step: int, change: Callable[[dict[str, Sum]], dict[str, Sum]]) -> None:
    """Change the losses of every forward pass from the `step`th on."""
    forward: Forward = Clip.forward
    calls = [0]

    def changed(self: Clip, batch: Batch) -> dict[str, Sum]:
        calls[0] += 1
        losses = forward(self, batch)
        return change(losses) if calls[0] >= step else losses

    monkeypatch.setattr(Clip, "forward", changed)


def times(factor: float) -> Callable[[dict[str, Sum]], dict[str, Sum]]:
    return lambda losses: {name: Sum(each.value * factor, each.count, each.chance) for name, each in losses.items()}


def test_a_row_tells_the_whole_step(tmp_path, catalogue):
    train(
        little_flava("weights.itc=0.5"),
        catalogues=[catalogue],
        run=tmp_path / "run",
        machine=Machine(workers=1, device="cpu"),
    )
    rows = read_metrics(tmp_path / "run" / "metrics.jsonl")
    assert [row["step"] for row in rows] == list(range(1, 11))
    assert [row["examples"] for row in rows] == [8 * step for step in range(1, 11)]
    pair = next(row for row in rows if row["kind"] == "pair")
    assert pair["loss"] == pytest.approx(pair["mmm_text"] + pair["itm"] + 0.5 * pair["itc"])
    assert pair["chance"].keys() == {"mmm_text", "itm", "itc"}
    text = next(row for row in rows if row["kind"] == "text")
    assert text["loss"] == text["mlm"]
    told = {"step", "kind", "domain", "loss", "mlm", "chance", "lr", "grad_norm", "examples"}
    assert text.keys() == told | TIMING
    assert text["domain"] is None and text["memory_mb"] > 50
    assert text["examples_per_second"] == pytest.approx(8 / text["seconds"])
    assert rows[2]["lr"] == 1e-3 and rows[0]["lr"] == pytest.approx(1e-3 / 3)


def test_the_same_recipe_trains_the_same_and_another_seed_does_not(tmp_path, catalogue, clip):
    recipe = little_clip("ema_decay=0.9")
    train(recipe, catalogues=[catalogue], run=tmp_path / "same", machine=Machine(workers=3, device="cpu"))
    assert_same_run(tmp_path / "same", clip)
    other = little_clip("ema_decay=0.9", "seed=1")
    train(other, catalogues=[catalogue], run=tmp_path / "other", machine=Machine(workers=3, device="cpu"))
    assert figures(tmp_path / "other") != figures(clip)


def test_the_loss_falls(tmp_path, catalogue):
    recipe = little_clip("steps=60", "checkpoint_every=60", "optim.lr=5e-3", "batch_rows=16")
    train(recipe, catalogues=[catalogue], run=tmp_path / "run", machine=Machine(workers=1, device="cpu"))
    rows = read_metrics(tmp_path / "run" / "metrics.jsonl")
    assert sum(row["itc"] for row in rows[-5:]) < 0.7 * sum(row["itc"] for row in rows[:5])


def test_what_a_model_draws_at_random_is_the_same_when_resumed(tmp_path, catalogue, monkeypatch):
    def noisy(losses: dict[str, Sum]) -> dict[str, Sum]:
        return times(1 + float(torch.rand(())))(losses)

    from_step(monkeypatch, 1, noisy)
    recipe = little_clip()
    train(recipe, catalogues=[catalogue], run=tmp_path / "whole", machine=Machine(workers=1, device="cpu"))
    stop_in(monkeypatch, 4)
    train(recipe, catalogues=[catalogue], run=tmp_path / "parted", machine=Machine(workers=1, device="cpu"))
    assert steps_in(tmp_path / "parted" / "checkpoints") == [4]
    torch.rand(17)
    resume(tmp_path / "parted", machine=Machine(workers=1, device="cpu"))
    assert_same_run(tmp_path / "parted", tmp_path / "whole")


def stop_in(monkeypatch: pytest.MonkeyPatch, step: int, *, times: int = 1) -> None:
    """Send SIGTERM in a step."""
    original = optimiser.Optimiser.step

    def asked(self: optimiser.Optimiser, number: int) -> float:
        if number + 1 == step:
            for _ in range(times):
                os.kill(os.getpid(), signal.SIGTERM)
        return original(self, number)

    monkeypatch.setattr(optimiser.Optimiser, "step", asked)


def test_stopping_says_how_to_go_on(tmp_path, catalogue, monkeypatch, capfd):
    stop_in(monkeypatch, 4)
    outcome = train(
        little_clip(), catalogues=[catalogue], run=tmp_path / "run", machine=Machine(workers=1, device="cpu")
    )
    assert (outcome.step, outcome.steps, outcome.is_finished) == (4, 10, False)
    assert f"saved at step 4 of 10; go on with: vitrina resume {tmp_path / 'run'}" in capfd.readouterr().err


def test_asking_twice_stops_at_once(tmp_path, catalogue, monkeypatch):
    before = signal.getsignal(signal.SIGTERM)
    stop_in(monkeypatch, 7, times=2)
    with pytest.raises(KeyboardInterrupt):
        train(
            little_clip(),
            catalogues=[catalogue],
            run=tmp_path / "run",
            machine=Machine(workers=1, device="cpu"),
        )
    assert steps_in(tmp_path / "run" / "checkpoints") == [5]
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize("factor", [float("nan"), float("inf"), 1e38])
def test_a_loss_that_is_no_number_stops_with_words_and_saves_nothing(tmp_path, catalogue, monkeypatch, factor):
    from_step(monkeypatch, 8, times(factor))
    with pytest.raises(
        TrainingError,
        match=r"step 8 \(pair batch\) is not finite: itc (nan|inf|\d\.\d+e\+38), gradient norm .* rows.*\(2, \d+, \d+\)"
        r".*last good checkpoint is that of step 5.*optim\.lr",
    ):
        train(
            little_clip(),
            catalogues=[catalogue],
            run=tmp_path / "run",
            machine=Machine(workers=1, device="cpu"),
        )
    assert [row["step"] for row in figures(tmp_path / "run")] == list(range(1, 8))
    found = newest_good(tmp_path / "run" / "checkpoints")
    assert found is not None and found.step == 5
    assert all(each.isfinite().all() for part in final_state(tmp_path / "run").values() for each in part.values())


def test_weights_that_are_no_numbers_are_never_saved(tmp_path, catalogue, monkeypatch):
    original = optimiser.Optimiser.step

    def spoil(self: optimiser.Optimiser, number: int) -> float:
        lr = original(self, number)
        if number + 1 == 10:
            with torch.no_grad():
                next(iter(self._named.values())).fill_(float("nan"))
        return lr

    monkeypatch.setattr(optimiser.Optimiser, "step", spoil)
    with pytest.raises(TrainingError, match=r"after step 10, .* \(model\) holds values that are not finite"):
        train(
            little_clip(),
            catalogues=[catalogue],
            run=tmp_path / "run",
            machine=Machine(workers=1, device="cpu"),
        )
    assert steps_in(tmp_path / "run" / "checkpoints") == [5]


def test_a_full_disk_stops_with_words_and_the_run_goes_on_when_there_is_room(tmp_path, catalogue, monkeypatch, clip):
    write = checkpoints.write_tensors
    calls = [0]

    def full(path: Path, *, tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> None:
        calls[0] += 1
        if calls[0] == 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, tensors=tensors, metadata=metadata)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "write_tensors", full)
        with pytest.raises(TrainingError, match=r"step 10 could not be written.*No space left.*that of step 5.*resume"):
            train(
                little_clip("ema_decay=0.9"),
                catalogues=[catalogue],
                run=tmp_path / "run",
                machine=Machine(workers=1, device="cpu"),
            )
    resume(tmp_path / "run", machine=Machine(workers=1, device="cpu"))
    assert_same_run(tmp_path / "run", clip)


def test_a_damaged_checkpoint_costs_its_steps_and_nothing_else(tmp_path, clip, caplog):
    run = tmp_path / "run"
    shutil.copytree(clip, run)
    (run / "checkpoints" / "step-00000010" / "ema.safetensors").write_bytes(b"lost")
    assert resume(run, machine=Machine(workers=1, device="cpu")).is_finished
    assert "ema.safetensors is not what was written; using the one of step 5 instead" in caplog.text
    assert_same_run(run, clip)
    assert (run / "checkpoints" / "damaged-step-00000010").is_dir()
    assert [each["from_step"] for each in read_json(run / "environment.json")["sessions"]] == [0, 5]


def test_a_finished_run_is_left_as_it_is(tmp_path, catalogue, clip, capfd):
    before = sorted((path, path.stat().st_mtime_ns) for path in clip.rglob("*") if path.name != ".lock")
    assert resume(clip).is_finished
    assert "is finished: 10 steps" in capfd.readouterr().err
    with pytest.raises(ValueError, match="holds a finished run of 10 steps; choose another --run"):
        train(little_clip(), catalogues=[catalogue], run=clip)
    assert sorted((path, path.stat().st_mtime_ns) for path in clip.rglob("*") if path.name != ".lock") == before


def test_bf16_trains_and_keeps_its_weights_in_fp32(tmp_path, catalogue):
    recipe = little_clip("precision=bf16", "steps=4")
    train(recipe, catalogues=[catalogue], run=tmp_path / "run", machine=Machine(workers=1, device="cpu"))
    kinds = {each.dtype for each in final_state(tmp_path / "run")["model"].values()}
    assert kinds == {torch.float32}


def test_a_loss_that_the_recipe_does_not_weigh_is_named(tmp_path, catalogue, monkeypatch):
    from_step(monkeypatch, 1, lambda losses: losses | {"extra": losses["itc"]})
    with pytest.raises(ValueError, match=r"a loss 'extra' and the recipe no weights\.extra"):
        train(
            little_clip(),
            catalogues=[catalogue],
            run=tmp_path / "run",
            machine=Machine(workers=1, device="cpu"),
        )


def test_a_device_that_is_not_there_is_refused(tmp_path, catalogue):
    with pytest.raises(ValueError, match='choose "cpu" or "cuda"'):
        train(little_clip(), catalogues=[catalogue], run=tmp_path / "run", machine=Machine(device="tpu"))
    assert not (tmp_path / "run").exists()
