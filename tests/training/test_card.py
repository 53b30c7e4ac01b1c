"""Cards: what RUN/README.md says of a run, and that the hub reads it."""

import json
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import ModelCard

from vitrina.recipes.recipe import with_settings
from vitrina.training.card import write_card
from vitrina.training.card_facts import parameters_of
from vitrina.training.load import load
from vitrina.training.run_folder import CatalogueRecord, DataRecord, RunFolder, create_run

from .little import little_clip, little_codebook, little_flava, picture
from .recorded import new_run


def evaluation(**changes: Any) -> str:
    metric = {"name": "R@10", "value": 0.25, "unit": "share", "low": 0.2, "high": 0.3, "base": 0.01}
    section = {"key": "text_to_picture_strict", "title": "Text → picture", "note": "", "questions": 9}
    group = {"by": "domain", "name": "shoes", "questions": 4, "metrics": [metric | {"value": 0.5}]}
    section |= {"groups": [group], "main": ["R@10"]}
    content = {
        "schema": 1,
        "step": 5,
        "split": "val",
        "products": 6,
        "catalogue_digest": "cd" * 32,
        "sections": [section | {"metrics": [metric, metric | {"name": "median rank", "unit": "rank", "base": None}]}],
        "skipped": [{"title": "Matching", "reason": "no head"}],
        "notes": ["Ten products are few."],
    }
    return json.dumps(content | changes)


@pytest.fixture
def made(clip: Path, tmp_path: Path) -> RunFolder:
    """A finished run's files, the big ones linked."""
    run = tmp_path / "shoes: the run"
    run.mkdir()
    for path in clip.iterdir():
        if path.name != "README.md":
            (run / path.name).symlink_to(path)
    return RunFolder(run)


def test_the_hub_reads_the_card_of_a_run(made: RunFolder):
    (made.path / "evaluation-val-cdcdcdcd.json").write_text(evaluation())
    card = ModelCard.load(write_card(made))
    assert card.data.library_name == "vitrina" and card.data.pipeline_tag == "zero-shot-image-classification"
    assert card.data.language == ["es"] and card.data.datasets == ["shop"]
    assert {"vitrina", "clip"} <= set(card.data.tags or ())
    first, second = card.data.eval_results or ()
    assert card.data.model_name == "shoes: the run"
    assert first.metric_value == 0.25 and first.dataset_split == "val" and first.dataset_revision == "cd" * 32
    assert second.metric_type == "text_to_picture_strict-median-rank"


def test_a_card_says_what_was_learnt_from_what_and_how_well(made: RunFolder):
    (made.path / "evaluation-val-cdcdcdcd.json").write_text(evaluation())
    text = write_card(made).read_text()
    data = made.data()
    assert f"`{data.catalogues[0].digest}`" in text and "40 with a picture and a text" not in text
    assert "30 with a picture and a text" in text and "Languages (texts): es 40." in text
    assert "| Text → picture | R@10 | 25.0 % | 20.0 % – 30.0 % | 1.0 % |" in text
    assert "| Text → picture, domain shoes (4) | R@10 | 50.0 % |" in text
    assert "Step 10 of 10 (finished)." in text and "moving average" in text
    assert "Not measured: Matching (no head)." in text and "Ten products are few." in text
    assert "seed 0, fp32" in text and "optim.lr" in text and f"torch {torch.__version__}" in text
    assert "Do not share the weights before it is settled" in text


def test_the_same_folder_gives_the_same_card_and_no_machine_shows(made: RunFolder):
    first = write_card(made).read_bytes()
    assert write_card(made).read_bytes() == first
    where = str(Path(made.data().catalogues[0].path).parent)
    assert where.encode() not in first and str(made.path.parent).encode() not in first


def test_the_lines_that_load_the_weights_run_as_they_stand(
    made: RunFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    code = write_card(made).read_text().split("```python\n")[1].split("```")[0]
    (made.path / "photo.jpg").write_bytes(picture(1))
    monkeypatch.chdir(made.path)
    exec(code, {})
    model = load(made.path)
    expected = model.embed_texts(["red mug", "blue shirt"]) @ model.embed_images([picture(1)]).T
    assert capsys.readouterr().out.strip() == str(expected)


def test_the_lines_that_load_a_codebook_run_as_they_stand(
    codebook: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    code = write_card(RunFolder(codebook)).read_text().split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(codebook)
    exec(code, {})
    assert capsys.readouterr().out.startswith("12 ")


def test_languages_are_known_without_the_catalogue_and_left_out_where_nobody_noted_them(made: RunFolder):
    first = write_card(made).read_text()
    data = made.data()
    gone = tuple(CatalogueRecord("/gone", each.digest, each.products) for each in data.catalogues)
    (made.path / "data.json").unlink()
    (made.path / "data.json").write_text(json.dumps(asdict(data) | {"catalogues": [asdict(each) for each in gone]}))
    again = write_card(made).read_text()
    assert "Languages (texts): es 40." in again and first != again
    plain = json.loads((made.path / "data.json").read_text())
    (made.path / "data.json").write_text(json.dumps({name: each for name, each in plain.items() if name != "goods"}))
    assert "Languages" not in write_card(made).read_text()


@pytest.mark.parametrize(
    ("licence", "expected", "words"),
    [
        ("Apache-2.0", {"license": "apache-2.0"}, "under: Apache-2.0"),
        ("Shop & Sons 2026", {"license": "other", "license_name": "shop-sons-2026"}, "under: Shop & Sons 2026"),
    ],
)
def test_a_stated_licence_stands_at_the_top_and_in_words(
    licence: str, expected: dict[str, str], words: str, tmp_path: Path
):
    card = ModelCard.load(write_card(new_run(tmp_path / "run", f"licence={licence}")))
    assert expected.items() <= card.data.to_dict().items()
    assert words in card.text


def test_a_run_without_a_checkpoint_says_so(tmp_path: Path):
    text = write_card(new_run(tmp_path / "run")).read_text()
    assert "No checkpoint yet: 10 steps are planned." in text and "None yet: `vitrina evaluate" in text


def test_a_card_says_where_the_weights_started(tmp_path: Path):
    folder = new_run(tmp_path / "run", "start=org/flava", "frozen=image")
    start = {"origin": "org/flava", "kind": "a FLAVA", "revision": "abc", "taken": ["a", "b"], "fresh": ["c"]}
    (folder.path / "start.json").write_text(json.dumps(start))
    text = write_card(folder).read_text()
    assert "**org/flava** (a FLAVA, `abc`): 2 tensors were taken and 1 began fresh" in text
    assert "Left as they started: image tower." in text


def test_a_start_on_this_machine_is_told_by_its_name(tmp_path: Path):
    folder = new_run(tmp_path / "run", f"start={tmp_path}/elsewhere/first")
    start = {"origin": f"{tmp_path}/elsewhere/first", "kind": "a run", "revision": "abc", "taken": [], "fresh": []}
    (folder.path / "start.json").write_text(json.dumps(start))
    text = write_card(folder).read_text()
    assert "**first**" in text and str(tmp_path) not in text


def test_a_card_that_somebody_wrote_is_left_alone(tmp_path: Path):
    folder = new_run(tmp_path / "run")
    (folder.path / "README.md").write_text("# Mine\n")
    assert write_card(folder).read_text() == "# Mine\n"


def test_a_card_that_cannot_be_written_never_ends_a_run(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    folder = new_run(tmp_path / "run")
    (folder.path / "data.json").write_text("{")
    with caplog.at_level(logging.WARNING):
        path = write_card(folder)
    assert not path.exists() and "could not be written" in caplog.text and "data.json" in caplog.text


def test_a_broken_evaluation_is_left_out_with_words(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    folder = new_run(tmp_path / "run")
    (folder.path / "evaluation-val-1.json").write_text("{")
    assert "None yet" in write_card(folder).read_text() and "evaluation-val-1.json cannot be read" in caplog.text


def test_writing_a_card_draws_nothing_from_the_random_numbers_of_the_run(tmp_path: Path):
    folder = new_run(tmp_path / "run")
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    write_card(folder)
    assert torch.equal(torch.rand(4), expected)


@pytest.mark.parametrize("recipe", [little_clip(), little_flava(), little_codebook()])
def test_every_family_has_a_card_and_all_its_parameters_counted(recipe: Any, tmp_path: Path):
    data = DataRecord((CatalogueRecord("shop", "ab" * 32, 50),), "cd", {"pair": 40}, "ef")
    folder = create_run(tmp_path, recipe=with_settings(recipe, ["licence=mit"]), data=data, tokenizer=None)
    card = ModelCard.load(write_card(folder))
    assert f"{sum(parameters_of(recipe).values()):,} parameters" in card.text and card.data.license == "mit"
