"""transformers' FLAVA from scratch on a shop's pairs, in a process of its own: how it learns, and what a step costs.

    python -m benchmarks.time_to_quality_theirs JOB.json

The loop is the one that its documentation shows: `FlavaForPreTraining` is given what its image processor (pixels,
masks of patches, pixels for the codebook) and its collator for masked words make of pictures and texts, and
AdamW follows `output.loss`. To learn from the fewest seconds, `learn` prepares pixels and image codes once and runs in
bfloat16; `cost` times steps exactly as documented and with each of these savings. Pairs only, all of them true: masked
words and patches beside each other, and the contrastive loss.
"""

import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tokenizers import Tokenizer
from torch import Tensor
from transformers import DataCollatorForLanguageModeling, FlavaConfig, FlavaForPreTraining
from transformers.models.flava.image_processing_pil_flava import FlavaImageProcessorPil
from transformers.tokenization_utils_tokenizers import PreTrainedTokenizerFast

from vitrina.catalogue.product import Product
from vitrina.catalogue.store import Catalogue
from vitrina.data.inputs import Inputs
from vitrina.data.text import mask_id, pad_id
from vitrina.evaluation.heldout import held_out
from vitrina.models.checkpoint import write_bytes
from vitrina.models.codebook import Codebook
from vitrina.models.flava import FlavaConfig as OurConfig
from vitrina.recipes.recipe import Recipe
from vitrina.tasks import search
from vitrina.training.load import load
from vitrina.training.run_folder import RunFolder

PADDED = 77
TIMED = 3


@dataclass(frozen=True)
class TheirJob:
    """What to learn from: `like` is a run of ours, whose tokenizer, shape, batch and codebook are taken over."""

    catalogue: str
    like: str
    lr: float
    seed: int
    look_every: int
    enough: float
    most_cpu_seconds: float
    record: str
    only_cost: bool = False


@dataclass(frozen=True)
class Look:
    """How good it was after so many steps and CPU seconds of work, evaluation left out."""

    step: int
    cpu_seconds: float
    recall_at_10: float


@dataclass(frozen=True)
class TheirRun:
    """The looks of a run; `before` are the CPU seconds of preparing, `steps_cost` those of a step by how it is done."""

    looks: list[dict[str, float]]
    before: float
    step_cost: dict[str, float]


def main() -> None:
    job = TheirJob(**json.loads(Path(sys.argv[1]).read_text()))
    random.seed(job.seed)
    np.random.seed(job.seed)
    torch.manual_seed(job.seed)
    shop = Shop(job)
    if job.only_cost:
        run = TheirRun([], 0.0, cost(shop))
    else:
        looks, before = learn(shop, job)
        run = TheirRun([asdict(each) for each in looks], before, {})
    write_bytes(Path(job.record), content=json.dumps(asdict(run), indent=1).encode())


class Shop:
    """The products, and what turns them into inputs the way transformers does."""

    def __init__(self, job: TheirJob) -> None:
        folder = RunFolder(job.like)
        self.recipe: Recipe = folder.recipe
        tokenizer = folder.tokenizer()
        assert isinstance(tokenizer, Tokenizer) and isinstance(self.recipe.model, OurConfig)
        self.shape = self.recipe.model
        opened = Catalogue.open(job.catalogue)
        is_train = np.array(opened.facts()["split"].to_pylist(), dtype=object) == "train"
        self.train: list[Product] = opened.read(np.flatnonzero(is_train))
        self.inputs = Inputs(tokenizer, self.recipe.geometry, self.recipe.max_tokens)
        self.held: list[Product] = held_out(opened, split="val", seed=0).products
        self.tokenizer = PreTrainedTokenizerFast(
            tokenizer_object=Tokenizer.from_str(tokenizer.to_str()),
            mask_token=tokenizer.id_to_token(mask_id(tokenizer)),
            pad_token=tokenizer.id_to_token(pad_id(tokenizer)),
            cls_token="[CLS]",
            sep_token="[SEP]",
            unk_token="[UNK]",
        )
        self.collator = DataCollatorForLanguageModeling(self.tokenizer, mlm_probability=0.15)
        side, grid = self.shape.image.size_px, self.shape.image.grid
        square, small = {"height": side, "width": side}, {"height": 8 * grid, "width": 8 * grid}
        self.processor = FlavaImageProcessorPil(
            size=square,
            crop_size=square,
            codebook_size=small,
            codebook_crop_size=small,
            input_size_patches=grid,
            total_mask_patches=round(75 / 196 * grid**2),
            mask_group_min_patches=max(1, round(16 / 196 * grid**2)),
        )

    def model(self, *, codebook: torch.nn.Module | None) -> FlavaForPreTraining:
        """Their model with our widths, layers, heads, patches and vocabularies; its own codebook where none is
        given.
        """
        image, text, fused = self.shape.image, self.shape.text, self.shape.multimodal

        def tower(layers: int) -> dict[str, int]:
            width, inner = image.width, round(image.width * image.mlp_ratio)
            heads = image.heads
            return {
                "hidden_size": width,
                "num_hidden_layers": layers,
                "num_attention_heads": heads,
                "intermediate_size": inner,
            }

        codes = self.shape.codes if codebook is not None else 8192
        config = FlavaConfig(
            image_config=tower(image.layers)
            | {"image_size": image.size_px, "patch_size": image.patch_px, "vocab_size": codes},
            text_config=tower(text.layers)
            | {"vocab_size": text.vocabulary, "pad_token_id": self.tokenizer.pad_token_id},
            multimodal_config=tower(fused.layers),
            hidden_size=image.width,
            projection_dim=self.shape.projection,
        )
        return FlavaForPreTraining(config, image_codebook=codebook)

    def texts(self, some: Sequence[Product], *, pads_to_77: bool) -> dict[str, Tensor]:
        """Token ids and their mask, as the documentation's two examples pad: to 77, or to the longest."""
        titles = [each.titles[0].text for each in some]
        padding = "max_length" if pads_to_77 else "longest"
        longest = PADDED if pads_to_77 else self.recipe.max_tokens
        read = self.tokenizer(titles, padding=padding, max_length=longest, truncation=True, return_tensors="pt")
        masked = self.collator([{"input_ids": ids} for ids in read["input_ids"]])
        return {
            "input_ids": read["input_ids"],
            "attention_mask": read["attention_mask"],
            "input_ids_masked": masked["input_ids"],
            "mlm_labels": masked["labels"],
        }

    def pictures(self, some: Sequence[Product], *, for_codebook: bool) -> dict[str, Tensor]:
        """Pixels, masks of patches and, where asked for, pixels for the codebook."""
        decoded = [Image.open(BytesIO(each.pictures[0])).convert("RGB") for each in some]
        return dict(
            self.processor.preprocess(
                decoded, return_image_mask=True, return_codebook_pixels=for_codebook, return_tensors="pt"
            )
        )

    def masks(self, rows: int) -> Tensor:
        """Fresh masks of patches by the processor's own generator."""
        settings = self.processor
        generator = settings.masking_generator(
            settings.input_size_patches,
            settings.total_mask_patches,
            settings.mask_group_min_patches,
            settings.mask_group_max_patches,
            settings.mask_group_min_aspect_ratio,
            settings.mask_group_max_aspect_ratio,
        )
        return torch.stack([generator() for _ in range(rows)])

    def codes(self) -> Tensor:
        """(n, p) our codebook's codes of the training pictures in their plain view."""
        codebook = load(str(self.recipe.codebook))
        assert isinstance(codebook, Codebook)
        parts = [
            codebook.tokenise(self.inputs.pictures([each.pictures[0] for each in self.train[start : start + 256]]))
            for start in range(0, len(self.train), 256)
        ]
        return torch.cat(parts)


def learn(shop: Shop, job: TheirJob) -> tuple[list[Look], float]:
    """Train until a look is good enough or the CPU seconds are spent: the looks, and the seconds before."""
    pixels = torch.cat(
        [
            shop.pictures(shop.train[start : start + 256], for_codebook=False)["pixel_values"]
            for start in range(0, len(shop.train), 256)
        ]
    )
    codes = shop.codes()
    model = shop.model(codebook=torch.nn.Identity())
    optimiser = _optimiser(model, lr=job.lr)
    spent = before = time.process_time()
    looks: list[Look] = []
    for number, rows in enumerate(_rows(len(shop.train), batch=shop.recipe.batch_rows), start=1):
        inputs = shop.texts([shop.train[row] for row in rows], pads_to_77=False)
        inputs |= {
            "pixel_values": pixels[rows],
            "bool_masked_pos": shop.masks(len(rows)),
            "mim_labels": codes[rows].clone(),
        }
        _warm(optimiser, lr=job.lr, step=number, warmup=shop.recipe.optim.warmup_steps)
        _step(model, inputs, optimiser=optimiser, precision=torch.autocast("cpu", torch.bfloat16))
        if number % job.look_every == 0:
            spent_now = time.process_time()
            recall = _recall(shop, model)
            looks.append(Look(number, spent_now - spent + before, recall))
            spent += time.process_time() - spent_now
            print(f"step {number}: {looks[-1].cpu_seconds:.0f} CPU s, R@10 {100 * recall:.1f}", flush=True)
            if recall >= job.enough or looks[-1].cpu_seconds >= job.most_cpu_seconds:
                return looks, before
    raise AssertionError("rows never end")


def cost(shop: Shop) -> dict[str, float]:
    """CPU seconds of a step: as documented, then with one saving after another; one step to warm up, three timed."""
    rows = shop.recipe.batch_rows
    some = shop.train[:rows]
    found = {}
    for name, is_cached, online, pads, precision in (
        ("as documented", False, True, True, nullcontext()),
        ("preprocessing cached", True, True, True, nullcontext()),
        ("image codes cached too", True, False, True, nullcontext()),
        ("padded to the longest too", True, False, False, nullcontext()),
        ("in bfloat16 too", True, False, False, torch.autocast("cpu", torch.bfloat16)),
    ):
        model = shop.model(codebook=None if online else torch.nn.Identity())
        optimiser = _optimiser(model, lr=1e-4)
        cached = shop.pictures(some, for_codebook=online)
        began = 0.0
        for step in range(1 + TIMED):
            if step == 1:
                began = time.process_time()
            pictures = cached if is_cached else shop.pictures(some, for_codebook=online)
            inputs = pictures | shop.texts(some, pads_to_77=pads)
            if not online:
                inputs["mim_labels"] = torch.zeros(rows, shop.shape.image.patches, dtype=torch.long)
            _step(model, inputs, optimiser=optimiser, precision=precision)
        found[name] = (time.process_time() - began) / TIMED
        print(f"{name}: {found[name]:.2f} CPU s a step of {rows} pairs", flush=True)
    return found


def _step(
    model: FlavaForPreTraining,
    inputs: dict[str, Tensor],
    *,
    optimiser: torch.optim.Optimizer,
    precision: AbstractContextManager[object],
) -> None:
    model.train()
    with precision:
        loss = model(**inputs).loss
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()


def _optimiser(model: FlavaForPreTraining, *, lr: float) -> torch.optim.Optimizer:
    learns = [each for name, each in model.named_parameters() if not name.startswith("image_codebook")]
    return torch.optim.AdamW(learns, lr=lr, betas=(0.9, 0.98), weight_decay=0.1)


def _warm(optimiser: torch.optim.Optimizer, *, lr: float, step: int, warmup: int) -> None:
    for group in optimiser.param_groups:
        group["lr"] = lr * min(1.0, step / max(1, warmup))


def _rows(count: int, *, batch: int) -> Iterator[np.ndarray]:
    """Epoch after epoch in a new order, whole batches only."""
    while True:
        order = np.random.permutation(count)
        for start in range(0, count - batch + 1, batch):
            yield order[start : start + batch]


def _recall(shop: Shop, model: FlavaForPreTraining) -> float:
    """Strict text -> picture R@10 among the held-out products, by the measure of our own evaluation."""
    model.eval()
    pairs = [pair for product in shop.held if (pair := search.pose(product))]
    return float(search.answer(Theirs(shop, model), pairs=pairs, query="text").strict.recall(10).mean())


class Theirs:
    """Their towers as something that embeds texts and pictures."""

    def __init__(self, shop: Shop, model: FlavaForPreTraining) -> None:
        self._shop = shop
        self._model = model.flava

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        read = self._shop.tokenizer(
            list(texts), padding=True, truncation=True, max_length=self._shop.recipe.max_tokens, return_tensors="pt"
        )
        with torch.no_grad():
            states = self._model.text_model(input_ids=read["input_ids"], attention_mask=read["attention_mask"])
            found = self._model.text_projection(states.last_hidden_state[:, 0])
        return torch.nn.functional.normalize(found, dim=-1).numpy()

    def embed_images(self, pictures: Sequence[bytes]) -> np.ndarray:
        decoded = [Image.open(BytesIO(each)).convert("RGB") for each in pictures]
        pixels = self._shop.processor(decoded, return_tensors="pt")["pixel_values"]
        with torch.no_grad():
            states = self._model.image_model(pixel_values=pixels)
            found = self._model.image_projection(states.last_hidden_state[:, 0])
        return torch.nn.functional.normalize(found, dim=-1).numpy()


if __name__ == "__main__":
    main()
