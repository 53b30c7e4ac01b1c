"""What comparing runs promises."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vitrina import recipes
from vitrina.evaluation.runs import Comparison, compare_runs
from vitrina.evaluation.runs_charts import Chart, Line, chart_svg, smoothed
from vitrina.evaluation.runs_read import POINTS, parameters, read_run
from vitrina.recipes.recipe import Recipe, with_settings
from vitrina.training.build import build
from vitrina.training.run_folder import locked

STEPS = 400


def recipe_of(*settings: str) -> Recipe:
    return with_settings(recipes.clip("tiny"), [f"steps={STEPS}", "batch_rows=64", *settings])


def row(step: int, **more: Any) -> dict[str, Any]:
    """A row of a run whose loss falls in a line from 4 to 2 over 400 steps."""
    loss = 4 - 2 * step / STEPS
    return {
        "step": step,
        "kind": "pair",
        "loss": loss,
        "itc": loss,
        "chance": {"itc": 4.16},
        "lr": 1e-3,
        "grad_norm": 1.5,
        "examples": 64 * step,
        "seconds": 0.5,
        "cpu_seconds": 0.9,
        "examples_per_second": 128.0,
        "memory_mb": 300.0 + step,
    } | more


def write_rows(run: Path, rows: Iterable[dict[str, Any]]) -> None:
    (run / "metrics.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")


def a_run(path: Path, *settings: str, steps: int = STEPS, checkpoint: int | None = None) -> Path:
    path.mkdir(parents=True)
    (path / "recipe.json").write_text(recipe_of(*settings).to_json(), encoding="utf-8")
    catalogue = {"path": "/shops/fashion", "digest": "0", "products": 1200}
    plain = {"catalogues": [catalogue], "plan": "0", "sources": {"pair": 1000}, "codebook": None}
    (path / "data.json").write_text(json.dumps(plain), encoding="utf-8")
    write_rows(path, (row(step) for step in range(1, steps + 1)))
    if checkpoint is not None:
        a_checkpoint(path, step=checkpoint)
    return path


def a_checkpoint(run: Path, *, step: int) -> None:
    folder = run / "checkpoints" / f"step-{step:08d}"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"12345678")
    files = {"model.safetensors": {"sha256": "", "bytes": 8}}
    (folder / "state.json").write_text(json.dumps({"step": step, "files": files}), encoding="utf-8")


def looks(run: Path, values: Iterable[float]) -> None:
    best, lines = -1.0, []
    for number, value in enumerate(values, start=1):
        plain = {"step": 50 * number, "metric": "text_to_picture", "value": value, "base": 0.01, "seconds": 1.0}
        lines.append(json.dumps(plain | {"is_best": value > best}) + "\n")
        best = max(best, value)
    (run / "watch.jsonl").write_text("".join(lines), encoding="utf-8")


def state(run: Path) -> str:
    return read_run(run, name="run").state


def test_a_folder_that_holds_runs_is_searched_and_a_broken_one_is_named_not_fatal(tmp_path: Path) -> None:
    a_run(tmp_path / "one")
    a_run(tmp_path / "deeper" / "two")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "recipe.json").write_text("{", encoding="utf-8")
    (tmp_path / "half" / "checkpoints").mkdir(parents=True)
    found = compare_runs([tmp_path], out=None)
    assert [run.name for run in found.runs] == ["deeper/two", "one"]
    assert {each.path.name for each in found.broken} == {"broken", "half"}
    text = " ".join(found.text().split())
    assert "is not JSON" in text and "it has no recipe.json" in text
    assert found.page == tmp_path / "runs.html"


def test_a_run_named_twice_is_shown_once(tmp_path: Path) -> None:
    run = a_run(tmp_path / "one")
    assert len(compare_runs([run, tmp_path], out=tmp_path / "page.html").runs) == 1


def test_where_there_is_no_run_the_user_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no run in"):
        compare_runs([tmp_path], out=None)
    with pytest.raises(ValueError, match="there is no folder"):
        compare_runs([tmp_path / "nowhere"], out=None)


def test_figures_are_sums_and_means_of_the_rows(tmp_path: Path) -> None:
    run = read_run(a_run(tmp_path / "one", steps=300), name="one")
    assert run.step == 300
    assert run.losses["itc"].value == pytest.approx(np.mean([4 - 2 * step / STEPS for step in range(201, 301)]))
    assert run.losses["itc"].chance == pytest.approx(4.16)
    assert run.cpu_hours == pytest.approx(300 * 0.9 / 3600)
    assert run.rows_per_second == pytest.approx(128.0) and run.memory_mb == 600.0
    assert (run.products, run.data) == (1200, "fashion")


def test_a_state_is_told_by_what_stands_in_the_folder(tmp_path: Path) -> None:
    assert state(a_run(tmp_path / "new", steps=0)) == "new"
    assert state(a_run(tmp_path / "stopped", steps=200, checkpoint=200)) == "stopped"
    assert state(a_run(tmp_path / "finished", checkpoint=STEPS)) == "finished"
    early = a_run(tmp_path / "early", "watch.every=50", "watch.patience=2", steps=200, checkpoint=200)
    looks(early, [0.1, 0.5, 0.4, 0.3])
    assert state(early) == "stopped early"
    damaged = a_run(tmp_path / "damaged", checkpoint=STEPS)
    (damaged / "checkpoints" / f"step-{STEPS:08d}" / "model.safetensors").write_bytes(b"1")
    assert state(damaged) == "damaged"
    assert "is damaged" in " ".join(read_run(damaged, name="damaged").notes)


def test_a_run_in_training_is_seen_and_its_lock_is_not_touched(tmp_path: Path) -> None:
    run = a_run(tmp_path / "one", steps=200)
    with locked(run):
        assert state(run) == "training"
    assert state(run) == "stopped"
    with locked(run):
        assert (run / ".lock").read_text(encoding="utf-8").startswith("process")


def test_the_best_look_is_shown(tmp_path: Path) -> None:
    looks(a_run(tmp_path / "one", "watch.every=50"), [0.1, 0.512, 0.4])
    found = compare_runs([tmp_path], out=None)
    best = found.runs[0].best
    assert best is not None and (best.step, best.value) == (100, 0.512)
    assert "51.2 %" in found.text()


def test_a_torn_last_row_is_no_damage_and_a_spoilt_one_is_told(tmp_path: Path) -> None:
    run = a_run(tmp_path / "one", steps=20)
    with (run / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"step": 21, "lo')
    assert read_run(run, name="one").notes == ()
    with (run / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write("ss\n[1]\n" + json.dumps(row(0)) + "\n" + json.dumps(row(22, itc=float("nan"))) + "\n")
    found = read_run(run, name="one")
    assert found.notes == ("metrics.jsonl has 4 rows that cannot be read",)
    assert np.isfinite(found.curves["itc"].values).all() and found.step == 20


def test_long_runs_are_thinned_and_keep_their_means(tmp_path: Path) -> None:
    run = a_run(tmp_path / "one", "steps=20000", steps=0)
    write_rows(run, (row(step, itc=float(step), chance={"itc": 4.16}) for step in range(1, 20001)))
    curve = read_run(run, name="one").curves["itc"]
    assert len(curve.values) == POINTS
    assert np.allclose(curve.values, curve.steps)
    assert curve.steps[0] == pytest.approx(42.5) and curve.steps[-1] == pytest.approx(19959)


def test_domains_have_their_own_losses(tmp_path: Path) -> None:
    run = a_run(tmp_path / "one", steps=0)
    rows = [row(step, domain=("fashion", "grocery")[step % 2], itc=float(step % 2)) for step in range(1, 41)]
    write_rows(run, rows)
    found = compare_runs([tmp_path], out=None)
    assert {domain: last["itc"].value for domain, last in found.runs[0].domains.items()} == {
        "fashion": 0.0,
        "grocery": 1.0,
    }
    assert "Last losses by domain" in found.text()
    assert found.page is not None and "Losses by domain" in found.page.read_text(encoding="utf-8")


def test_an_evaluation_in_the_folder_gives_its_headline(tmp_path: Path) -> None:
    run = a_run(tmp_path / "one")
    metrics = [{"name": "R@1", "value": 0.2, "unit": "share"}, {"name": "R@10", "value": 0.614, "unit": "share"}]
    section = {"key": "text_to_picture_strict", "metrics": metrics}
    content = {"split": "test", "sections": [{"key": "other", "metrics": []}, section]}
    (run / "evaluation-test-0.json").write_text(json.dumps(content), encoding="utf-8")
    (run / "evaluation-val-0.json").write_text("{}", encoding="utf-8")
    found = compare_runs([run], out=tmp_path / "page.html")
    assert "R@10 61.4 % (test)" in found.text()
    assert "evaluation-val-0.json cannot be read" in found.text()


def compared(tmp_path: Path) -> Comparison:
    a_run(tmp_path / "one")
    a_run(tmp_path / "two", "optim.lr=0.0005", "batch_rows=32")
    return compare_runs([tmp_path], out=None)


def test_only_settings_that_differ_are_listed(tmp_path: Path) -> None:
    found = compared(tmp_path)
    assert {each.name: each.values for each in found.differences} == {
        "optim.lr": ("0.001", "0.0005"),
        "batch_rows": ("64", "32"),
    }


def test_a_setting_of_another_family_alone_is_no_difference(tmp_path: Path) -> None:
    a_run(tmp_path / "one")
    other = tmp_path / "two"
    other.mkdir()
    (other / "recipe.json").write_text(recipes.codebook("tiny").to_json(), encoding="utf-8")
    names = {each.name for each in compare_runs([tmp_path], out=None).differences}
    assert {"family", "optim.lr"} <= names and "model.levels" not in names


def test_the_page_needs_nothing_beside_it_and_shows_every_run(tmp_path: Path) -> None:
    found = compared(tmp_path)
    assert found.page is not None
    page = found.page.read_text(encoding="utf-8")
    assert "http:" not in page and "https:" not in page and " src=" not in page and "@import" not in page
    assert page.count("<svg") == 4  # itc, rows per second, learning rate, gradient norm
    assert page.count('class="run run-0') == page.count('class="run run-1') == 4
    assert page.count('class="other"') == 2


def test_names_of_runs_are_text_on_the_page(tmp_path: Path) -> None:
    a_run(tmp_path / "<b>bold")
    a_run(tmp_path / "two")
    found = compare_runs([tmp_path], out=None)
    assert found.page is not None
    page = found.page.read_text(encoding="utf-8")
    assert "<b>bold" not in page and "&lt;b&gt;bold" in page


def test_the_table_fits_a_terminal_whatever_the_names(tmp_path: Path) -> None:
    a_run(tmp_path / ("a-very-long-name-of-a-run-" * 4))
    a_run(tmp_path / "two", "optim.lr=0.0005")
    found = compare_runs([tmp_path], out=None)
    lines = [line for line in found.text().splitlines() if not line.startswith("Curves and settings")]
    assert max(map(len, lines)) <= 100


def test_parameters_are_those_of_the_model(tmp_path: Path) -> None:
    for recipe in (recipes.clip("tiny"), recipes.flava("tiny"), recipes.codebook("tiny")):
        assert parameters(recipe) == sum(each.numel() for each in build(recipe.model, inputs=None).parameters())


def test_smoothing_keeps_what_is_level_and_what_is_straight() -> None:
    assert np.allclose(smoothed(np.full(50, 3.0)), 3.0)
    line = np.arange(60, dtype=float)
    assert np.allclose(smoothed(line)[10:-10], line[10:-10])


def test_chance_is_drawn_once_where_runs_share_it_and_for_each_where_they_do_not() -> None:
    steps = np.arange(1.0, 20.0)
    one = Line(0, "one", steps, steps, chance=5.0)
    same, other = Line(1, "two", steps, steps, chance=5.0), Line(9, "two", steps, steps, chance=6.0)
    shared = chart_svg(Chart("itc", "", [one, same], is_smoothed=True))
    assert shared.count('class="chance"') == 1 and "own-chance" not in shared
    apart = chart_svg(Chart("itc", "", [one, other], is_smoothed=True))
    assert apart.count('class="own-chance"') == 2 and 'class="chance"' not in apart
    assert 'class="run run-9 c1 again"' in apart
