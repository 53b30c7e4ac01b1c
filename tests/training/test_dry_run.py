"""What a dry run promises."""

import io
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import Catalogue, write_catalogue
from vitrina.data.batch import PairBatch
from vitrina.data.stock import Stock
from vitrina.recipes.recipe import Recipe
from vitrina.training.build import build
from vitrina.training.dry_run import DryRun, dry_run, estimate
from vitrina.training.dry_run.labels import check_labels
from vitrina.training.dry_run.picture import batch_picture
from vitrina.training.lettering import Lettering, lettering
from vitrina.training.load import inputs_of
from vitrina.training.machine import Machine
from vitrina.training.prepare import look_over, sources_of

from .little import little_clip, little_codebook, little_flava, picture, products, title

CPU = Machine(device="cpu", workers=1)


def looked_over(recipe: Recipe, *, catalogue: Path, out: Path, init: str | None = None) -> DryRun:
    return dry_run(recipe, catalogues=[catalogue], init=init, machine=CPU, out=out)


@pytest.fixture(scope="module")
def found(catalogue: Path, tmp_path_factory: pytest.TempPathFactory) -> DryRun:
    return looked_over(little_flava(), catalogue=catalogue, out=tmp_path_factory.mktemp("looked") / "out")


def test_a_dry_run_writes_a_picture_and_nothing_else_and_disturbs_no_random_number(
    catalogue: Path, tmp_path: Path
) -> None:
    before = {path: path.stat().st_mtime_ns for path in catalogue.rglob("*")}
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    looked_over(little_clip(), catalogue=catalogue, out=tmp_path / "out")
    assert torch.equal(torch.rand(3), expected)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["batch.png"]
    assert {path: path.stat().st_mtime_ns for path in catalogue.rglob("*")} == before


@pytest.mark.parametrize("make", [little_flava, little_clip, little_codebook])
def test_the_parts_add_up_to_the_model_and_the_page_fits_a_terminal(
    make: Callable[..., Recipe], catalogue: Path, tmp_path: Path
) -> None:
    found = looked_over(make(), catalogue=catalogue, out=tmp_path / "out")
    model = build(found.recipe.model, inputs=None)
    assert sum(part.parameters for part in found.estimate.parts) == sum(each.numel() for each in model.parameters())
    lines = [line for line in found.text().splitlines() if not line.endswith("batch.png")]
    assert max(map(len, lines)) <= 100 and len(lines) > 25
    assert found.estimate.memory.weights >= 4 * sum(each.numel() for each in model.parameters())
    assert 0 < found.hours.least <= found.hours.most


def test_examples_steps_and_epochs_are_those_of_the_mixture(found: DryRun) -> None:
    """30 training pairs and 10 texts alone; shares 0.3 and 0.7 of 10 steps of 8 rows."""
    streams = {stream.kind: stream for stream in found.streams}
    assert {kind: stream.examples for kind, stream in streams.items()} == {"pair": 30, "text": 10}
    assert streams["text"].steps == pytest.approx(3.0) and streams["pair"].steps == pytest.approx(7.0)
    assert streams["pair"].epochs == pytest.approx(7 * 8 / 30)


def test_base_rates_are_what_guessing_gives(found: DryRun) -> None:
    rates = {rate.loss: rate for rate in found.rates}
    assert rates["itc"].chance == pytest.approx(math.log(8))
    assert rates["itm"].chance == pytest.approx(math.log(2))
    assert rates["itm"].frequency == pytest.approx(-0.1 * math.log(0.1) - 0.9 * math.log(0.9))
    assert rates["mlm"].chance == pytest.approx(math.log(found.recipe.vocabulary))
    assert all(np.isfinite(rate.first) and rate.first > 0 for rate in found.rates)
    assert rates["mlm"].first == pytest.approx(rates["mlm"].chance, abs=0.5)


def test_the_entropy_of_words_is_that_of_the_tokens_as_cut(catalogue: Path) -> None:
    new = look_over(little_flava("max_tokens=6"), catalogues=[catalogue])
    inputs = inputs_of(new.recipe, tokenizer=new.tokenizer)
    assert inputs is not None
    stock = Stock([Catalogue.open(catalogue)])
    labels = check_labels(stock, sources=sources_of(new.recipe, stock=stock), inputs=inputs)
    texts = [title(number) for number in range(40)]
    counts = Counter(token for text in texts for token in inputs.tokenizer.encode(text).ids[1:5] if token > 4)
    # What fits holds at most four tokens between its ends, none of them special.
    shares = np.array([*counts.values()]) / sum(counts.values())
    assert labels.entropy == pytest.approx(float(-(shares * np.log(shares)).sum()))


def faulty(folder: Path) -> Path:
    """A shop with one of every fault that is counted."""
    made = [each for each in products() if each.texts and each.pictures]
    long = " ".join(f"palabra{number}" for number in range(60))
    made += [
        Product(id="long", titles=(Text(long, "es"),), pictures=(picture(300),), split="train"),
        Product(id="empty", titles=(Text("!!! -", "es"),), pictures=(picture(301),), split="train"),
        Product(id="twin 1", titles=(Text("Taza Roja", "es"),), pictures=(picture(302),), split="train"),
        Product(id="twin 2", titles=(Text("taza  roja", "es"),), pictures=(picture(303),), split="train"),
        Product(id="leaks title", titles=(Text("TAZA roja", "es"),), pictures=(picture(304),), split="val"),
        Product(id="leaks picture", titles=(Text("otra cosa", "es"),), pictures=(picture(302),), split="test"),
    ]
    write_catalogue(folder / "faulty", made)
    return folder / "faulty"


def test_faults_of_labels_are_counted_and_told(tmp_path: Path) -> None:
    found = looked_over(little_clip(), catalogue=faulty(tmp_path), out=tmp_path / "out")
    labels = found.labels
    assert (labels.long_texts, labels.empty_pairs, labels.repeated_titles) == (1, 1, 2)
    assert labels.most_repeated is not None and labels.most_repeated.title == "Taza Roja"
    assert (labels.leaked_titles, labels.leaked_pictures, labels.held_out) == (1, 1, 8)
    assert labels.longest > 60 and 0 < labels.cut_share < 1 and labels.unknown_share == 0
    text = found.text()
    for words in (
        "1 pairs have a text without a word",
        '"Taza Roja" stands on 2',
        "1 held-out products have the title of a training product",
        "1 held-out products have a picture of a training product",
        "exceed max_tokens=16",
    ):
        assert words in text


def test_a_clean_shop_is_told_to_be_clean(found: DryRun) -> None:
    assert "no held-out title is that of a training product" in found.text()
    assert "no pair has an empty text" in found.text() and "no token is unknown" in found.text()


def test_flava_without_a_codebook_fails_as_training_does(catalogue: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no codebook is named"):
        looked_over(little_flava("corruption.mim_share=0.4"), catalogue=catalogue, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_could_not_be_watched_is_told_by_the_dry_run(catalogue: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"watch\.split is 'dev'"):
        recipe = little_clip("watch.every=5", "watch.split=dev")
        looked_over(recipe, catalogue=catalogue, out=tmp_path / "out")


def test_frozen_towers_and_the_start_are_told(catalogue: Path, clip: Path, tmp_path: Path) -> None:
    recipe = little_clip("frozen=image")
    found = looked_over(recipe, catalogue=catalogue, out=tmp_path / "out", init=str(clip))
    frozen = {part.name: part.frozen for part in found.estimate.parts if part.frozen}
    assert list(frozen) == ["picture tower"]
    assert found.estimate.memory.gradients < found.estimate.memory.weights
    assert "starts from" in found.text()


def batches_of(recipe: Recipe, *, catalogue: Path, out: Path) -> tuple[DryRun, Stock]:
    return looked_over(recipe, catalogue=catalogue, out=out), Stock([Catalogue.open(catalogue)])


def test_the_picture_shades_what_is_hidden_and_leaves_the_rest(catalogue: Path, tmp_path: Path) -> None:
    """The same batch with nothing hidden gives another picture; where patches are seen it is the same."""
    found, stock = batches_of(little_clip(), catalogue=catalogue, out=tmp_path / "out")
    batch = found.estimate.batches["pair"]
    assert isinstance(batch, PairBatch)
    hidden = torch.zeros(len(batch.keys), 4, dtype=torch.bool)
    hidden[:, 0] = True
    shown = replace(batch, picture=replace(batch.picture, is_masked=hidden, codes=torch.zeros(len(hidden), 4)))
    tokenizer = look_over(little_clip(), catalogues=[catalogue]).tokenizer
    png = batch_picture({"pair": shown}, stock=stock, tokenizer=tokenizer, grid=2, title="a batch")
    sheet = np.asarray(Image.open(io.BytesIO(png))).astype(int)
    top = 118 + 52
    plain, corrupted = sheet[top : top + 148, 28:176], sheet[top : top + 148, 190:338]
    differs = np.abs(plain - corrupted).sum(2) > 0
    assert differs[:74, :74].mean() > 0.95
    assert not differs[74:].any() and not differs[:74, 75:].any()
    assert sheet[76, 37].tolist() == [0x56, 0x53, 0x4C]  # the legend begins with the hidden patch


def test_the_legend_names_what_is_on_the_sheet_and_keeps_to_it(catalogue: Path, tmp_path: Path) -> None:
    found, stock = batches_of(little_clip(), catalogue=catalogue, out=tmp_path / "out")
    batch = found.estimate.batches["pair"]
    assert isinstance(batch, PairBatch)
    tokenizer = look_over(little_clip(), catalogues=[catalogue]).tokenizer

    def legend(shown: PairBatch) -> np.ndarray:
        png = batch_picture({"pair": shown}, stock=stock, tokenizer=tokenizer, grid=2, title="a batch")
        return np.asarray(Image.open(io.BytesIO(png)).convert("L"))[66:86] < 240

    rows = len(batch.keys)
    left_out = replace(batch.picture, kept=torch.zeros(rows, 1, dtype=torch.int64))
    hidden = replace(left_out, is_masked=torch.ones(rows, 4, dtype=torch.bool), codes=torch.zeros(rows, 4))
    assert not legend(batch).any(), "nothing is hidden, and the legend says so"
    one, both = legend(replace(batch, picture=left_out)), legend(replace(batch, picture=hidden))
    assert 0 < one.sum() < both.sum()
    assert not both[:, 1240 - 28 :].any(), "the legend does not run over the edge"


def test_a_step_that_takes_too_long_is_measured_on_fewer_rows_and_told(
    catalogue: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimate, "_LONGEST_STEP_SECONDS", 1e-9)
    found = looked_over(little_clip("batch_rows=24"), catalogue=catalogue, out=tmp_path / "out")
    assert found.estimate.rows == 8 and len(found.estimate.batches["pair"].keys) == 8
    assert "Measured on 8 of 24 rows" in found.text() and "measured on 8 rows and scaled" in found.text()
    cost = found.estimate.steps["pair"]
    assert found.hours.most == pytest.approx(10 * 3 * (cost.compute_seconds + cost.prepare_seconds))
    assert {rate.loss: rate.chance for rate in found.rates} == {"itc": pytest.approx(math.log(24))}


def test_a_font_without_accents_still_says_the_words() -> None:
    bare = Lettering(lettering(12).font, has_accents=False)
    assert bare.drawn("cañón · lámpara") == "canon - lampara"
    assert Lettering(lettering(12).font, has_accents=True).drawn("cañón\nde  luz") == "cañón de luz"


def test_words_are_cut_and_wrapped_to_their_width() -> None:
    font = lettering(14)
    lines = font.wrapped("una lámpara de pie muy alta para el salón de casa", width=120, most=2)
    assert len(lines) == 2 and lines[-1].endswith("…")
    assert all(font.width(line) <= 120 for line in lines)
    assert font.cut("corto", width=500) == "corto"
