"""A shop and recipes so small that a run takes a second."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import simplejpeg
import torch
from safetensors.torch import load_file

from vitrina import recipes
from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import write_catalogue
from vitrina.recipes.recipe import Recipe, with_settings
from vitrina.training.run_folder import TIMING, read_metrics

COLOURS = {"red": (200, 30, 30), "blue": (30, 30, 200), "green": (30, 160, 30), "negro": (10, 10, 10)}
KINDS = ("mug", "lámpara", "chair", "sofa", "camiseta XL-40")

COMMON = ("batch_rows=8", "steps=10", "checkpoint_every=5", "max_tokens=16", "vocabulary=300", "optim.warmup_steps=3")
TOWERS = (
    "geometry.size_px=16",
    "model.image.width=16",
    "model.image.layers=1",
    "model.text.width=16",
    "model.text.layers=1",
    "model.projection=8",
)


def picture(number: int) -> bytes:
    colour = np.array(list(COLOURS.values())[number % len(COLOURS)])
    noise = np.random.default_rng(number).integers(0, 40, (24, 18, 3))
    return simplejpeg.encode_jpeg(np.clip(colour + noise, 0, 255).astype(np.uint8), quality=90)


def title(number: int) -> str:
    return f"{KINDS[number % len(KINDS)]} {list(COLOURS)[number % len(COLOURS)]} nº {number}"


def products() -> list[Product]:
    """30 training pairs, 10 texts alone, 10 pictures alone, 6 held out."""
    made = []
    for number in range(56):
        has_text, has_picture = not 40 <= number < 50, not 30 <= number < 40
        made.append(
            Product(
                id=str(number),
                titles=(Text(title(number), "es"),) if has_text else (),
                pictures=(picture(number),) if has_picture else (),
                split="train" if number < 50 else "val",
            )
        )
    return made


def shop(folder: Path) -> Path:
    """The little shop as a catalogue in `folder`."""
    path = folder / "shop"
    write_catalogue(path, products())
    return path


def little_clip(*settings: str) -> Recipe:
    return with_settings(recipes.clip("tiny"), [*COMMON, *TOWERS, *settings])


def little_flava(*settings: str) -> Recipe:
    """Every loss but those of hidden patches, which need a codebook."""
    own = ("model.multimodal.width=16", "model.multimodal.layers=1", "mixture.text=0.3", "mixture.image=0")
    return with_settings(recipes.flava("tiny"), [*COMMON, *TOWERS, *own, "corruption.mim_share=0", *settings])


def little_codebook(*settings: str) -> Recipe:
    """Two by two codes a picture, as many as the little towers have patches."""
    own = ("geometry.size_px=16", "model.width=32", "model.blocks=1", "model.levels=4,3")
    return with_settings(recipes.codebook("tiny"), [*COMMON, *own, *settings])


def whole_flava(codebook: Path, *settings: str) -> Recipe:
    """All six losses; the targets of hidden patches are the codes of a little codebook's run."""
    shares = ("mixture.text=0.2", "mixture.image=0.2", "mixture.pair=0.6", "corruption.mim_share=0.4")
    return little_flava(*shares, "augment.views=2", f"codebook={codebook}", *settings)


def final_state(run: Path) -> dict[str, dict[str, torch.Tensor]]:
    """Every tensor of the newest checkpoint, by file."""
    newest = sorted((run / "checkpoints").glob("step-*"))[-1]
    return {path.stem: load_file(path) for path in sorted(newest.glob("*.safetensors"))}


def figures(run: Path) -> list[dict[str, Any]]:
    """The rows of a run's metrics without what no two runs share."""
    rows = read_metrics(run / "metrics.jsonl")
    return [{name: value for name, value in row.items() if name not in TIMING} for row in rows]


def assert_same_run(one: Path, other: Path) -> None:
    """The same weights, averages, optimiser state and rows, bit for bit."""
    assert figures(one) == figures(other)
    first, second = final_state(one), final_state(other)
    assert first.keys() == second.keys() and first["model"] and first["optimizer"]
    for file, tensors in first.items():
        assert tensors.keys() == second[file].keys()
        for name, tensor in tensors.items():
            assert torch.equal(tensor, second[file][name]), f"{file} {name}"


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
