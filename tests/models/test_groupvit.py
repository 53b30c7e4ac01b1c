from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from data.shop import jpeg
from models.flava_batches import image_batch
from models.groupvit_batches import batch, little_config, little_groupvit

from vitrina.data.batch import PairBatch, Texts
from vitrina.data.inputs import Inputs
from vitrina.data.pictures import PictureGeometry
from vitrina.data.text import train_tokenizer
from vitrina.models.chunks import Thrift
from vitrina.models.groupvit import GroupViT, GroupViTConfig
from vitrina.recipes.groupvit import groupvit


@pytest.fixture
def reader() -> GroupViT:
    """A model that reads words and pictures."""
    tokenizer = train_tokenizer(["red mug", "lámpara", "sofa"], vocabulary=280)
    config = little_config()
    model = little_groupvit(config=replace(config, text=replace(config.text, vocabulary=tokenizer.get_vocab_size())))
    model.inputs = Inputs(tokenizer, PictureGeometry(32), max_tokens=12)
    return model


def chosen(given: PairBatch, rows: torch.Tensor) -> PairBatch:
    """The same rows in another order."""
    text = Texts(*(getattr(given.text, each)[rows] for each in ("ids", "is_token", "types", "masked_ids", "is_masked")))
    return replace(
        given,
        keys=given.keys[rows],
        product=given.product[rows],
        text_key=given.text_key[rows],
        text=text,
        picture=replace(given.picture, pixels=given.picture.pixels[rows], kept=given.picture.kept[rows]),
        nouns=replace(given.nouns, which=given.nouns.which[rows], known=given.nouns.known[rows]),
    )


def values(model: GroupViT, given: PairBatch) -> dict[str, float]:
    return {name: loss.value.item() for name, loss in model(given).items()}


def test_each_loss_has_the_count_that_is_said_before():
    given = batch(6)
    losses, counts = little_groupvit()(given), little_groupvit().counts(given)
    assert {name: loss.count for name, loss in losses.items()} == counts == {"itc": 6, "nouns": 6}
    assert (
        list(little_groupvit()(batch(6, per_row=0))) == list(little_groupvit().counts(batch(6, per_row=0))) == ["itc"]
    )


def test_noise_goes_with_the_row_and_not_with_its_place():
    given, model = batch(6), little_groupvit().train()
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    assert values(model, chosen(given, order)) == pytest.approx(values(model, given), rel=1e-5)


def test_training_draws_groups_by_noise_that_is_new_in_every_epoch_and_evaluation_draws_none():
    given, model = batch(6), little_groupvit().train()
    again = replace(given, keys=given.keys + torch.tensor([0, 1, 0]))
    assert values(model, given) == values(model, given) != values(model, again)
    model.eval()
    assert values(model, given) == values(model, again)


def test_models_of_other_seeds_draw_otherwise_and_one_seed_always_alike():
    assert little_groupvit(0).noise_seed == little_groupvit(0).noise_seed != little_groupvit(1).noise_seed


@pytest.mark.parametrize("recompute", [False, True])
def test_pieces_of_the_batch_give_the_losses_and_gradients_of_the_whole(recompute):
    found = []
    for thrift in (Thrift(), Thrift(micro_batches=3, recompute=recompute)):
        model = little_groupvit().train()
        model.thrift = thrift
        losses = model(batch(7))
        torch.stack([loss.value for loss in losses.values()]).sum().backward()
        found.append(({name: loss.value for name, loss in losses.items()}, dict(model.named_parameters()), model))
    (one, first, whole), (other, second, pieces) = found
    torch.testing.assert_close(other, one, rtol=1e-5, atol=1e-6)
    biggest = max(float(each.grad.abs().max()) for each in first.values())
    for name, parameter in first.items():
        # Sums in another order: what is a difference of large numbers is right to their last digits.
        torch.testing.assert_close(second[name].grad, parameter.grad, rtol=1e-4, atol=3e-5 * biggest)
    # The moments of the batch are taken once.
    torch.testing.assert_close(dict(pieces.named_buffers()), dict(whole.named_buffers()), rtol=1e-5, atol=1e-6)


def test_every_parameter_learns():
    model = little_groupvit().train()
    torch.stack([loss.value for loss in model(batch(7)).values()]).sum().backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in model.parameters())


def test_grouping_is_in_float32_under_autocast_and_stays_finite():
    model = little_groupvit().train()
    with torch.no_grad():
        model.image.stages[0].grouping.assign.query.weight.mul_(1e3)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        grouped = model.image(model.normalise(batch(4).picture.pixels))
        losses = model(batch(4))
    assert all(logits.dtype == torch.float32 for logits in grouped.assigned)
    torch.stack([loss.value for loss in losses.values()]).sum().backward()
    assert all(each.grad.isfinite().all() for each in model.parameters() if each.grad is not None)


def test_every_patch_is_shared_out_completely():
    model = little_groupvit().eval()
    shares = model.image(model.normalise(batch(4).picture.pixels)).shares()
    assert shares.shape == (4, 16, 3) and (shares >= 0).all()
    torch.testing.assert_close(shares.sum(dim=2), torch.ones(4, 16))


def test_a_member_belongs_to_one_group_alone_and_noise_can_change_which():
    model = little_groupvit().eval()
    assign = model.image.stages[0].grouping.assign
    tokens, members, seen = torch.randn(2, 6, 24), torch.randn(2, 16, 24), []
    assign.value.register_forward_hook(lambda *_: torch.eye(16, 24).expand(2, -1, -1))
    assign.out.register_forward_hook(lambda module, given, output: seen.append(given[0]))
    for noise in (None, 100 * torch.eye(6)[0][:, None].expand(2, 6, 16)):
        assign(tokens, members, noise=noise)
    for means in seen:
        assert torch.equal((means > 1e-3).sum(dim=1)[:, :16], torch.ones(2, 16))
    assert (seen[1][:, 0, :16] > 1e-3).all()


def test_only_pairs_teach_it():
    with pytest.raises(ValueError, match=r"learns from pairs only: set mixture.pair=1"):
        little_groupvit()(image_batch(2))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"depths": (2, 2), "groups": (6, 3), "layers": 4}, "there is one depth more than there are groupings"),
        ({"depths": (2, 1, 1), "groups": (6, 0)}, "groups 1 or more"),
        ({"layers": 7}, "layers is 7 where depths"),
        ({"size_px": 30}, "not a multiple of patch_px"),
    ],
)
def test_a_tower_that_does_not_fit_together_is_refused(change, words):
    with pytest.raises(ValueError, match=words):
        replace(little_config().image, **change)


def test_the_base_size_is_the_published_shape():
    config = GroupViTConfig.sized("base", vocabulary=49408)
    assert (config.image.width, config.image.depths, config.image.groups) == (384, (6, 3, 3), (64, 8))
    assert (config.text.width, config.text.layers, config.text.positions) == (256, 12, 77)
    assert (config.projection, config.projector) == (256, 4096)
    with pytest.raises(ValueError, match='no size "huge"'):
        GroupViTConfig.sized("huge", vocabulary=10)  # type: ignore[arg-type]


def test_maps_cover_the_pictures_own_rectangle(reader):
    maps = reader.similarity_maps(
        [jpeg(0, height=40, width=20), jpeg(1, height=16, width=16)], words=["red mug", "lámpara"]
    )
    assert [each.shape for each in maps] == [(2, 4, 2), (2, 4, 4)]
    assert all(each.dtype == np.float32 and np.abs(each).max() <= 1.001 for each in maps)


def test_maps_are_the_same_alone_and_among_others(reader):
    pictures = [jpeg(each) for each in range(3)]
    together = reader.similarity_maps(pictures, words=["mug", "sofa"])
    alone = reader.similarity_maps(pictures[1:2], words=["sofa"])[0]
    np.testing.assert_allclose(alone[0], together[1][1], atol=1e-5)


def test_a_word_is_asked_for(reader):
    with pytest.raises(ValueError, match="no words to look for"):
        reader.similarity_maps([jpeg(0)], words=[])
    with pytest.raises(ValueError, match=r"one of the words \['mug', ' '\] is empty"):
        reader.similarity_maps([jpeg(0)], words=["mug", " "])


def habitual(reader: GroupViT, habits: list[float], *, habit: float) -> GroupViT:
    """The same weights, whose groups are mostly as near to words as `habits` says."""
    model = GroupViT(replace(reader.config, habit=habit), inputs=reader.inputs)
    model.load_state_dict({**reader.state_dict(), "habits": torch.tensor(habits)})
    return model


def test_training_keeps_how_near_each_group_is_to_its_own_texts_whatever_the_pieces(monkeypatch):
    found, given = [], batch(6, per_row=0)
    for pieces in (1, 3):
        model = little_groupvit(config=replace(little_config(), habit=0.5)).train()
        assert model.habits is not None
        model.habits.zero_()
        model.thrift = Thrift(micro_batches=pieces)
        monkeypatch.setattr(model.image, "draw", lambda keys, seed: ())
        model(given)
        with torch.no_grad():
            texts = F.normalize(model.project_texts(given.text), dim=-1)
            model.eval()
            groups = model.image(model.normalise(given.picture.pixels)).groups
            cosines = F.normalize(model.image_projection(groups), dim=-1) @ texts[:, :, None]
        torch.testing.assert_close(model.habits, 0.05 * cosines.mean(dim=0)[:, 0], rtol=1e-4, atol=1e-6)
        found.append(model.habits)
    torch.testing.assert_close(found[0], found[1])


def test_a_habit_moves_what_stands_out_and_never_which_word_a_place_is_named_by(reader):
    picture, words = jpeg(0, height=20, width=32), ["red mug", "lámpara"]
    plain = reader.similarity_maps([picture], words=words)[0]
    used = habitual(reader, [0.9, -0.9, 0.0], habit=0.75).similarity_maps([picture], words=words)[0]
    np.testing.assert_allclose(used[0] - used[1], 0.25 * (plain[0] - plain[1]), atol=1e-6)
    assert np.abs(used - 0.25 * plain).max() > 0.01
    none = habitual(reader, [0.9, -0.9, 0.0], habit=1e-9).similarity_maps([picture], words=words)[0]
    np.testing.assert_allclose(none, plain, atol=1e-6)


def test_a_habit_beyond_its_bounds_is_refused_and_the_published_shape_has_none():
    with pytest.raises(ValueError, match=r"model\.habit is 1\.0"):
        replace(little_config(), habit=1.0)
    assert "habits" not in little_groupvit().state_dict()
    assert GroupViTConfig.sized("base", vocabulary=300).habit == 0


def test_the_recipe_of_each_size_brings_words_and_weighs_both_losses():
    for size in ("tiny", "small", "base"):
        recipe = groupvit(size)
        assert recipe.nouns.per_row == 3 and set(recipe.weights) == {"itc", "nouns"}
