"""A setting that a family would leave unread is refused before anything is made, with words on how to mend it."""

from pathlib import Path

import pytest

from vitrina import recipes
from vitrina.recipes.recipe import Recipe, with_settings
from vitrina.training.ignored import refuse_ignored
from vitrina.training.loop import train
from vitrina.training.machine import Machine
from vitrina.training.prepare import look_over

FAMILIES = {
    "flava": recipes.flava,
    "clip": recipes.clip,
    "groupvit": recipes.groupvit,
    "early_fusion": recipes.early_fusion,
    "codebook": recipes.codebook,
}
SETTINGS = {
    "shown.pictures=2": {"flava", "clip", "groupvit"},
    "shown.texts=3": {"flava", "clip", "groupvit"},
    'shown.fields={"title": 1.0}': {"flava", "clip", "groupvit"},
    "negatives.contrast=2": {"flava", "clip", "groupvit"},
    "negatives.category_share=0.5": {"flava", "early_fusion"},  # the others show no other product's texts by default
    "nouns.per_row=2": {"groupvit"},
    "mixture.same_category=0.5": {"flava", "clip", "groupvit", "early_fusion"},
    "corruption.patch_dropout=0.5": {"flava", "clip", "early_fusion"},
    "corruption.fused_share=0.5": {"flava", "early_fusion"},
    "mixture.text=0.25": {"flava", "codebook"},
    "mixture.image=0.25": {"flava", "codebook"},
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_is_used_by_a_family_or_refused_with_its_name(family: str, setting: str):
    recipe = with_settings(FAMILIES[family]("tiny"), [setting])
    name, _, value = setting.partition("=")
    if family in SETTINGS[setting]:
        refuse_ignored(recipe)
        return
    with pytest.raises(ValueError, match=rf"^{family} would not heed .*{name}") as refused:
        refuse_ignored(recipe)
    assert "nor" not in str(refused.value) and ": set " in str(refused.value)
    assert value in str(refused.value) or "alone" in str(refused.value)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("size", ["tiny", "small", "base"])
def test_no_familys_own_recipe_is_refused(family: str, size):
    refuse_ignored(FAMILIES[family](size))


def test_what_is_told_to_set_is_what_mends_it():
    wrong = ("shown.pictures=2", 'shown.fields={"title": 1}', "negatives.contrast=1", "nouns.per_row=1")
    recipe = with_settings(recipes.early_fusion("tiny"), wrong)
    with pytest.raises(ValueError) as refused:
        refuse_ignored(recipe)
    mends = [each.partition(" ")[0].rstrip(";") for each in str(refused.value).split(": set ")[1:]]
    assert len(mends) == 4
    refuse_ignored(with_settings(recipe, mends))


def test_negatives_of_a_category_are_of_use_once_some_are_shown():
    refuse_ignored(with_settings(recipes.clip("tiny"), ["negatives.category_share=0.5", "negatives.contrast=1"]))
    with pytest.raises(ValueError, match=r"no other product's texts are shown"):
        refuse_ignored(with_settings(recipes.flava("tiny"), ["negatives.category_share=1", "corruption.fused_share=0"]))


def test_a_flava_without_pairs_has_no_use_for_what_pairs_show():
    recipe = with_settings(recipes.flava("tiny"), ["mixture.pair=0", "shown.texts=2"])
    with pytest.raises(ValueError, match=r"shown\.texts=2, as the mixture shows no pairs"):
        refuse_ignored(recipe)


@pytest.mark.parametrize("setting", ["shown.texts=2", "negatives.contrast=1"])
def test_early_fusion_is_refused_before_a_run_is_made_of_it(setting: str, catalogue: Path, tmp_path: Path):
    recipe: Recipe = with_settings(recipes.early_fusion("tiny"), [setting, "batch_rows=8"])
    with pytest.raises(ValueError, match="one picture and one text"):
        look_over(recipe, catalogues=[catalogue])
    with pytest.raises(ValueError, match="one picture and one text"):
        train(recipe, catalogues=[catalogue], run=tmp_path / "run", machine=Machine(workers=0, device="cpu"))
    assert not (tmp_path / "run").exists()
