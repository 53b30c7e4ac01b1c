import threading

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models

from vitrina.data.batch import ImageBatch, PairBatch, TextBatch
from vitrina.data.builder import Builder, Negatives
from vitrina.data.corruption import Corruption
from vitrina.data.inputs import Inputs
from vitrina.data.loader import Loader
from vitrina.data.mixture import Mixture
from vitrina.data.pictures import Augment, PictureGeometry, decode, fixed_views
from vitrina.data.sources import find_sources
from vitrina.data.text import text_key

from .loading import FakeCodes, by_row, loader, same, tensors


def test_each_kind_of_batch_holds_what_it_promises(stock, inputs):
    made = loader(stock, inputs, codes=FakeCodes())
    seen = {type(batch): batch for batch in made.batches(0, 20)}
    assert seen.keys() == {TextBatch, ImageBatch, PairBatch}
    for batch in seen.values():
        assert batch.keys.shape == (6, 3) and batch.keys.dtype == torch.int64
        assert torch.equal(batch.product, batch.keys[:, 2])
    image, pair, text = seen[ImageBatch], seen[PairBatch], seen[TextBatch]
    assert image.picture.pixels.shape == (6, 3, 16, 16) and image.picture.pixels.dtype == torch.uint8
    assert (image.picture.is_masked.sum(1) == round(16 * 75 / 196)).all()
    assert pair.picture.is_masked.shape == pair.picture.codes.shape == (6, 16)
    assert pair.text_matches.all() and not pair.text.is_masked.any()
    assert text.text.is_masked.any(1).all() and (text.keys[:, 0] == 0).all()
    for batch in (text, pair):
        products = stock.read(batch.product.numpy())
        for row, product in enumerate(products):
            texts = {text_key(each.text): each.text for each in product.texts}
            ids = batch.text.ids[row][batch.text.is_token[row]]
            assert ids.tolist() == inputs.tokenizer.encode(texts[int(batch.text_key[row])]).ids


def test_a_batch_is_a_pure_function_of_its_step(stock, inputs):
    first, second = loader(stock, inputs), loader(stock, inputs)
    forwards = [first.batch(step) for step in range(20)]
    assert all(same(second.batch(step), forwards[step]) for step in reversed(range(20)))


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_the_number_of_workers_changes_nothing(stock, inputs, workers):
    alone = list(loader(stock, inputs, workers=0).batches(0, 20))
    helped = list(loader(stock, inputs, workers=workers).batches(0, 20))
    assert len(helped) == 20 and all(map(same, alone, helped))


def test_a_run_may_stop_and_go_on_anywhere(stock, inputs):
    made = loader(stock, inputs)
    whole = list(made.batches(0, 12))
    assert all(map(same, whole, [*made.batches(0, 5), *made.batches(5, 12)]))
    assert list(made.batches(7, 7)) == []


@settings(max_examples=12, deadline=None)
@given(
    world=st.sampled_from([2, 3, 6]),
    step=st.integers(0, 19),
    itm=st.sampled_from(["pair", "segments"]),
    fused_share=st.sampled_from([0.0, 0.5, 0.7, 1.0]),
)
def test_the_ranks_together_see_the_whole_batch(stock, inputs, world, step, itm, fused_share):
    corruption = Corruption(itm=itm, itm_negative_share=0.4, fused_share=fused_share, patch_dropout=0.5)
    augment = Augment(erase_share=0.5)
    whole = loader(stock, inputs, corruption=corruption, augment=augment).batch(step)
    parts = [
        loader(stock, inputs, corruption=corruption, augment=augment, rank=rank, world=world).batch(step)
        for rank in range(world)
    ]
    assert {type(part) for part in parts} == {type(whole)} and {len(part.keys) for part in parts} == {6 // world}
    assert by_row(parts) == by_row([whole])


def test_ranks_that_do_not_divide_the_batch_are_refused(stock, inputs):
    with pytest.raises(ValueError, match="batch_rows is 6, which 4 processes"):
        loader(stock, inputs, world=4)


def pairs_of(made: Loader) -> list[PairBatch]:
    return [batch for batch in made.batches(0, 40) if isinstance(batch, PairBatch)]


def test_in_the_pair_form_the_fused_text_is_the_rows_own_or_one_of_its_negatives(stock, inputs):
    corruption = Corruption(itm_negative_share=0.5)
    builder = Builder(stock, find_sources(stock)["pair"].rows, negatives=Negatives(), seed=3)
    targets = []
    for batch in pairs_of(loader(stock, inputs, corruption=corruption)):
        assert torch.equal(batch.fused_matches, batch.target == 1)
        for row, target in enumerate(batch.target.tolist()):
            targets.append(target)
            ids = batch.fused.ids[row][batch.fused.is_token[row]].tolist()
            own = batch.text.ids[row][batch.text.is_token[row]].tolist()
            built = builder.build(int(batch.keys[row, 2]), epoch=int(batch.keys[row, 1]))
            negatives = [inputs.texts([text]).ids[0].tolist() for text in built.negatives]
            assert ids == own if target else (ids in negatives and not batch.fused.is_masked[row].any())
    assert 0.3 < np.mean(targets) < 0.7


def test_in_the_segments_form_the_target_names_the_rows_own_text(stock, inputs):
    for batch in pairs_of(loader(stock, inputs, corruption=Corruption(itm="segments"))):
        assert batch.fused_matches.all()
        for row, target in enumerate(batch.target.tolist()):
            true = (batch.fused.types[row] == target) & batch.fused.is_token[row] & (batch.fused.ids[row] > 4)
            own = [token for token in batch.text.ids[row].tolist() if token > 4]
            found = batch.fused.ids[row][true].tolist()
            assert found == own[: len(found)] and len(found) >= min(len(own), 9)


def test_a_clip_asks_for_no_fusion_and_gets_none(stock, inputs):
    corruption = Corruption(fused_share=0.0, mlm_share=0.0)
    made = loader(stock, inputs, mixture=Mixture(text=0, image=0, pair=1), corruption=corruption, grid=0)
    batch = made.batch(0)
    assert isinstance(batch, PairBatch)
    assert batch.fused.ids.shape[0] == len(batch.target) == len(batch.fused_matches) == 0
    assert batch.picture.is_masked.shape == batch.picture.codes.shape == (0, 0) and len(batch.text.ids) == 6


def test_half_of_a_pair_batch_may_be_fused(stock, inputs):
    for batch in pairs_of(loader(stock, inputs, corruption=Corruption(fused_share=0.5), codes=FakeCodes())):
        assert (
            len(batch.fused.ids) == len(batch.target) == len(batch.picture.is_masked) == len(batch.picture.codes) == 3
        )
        assert len(batch.picture.pixels) == len(batch.text.ids) == 6


def test_dropped_patches_concern_pairs_only_and_leave_the_rest_as_it_was(stock, inputs):
    whole = loader(stock, inputs, codes=FakeCodes())
    made = loader(stock, inputs, codes=FakeCodes(), corruption=Corruption(patch_dropout=0.5))
    for one, other in zip(whole.batches(0, 20), made.batches(0, 20), strict=True):
        mine, yours = tensors(one), tensors(other)
        assert mine.keys() == yours.keys()
        assert all(torch.equal(mine[name], yours[name]) for name in mine if name != ".picture.kept")
        if not isinstance(one, TextBatch):
            assert mine[".picture.kept"].shape == (6, 0)
            assert yours[".picture.kept"].shape == ((6, 8) if isinstance(one, PairBatch) else (6, 0))


def test_dropping_patches_of_a_model_without_patches_is_refused(stock, inputs):
    with pytest.raises(ValueError, match=r"corruption\.patch_dropout is 0\.5"):
        loader(stock, inputs, corruption=Corruption(patch_dropout=0.5), grid=0)


def test_codes_are_those_of_the_picture_and_view_that_is_seen(stock, inputs):
    augment, checked = Augment(views=3), 0
    for batch in loader(stock, inputs, augment=augment, codes=FakeCodes()).batches(0, 20):
        if isinstance(batch, TextBatch):
            continue
        for key, pixels, codes in zip(batch.keys.tolist(), batch.picture.pixels, batch.picture.codes, strict=True):
            row, rest = divmod(int(codes[0]), 1000)
            picture, view = rest // 100, rest % 100 // 20
            assert row == key[2]
            encoded = stock.read(np.array([row]))[0].pictures[picture]
            expected = fixed_views(augment, np.array([[row, picture, view]]), seed=3)[0]
            assert np.array_equal(pixels.numpy(), decode(encoded, geometry=inputs.geometry, view=expected))
            checked += 1
    assert checked > 50


def test_codes_of_fresh_views_are_refused(stock, inputs):
    with pytest.raises(ValueError, match=r"augment\.views is None"):
        loader(stock, inputs, augment=Augment(), codes=FakeCodes())
    still = Augment(flip=False, shift_share=0, scale_share=0, aspect_share=0)
    assert loader(stock, inputs, augment=still, codes=FakeCodes()).batch(0)


def test_codes_of_another_grid_are_refused(stock, inputs):
    made = loader(stock, inputs, mixture=Mixture(text=0, image=1, pair=0), codes=FakeCodes(), grid=5)
    with pytest.raises(ValueError, match="16 to a picture, but the model has 5 x 5"):
        made.batch(0)


def test_fresh_views_differ_between_epochs(stock, inputs):
    made = loader(stock, inputs, mixture=Mixture(text=0, image=1, pair=0), rows=9, augment=Augment())
    first, second = (
        {int(row): pixels for row, pixels in zip(batch.product, batch.picture.pixels, strict=True)}
        for batch in made.batches(0, 2)
    )
    assert first.keys() == second.keys() and sum(torch.equal(first[row], second[row]) for row in first) <= 1


def test_the_share_of_hidden_patches_follows_its_schedule(stock, inputs):
    corruption = Corruption(mim_share=0.25, mim_share_end=0.75)
    made = loader(stock, inputs, mixture=Mixture(text=0, image=1, pair=0), corruption=corruption)
    assert [int(made.batch(step).picture.is_masked[0].sum()) for step in (0, 10, 19, 50)] == [4, 8, 12, 12]


def test_a_tokenizer_without_a_mask_is_refused_before_the_first_step(stock):
    plain = Inputs(Tokenizer(models.WordLevel({"a": 0}, unk_token="a")), PictureGeometry(16), 8)
    with pytest.raises(ValueError, match="no mask token"):
        loader(stock, plain)
    assert loader(stock, plain, corruption=Corruption(mlm_share=0, fused_share=0), grid=0)


def test_only_a_few_batches_are_prepared_ahead_and_all_threads_end(stock, inputs):
    made, prepared = loader(stock, inputs, workers=2), []
    made.batch = lambda step: prepared.append(step) or step  # type: ignore[method-assign]
    batches = made.batches(0, 1000)
    assert [next(batches) for _ in range(3)] == [0, 1, 2]
    assert len(prepared) <= 3 + 2 * 2 + 1
    batches.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("vitrina-loader")]
