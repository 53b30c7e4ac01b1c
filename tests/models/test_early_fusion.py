"""One transformer over both: either alone for search, the two together for matching."""

import dataclasses

import pytest
import torch
from models.flava_batches import image_batch, pair_batch, text_batch
from torch.nn.functional import pad

from vitrina.data.batch import PairBatch, Texts
from vitrina.models.chunks import Thrift
from vitrina.models.early_fusion import EarlyFusion, EarlyFusionConfig
from vitrina.tasks.abilities import EmbedsBoth, MatchesPairs


def config(**changes: object) -> EarlyFusionConfig:
    sized = EarlyFusionConfig.sized("tiny", vocabulary=50)
    return dataclasses.replace(
        sized,
        image=dataclasses.replace(sized.image, size_px=32, width=32),
        text=dataclasses.replace(sized.text, width=32),
        trunk=dataclasses.replace(sized.trunk, width=32, layers=2),
        projection=16,
        **changes,
    )


def small(**changes: object) -> EarlyFusion:
    torch.manual_seed(0)
    return EarlyFusion(config(**changes))


def padded(text: Texts, more: int) -> Texts:
    return Texts(**{each.name: pad(getattr(text, each.name), (0, more)) for each in dataclasses.fields(text)})


def test_it_embeds_and_matches():
    assert isinstance(small(), EmbedsBoth) and isinstance(small(), MatchesPairs)


def test_it_learns_from_pairs_only_and_says_so():
    for batch in (text_batch(3), image_batch(3)):
        with pytest.raises(ValueError, match=r"mixture\.pair=1"):
            small()(batch)


def test_several_texts_of_a_product_are_refused():
    batch = pair_batch(3, target=[1])
    with pytest.raises(ValueError, match=r"one picture and one text.*shown\.texts"):
        small()(dataclasses.replace(batch, text=pair_batch(4, target=[]).text))


def test_every_weight_learns_but_the_token_that_hides_patches():
    model, batch = small(), pair_batch(6, target=[1, 0, 1], share=0.0)
    losses = model(batch)
    assert {name: loss.count for name, loss in losses.items()} == model.counts(batch)
    sum(loss.value / loss.count for loss in losses.values()).backward()
    assert [name for name, each in model.named_parameters() if each.grad is None] == ["image.mask_token"]


def test_without_fused_rows_it_is_a_dual_encoder():
    model, batch = small(), pair_batch(4, target=[])
    assert list(model(batch)) == list(model.counts(batch)) == ["itc"]


def test_a_text_alone_knows_no_picture_and_a_pair_does():
    model, batch = small().eval(), pair_batch(4, target=[1] * 4, share=0.0)
    pixels = model.normalise(batch.picture.pixels)
    alone = model.project_images(pixels)
    assert torch.equal(alone, model.project_images(pixels))
    believed = model.matches(pixels, batch.text)
    other = model.matches(pixels.roll(1, dims=0), batch.text)
    assert not torch.allclose(believed, other)
    # Fused from the first block on: what the words become depends on the picture that they are read with.
    with torch.no_grad():
        own = model._map_pairs(pixels, batch.text.ids, text=batch.text, kept=None)[1]
        others = model._map_pairs(pixels.roll(1, dims=0), batch.text.ids, text=batch.text, kept=None)[1]
    assert not torch.allclose(own, others)


def test_padding_changes_no_answer():
    model, batch = small().eval(), pair_batch(4, target=[1] * 4, share=0.0)
    pixels, more = model.normalise(batch.picture.pixels), padded(batch.text, 3)
    torch.testing.assert_close(model.matches(pixels, more), model.matches(pixels, batch.text))
    torch.testing.assert_close(model.project_texts(more), model.project_texts(batch.text))


@pytest.mark.parametrize("spread", ["standardised", "free"])
def test_pieces_of_a_batch_are_the_whole_of_it(spread):
    found = {}
    for pieces in (1, 3):
        model = small(spread=spread)
        model.thrift = Thrift(micro_batches=pieces, recompute=pieces > 1)
        losses = model(pair_batch(7, target=[1, 0, 1, 1], share=0.0))
        sum(loss.value / loss.count for loss in losses.values()).backward()
        grads = [each.grad for each in model.parameters() if each.grad is not None]
        found[pieces] = [*(loss.value.detach() for loss in losses.values()), *grads]
    for one, other in zip(found[1], found[3], strict=True):
        # A bias that is standardised away has a gradient of rounding alone.
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_a_few_steps_tell_true_pairs_from_false_ones():
    model = small()
    # Texts that are their pictures' own in the first four rows, and another row's in the last four.
    batch = pair_batch(8, target=[1] * 4 + [0] * 4, share=0.0)
    batch = with_fused(batch, rows=[0, 1, 2, 3, 5, 6, 7, 4])
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    first = model(batch)["itm"]
    for _ in range(30):
        losses = model(batch)
        sum(loss.value / loss.count for loss in losses.values()).backward()
        optimiser.step()
        optimiser.zero_grad()
    last = model(batch)["itm"]
    assert last.value / last.count < 0.3 * first.value / first.count


def with_fused(batch: PairBatch, *, rows: list[int]) -> PairBatch:
    text = Texts(**{each.name: getattr(batch.text, each.name)[rows] for each in dataclasses.fields(batch.text)})
    return dataclasses.replace(batch, fused=text)


def test_layers_before_the_two_meet_are_refused():
    sized = EarlyFusionConfig.sized("tiny", vocabulary=50)
    with pytest.raises(ValueError, match=r"model\.text\.layers is 2.*model\.trunk\.layers"):
        dataclasses.replace(sized, text=dataclasses.replace(sized.text, layers=2))
    with pytest.raises(ValueError, match=r"model\.image\.width is 64 and model\.trunk\.width 128"):
        dataclasses.replace(sized, image=dataclasses.replace(sized.image, width=64))


def test_pictures_and_texts_are_paired_one_to_one():
    with pytest.raises(ValueError, match="1 pictures cannot be paired with 2 texts"):
        small().match_pairs([b""], ["a", "b"])
