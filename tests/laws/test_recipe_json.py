"""Every recipe round-trips through JSON, and no change of one goes unseen."""

import json
from pathlib import Path

import pytest

from vitrina import recipes
from vitrina.recipes.plain import to_plain
from vitrina.recipes.recipe import Recipe, with_settings

GOLDEN = Path(__file__).parents[1] / "recipes" / "golden"
SIZES = ("tiny", "small", "base")
EVERY = [(name, size) for name in recipes.__all__ for size in SIZES]


@pytest.mark.parametrize(("name", "size"), EVERY)
def test_a_recipe_comes_back_from_json_as_it_was(name, size):
    recipe = getattr(recipes, name)(size)
    again = Recipe.from_json(recipe.to_json())
    assert again == recipe
    assert type(again.model) is type(recipe.model)
    assert again.to_json() == recipe.to_json()


@pytest.mark.parametrize(("name", "size"), EVERY)
def test_a_recipe_is_what_its_golden_file_says(name, size):
    """A change here is a change of what users train: if it is meant, run this file as a script to write them anew."""
    golden = json.loads((GOLDEN / f"{name}_{size}.json").read_text(encoding="utf-8"))
    assert to_plain(getattr(recipes, name)(size)) == golden


def test_the_golden_files_are_those_of_the_recipes():
    assert sorted(path.stem for path in GOLDEN.glob("*.json")) == sorted(f"{name}_{size}" for name, size in EVERY)


def test_optional_and_nested_values_come_back_too():
    changed = with_settings(
        recipes.flava("tiny"),
        [
            "codebook=runs/libro de códigos",
            "augment.views=3",
            "corruption.mim_share_end=0.6",
            'mixture.stages=[{"share_of_run": 1, "text": 1, "image": 0, "pair": 0}]',
        ],
    )
    assert Recipe.from_json(changed.to_json()) == changed


def test_a_family_that_is_not_in_the_union_is_refused():
    plain = json.loads(recipes.flava("tiny").to_json())
    plain["model"]["family"] = "os.system"
    with pytest.raises(
        ValueError, match=r"recipe\.model\.family must be one of clip, codebook, early_fusion, flava, groupvit"
    ):
        Recipe.from_json(json.dumps(plain))


def test_a_field_of_another_version_is_refused_with_both_versions():
    plain = json.loads(recipes.flava("tiny").to_json()) | {"vitrina": "9.1"}
    plain["optim"]["lion"] = True
    with pytest.raises(ValueError, match=r"optim has a field 'lion' that this version does not know.*9\.1, this is"):
        Recipe.from_json(json.dumps(plain))


def test_a_field_that_an_older_version_did_not_know_takes_its_default():
    plain = json.loads(recipes.flava("tiny").to_json())
    del plain["keep"]
    assert Recipe.from_json(json.dumps(plain)) == recipes.flava("tiny")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not JSON"),
        ("[]", "holds no group of settings"),
        ("{}", "lacks 'model'"),
        ('{"model": 3}', "lacks 'geometry'"),
    ],
)
def test_what_is_no_recipe_is_refused_with_its_file(text, words):
    with pytest.raises(ValueError, match=rf"runs/x/recipe\.json.*{words}"):
        Recipe.from_json(text, where="runs/x/recipe.json")


def test_wrong_types_in_a_file_are_refused_by_name():
    plain = json.loads(recipes.flava("tiny").to_json())
    plain["steps"] = "many"
    with pytest.raises(ValueError, match=r"recipe\.steps must be int, not 'many'"):
        Recipe.from_json(json.dumps(plain))


def write_golden() -> None:
    for name, size in EVERY:
        plain = to_plain(getattr(recipes, name)(size))
        (GOLDEN / f"{name}_{size}.json").write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_golden()
