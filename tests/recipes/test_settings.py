"""What `--set NAME=VALUE` takes and refuses."""

import pytest

from vitrina import recipes
from vitrina.recipes.recipe import Optim, Recipe, describe, with_settings


@pytest.fixture
def recipe():
    return recipes.flava("tiny")


def test_a_setting_changes_one_field_and_nothing_else(recipe):
    changed = with_settings(recipe, ["optim.lr=3e-4"])
    assert changed.optim.lr == 3e-4
    assert with_settings(changed, ["optim.lr=1e-3"]) == recipe
    assert recipe.optim.lr == 1e-3


@pytest.mark.parametrize(
    ("assignment", "value"),
    [
        ("steps=200", 200),
        ("steps=2e3", 2000),
        ("steps=2_000", 2000),
        ("seed= 7 ", 7),
        ("precision=bf16", "bf16"),
        ("ema_decay=none", None),
        ("ema_decay=.5", 0.5),
        ("codebook=runs/a=b", "runs/a=b"),
    ],
)
def test_values_are_read_as_the_type_of_their_setting(recipe, assignment, value):
    changed = getattr(with_settings(recipe, [assignment]), assignment.partition("=")[0])
    assert changed == value
    assert type(changed) is type(value)


def test_groups_lists_and_booleans_can_be_set(recipe):
    changed = with_settings(
        recipe,
        [
            "optim.betas=.9,.95",
            "augment.flip=False",
            "augment.views=NONE",
            "model.image.layers=6",
            "weights.itc=2",
            'mixture.stages=[{"share_of_run": 1, "text": 0, "image": 0, "pair": 1}]',
        ],
    )
    assert changed.optim.betas == (0.9, 0.95)
    assert changed.augment.flip is False
    assert changed.augment.views is None
    assert changed.model.image.layers == 6
    assert changed.weights["itc"] == 2.0
    assert changed.mixture.stages[0].pair == 1.0


def test_what_is_said_twice_is_set_once(recipe):
    by_loader = with_settings(recipe, ["geometry.size_px=96", "vocabulary=500"])
    by_model = with_settings(recipe, ["model.image.size_px=96", "model.text.vocabulary=500"])
    assert by_loader == by_model
    assert by_loader.model.image.size_px == by_loader.geometry.size_px == 96


def test_saying_it_twice_differently_is_refused(recipe):
    with pytest.raises(ValueError, match=r"geometry\.size_px is 96 where model\.image\.size_px is 64"):
        with_settings(recipe, ["geometry.size_px=96", "model.image.size_px=64"])


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("optim.lrr=1", r"no setting 'optim\.lrr'; the nearest is 'optim\.lr' \(float, now 0\.001\)"),
        ("lr=1", r"the nearest is 'optim\.lr' \(float"),
        ("model.image.widht=3", r"the nearest is 'model\.image\.width' \(int, now 128\)"),
        ("optim.lr=fast", r"optim\.lr must be float, not 'fast' \(now 0\.001\)"),
        ("optim.lr=nan", r"optim\.lr must be float"),
        ("steps=1.5", r"steps must be int, not '1\.5'"),
        ("steps=true", r"steps must be int"),
        ("augment.flip=1", r"augment\.flip must be true or false"),
        ("precision=fp16", r"precision must be one of fp32, bf16, not 'fp16'"),
        ("augment.views=some", r"augment\.views must be int or none"),
        ("optim.betas=1,2,3", r"optim\.betas must be a list of 2 × float"),
        ('mixture.stages=[{"text": 1}]', r"mixture\.stages\[0\] lacks 'share_of_run'"),
        ("optim=3", r"'optim' is a group of settings: optim\.lr, "),
        ("steps", r"'steps' is not NAME=VALUE"),
        ("steps=0", r"steps is 0: choose 1 or more"),
        ("ema_decay=1", r"ema_decay is 1\.0: choose a number between 0 and 1"),
        ("optim.betas=.9,1", r"optim\.betas"),
        ("max_tokens=1000", r"max_tokens is 1000 where model\.text\.positions is 512"),
        ("geometry.size_px=63", r"63 is not a multiple of patch_px 8"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(recipe, assignment, words):
    with pytest.raises(ValueError, match=words):
        with_settings(recipe, [assignment])


def test_domains_get_weights_by_names_of_the_shops_own(recipe):
    changed = with_settings(recipe, ["mixture.domains.fashion=2", "mixture.domains.Home & Garden=1e-1"])
    assert changed.mixture.domains == {"fashion": 2.0, "Home & Garden": 0.1}
    assert with_settings(changed, ["mixture.domains.fashion=3"]).mixture.domains["fashion"] == 3.0
    assert with_settings(changed, ["mixture.domains.shop.es=1"]).mixture.domains["shop.es"] == 1.0
    assert with_settings(changed, ['mixture.domains={"toys": 1}']).mixture.domains == {"toys": 1.0}
    assert with_settings(changed, ["mixture.domains={}"]) == recipe
    assert Recipe.from_json(changed.to_json()) == changed


def test_domains_of_stages_go_through_settings_and_json(recipe):
    stages = '[{"share_of_run": 1, "text": 0, "image": 0, "pair": 1, "domains": {"grocery": 2}}]'
    changed = with_settings(recipe, [f"mixture.stages={stages}", "mixture.temperature=2"])
    assert changed.mixture.stages[0].domains == {"grocery": 2.0}
    assert Recipe.from_json(changed.to_json()) == changed
    line = next(each for each in describe(changed).splitlines() if each.startswith("mixture.stages"))
    described = "=".join(line.split(maxsplit=1))
    assert with_settings(recipe, [described, "mixture.temperature=2"]) == changed


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("mixture.domain.fashion=2", r"the nearest is 'mixture\.domains' \(a group of settings, now \{\}\)"),
        ("mixture.domains.fashion=two", r"mixture\.domains\.fashion must be float, not 'two' \(not set\)"),
        ("mixture.domains.fashion=-1", r"mixture\.domains\.fashion is -1"),
        ("mixture.domains=2", r"'mixture\.domains' is a group whose names are yours to choose: mixture\.domains\.NAME"),
        ("mixture.domains.=2", r"mixture\.domains has a domain without a name"),
        ('mixture.domains={"a": "b"}', r"mixture\.domains\.a must be float, not 'b'"),
        ("mixture.domains={a", r"mixture\.domains is not JSON"),
        ("weights.itcc=1", r"no setting 'weights\.itcc'; the nearest is 'weights\.itc'"),
    ],
)
def test_what_no_domain_can_weigh_is_refused_and_other_groups_take_no_new_names(recipe, assignment, words):
    with pytest.raises(ValueError, match=words):
        with_settings(recipe, [assignment])


def test_settings_are_checked_together_not_one_after_another(recipe):
    changed = with_settings(recipe, ["geometry.size_px=60", "model.image.patch_px=4"])
    assert changed.model.image.grid == 15


def test_the_description_names_every_setting_as_it_can_be_set(recipe):
    lines = describe(recipe).splitlines()
    assignments = ["=".join(line.split(maxsplit=1)) if len(line.split()) > 1 else f"{line.strip()}=" for line in lines]
    assert len(assignments) > 50
    assert with_settings(recipe, assignments) == recipe


def test_an_optimiser_refuses_what_cannot_train():
    with pytest.raises(ValueError, match=r"optim\.clip_norm is 0\.0"):
        Optim(clip_norm=0.0)
    with pytest.raises(ValueError, match=r"optim\.lr is -1\.0"):
        Optim(lr=-1.0)
