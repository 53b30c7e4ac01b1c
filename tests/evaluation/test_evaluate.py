import json
import math

import pytest
import trained

from vitrina.catalogue.store import write_catalogue
from vitrina.evaluation.evaluate import evaluate
from vitrina.evaluation.fingerprint import model_digest
from vitrina.training.load import load


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A shop with a run of each family."""
    place = tmp_path_factory.mktemp("place")
    shop = trained.make_shop(place)
    trained.trained(trained.codebook(), shop=shop, run=place / "codebook")
    trained.trained(trained.flava(place / "codebook"), shop=shop, run=place / "flava")
    trained.trained(trained.clip(), shop=shop, run=place / "dual")
    return place


@pytest.fixture(scope="module")
def flava(place):
    return evaluate(place / "flava", catalogue=place / "shop")


def test_flava_is_asked_everything(flava):
    keys = [section.key for section in flava.sections]
    assert keys == [
        "text_to_picture_strict",
        "text_to_picture_duplicates",
        "picture_to_text_strict",
        "picture_to_text_duplicates",
        "text_to_picture_unseen_titles",
        "picture_to_text_unseen_titles",
        "control_shuffled_pairs",
        "category_level_2",
        "tagger_auto_picture_category_level_2",
        "matching_any",
        "matching_category",
        "masked_prediction",
        "codebook",
    ]
    assert flava.skipped == ()
    assert (flava.products, flava.family, flava.step) == (18, "flava", 2)
    assert flava.section("text_to_picture_strict").questions == 15


def test_hidden_words_and_patches_are_near_chance_before_learning_and_have_a_base_rate(flava):
    found = flava.section("masked_prediction")
    names = [metric.name for metric in found.metrics]
    assert len(names) == 5
    for name, choices in (("hidden words, text alone", 300), ("hidden patches, picture alone", 12)):
        metric = found.metric(name)
        assert 0.5 * math.log(choices) < metric.value < 2 * math.log(choices)
        assert metric.low <= metric.value <= metric.high
        assert 0 < metric.base < math.log(choices)
    belongs = found.metric("which text belongs")
    assert belongs.base == pytest.approx(-0.3 * math.log(0.3) - 0.7 * math.log(0.7))


def test_the_file_holds_the_evaluation_and_names_no_machine(place, flava):
    path = place / "flava" / f"evaluation-val-{flava.catalogue_digest[:8]}.json"
    stored = json.loads(path.read_text(encoding="utf-8"))
    assert len(stored["sections"]) == len(flava.sections)
    assert stored["model_digest"] == flava.model_digest
    assert str(place) not in path.read_text(encoding="utf-8")
    page = (place / "flava" / "report.html").read_text(encoding="utf-8")
    assert str(place) not in page
    assert "A FLAVA trained on shop for 2 steps" in page
    assert "Hits and misses" in page


def test_an_evaluation_can_be_repeated_to_the_last_digit(place, flava):
    again = evaluate(place / "flava", catalogue=place / "shop", out=place / "elsewhere")
    assert again.sections == flava.sections
    assert again.model_digest == flava.model_digest
    assert (place / "elsewhere" / "report.html").exists()


def test_a_clip_says_what_it_cannot_do(place):
    found = evaluate(place / "dual", catalogue=place / "shop")
    keys = {section.key for section in found.sections}
    assert "text_to_picture_strict" in keys
    assert not {"matching_any", "masked_prediction", "codebook"} & keys
    assert {each.title for each in found.skipped} == {"Image-text matching", "Hidden words and patches"}


def test_a_codebook_is_measured_by_what_it_rebuilds(place):
    found = evaluate(place / "codebook", catalogue=place / "shop")
    assert [section.key for section in found.sections] == ["codebook"]
    section = found.section("codebook")
    assert section.questions == 15
    assert 0 < section.metric("codes used").value <= 1
    assert section.metric("entropy of the codes").value <= math.log2(12)
    assert "data:image/jpeg" in (place / "codebook" / "report.html").read_text(encoding="utf-8")


def test_flava_without_its_codebook_is_asked_about_words_alone(place, tmp_path):
    lost = trained.trained(trained.codebook(), shop=place / "shop", run=tmp_path / "lost")
    run = trained.trained(trained.flava(lost), shop=place / "shop", run=tmp_path / "run")
    lost.rename(tmp_path / "moved")
    found = evaluate(run, catalogue=place / "shop")
    assert [metric.name.split()[1].strip(",") for metric in found.section("masked_prediction").metrics] == [
        "words",
        "words",
        "text",
    ]
    assert any("codebook" in each.reason for each in found.skipped)


def test_a_run_that_chooses_between_two_texts_is_not_asked_for_yes_or_no(place, tmp_path):
    recipe = trained.flava(place / "codebook", "corruption.itm=segments")
    found = evaluate(trained.trained(recipe, shop=place / "shop", run=tmp_path / "run"), catalogue=place / "shop")
    assert "matching_any" not in {section.key for section in found.sections}
    assert any("choose between two texts" in each.reason for each in found.skipped)
    assert found.section("masked_prediction").metric("which text belongs").base == pytest.approx(math.log(2))


def test_training_products_come_with_a_warning(place, tmp_path):
    found = evaluate(place / "dual", catalogue=place / "shop", split="train", out=tmp_path)
    assert "trained on" in found.notes[0]
    assert any("training products themselves" in each.reason for each in found.skipped)


def test_an_evaluation_of_texts_alone_says_what_is_missing(place, tmp_path):
    texts = list(trained_texts())
    write_catalogue(tmp_path / "texts", texts)
    found = evaluate(place / "flava", catalogue=tmp_path / "texts", out=tmp_path)
    assert [section.key for section in found.sections] == ["masked_prediction"]
    assert {"Search", "Codebook"} <= {each.title for each in found.skipped}


def trained_texts():
    for number in range(9):
        whole = trained.product(number, split="val")
        yield type(whole)(id=whole.id, titles=whole.titles, split="val")


@pytest.mark.parametrize(
    ("run", "catalogue", "split", "words"),
    [
        ("nowhere", "shop", "val", "not a run"),
        ("shop", "shop", "val", "not a run"),
        ("dual", "nowhere", "val", "not a catalogue"),
        ("dual", "dual", "val", "not a catalogue"),
        ("dual", "shop", "test", "no split 'test'; it has train, val"),
    ],
)
def test_what_is_no_run_no_catalogue_or_no_split_is_said(place, run, catalogue, split, words):
    with pytest.raises(ValueError, match=words):
        evaluate(place / run, catalogue=place / catalogue, split=split)


def test_a_split_with_nothing_to_ask_about_is_said(place, tmp_path):
    bare = type(trained.product(0, split="val"))(id="bare", split="val")
    write_catalogue(tmp_path / "bare", [bare])
    with pytest.raises(ValueError, match="neither pictures nor texts"):
        evaluate(place / "dual", catalogue=tmp_path / "bare")


def test_the_digest_of_a_model_is_its_weights_and_its_reading(place):
    model, other = load(place / "dual"), load(place / "dual")
    digest = model_digest(model, inputs=model.inputs)
    assert digest == model_digest(other, inputs=other.inputs)
    assert digest != model_digest(other, inputs=None)
    other.logit_scale.data += 1e-6
    assert digest != model_digest(other, inputs=other.inputs)
