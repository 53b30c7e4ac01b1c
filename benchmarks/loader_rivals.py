"""The sides that `benchmarks.loader` compares, each a function from rows of a catalogue to a batch of pictures."""

import io
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import simplejpeg
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import Catalogue, write_catalogue
from vitrina.data.batch import Batch, ImageBatch, PairBatch
from vitrina.data.builder import Negatives
from vitrina.data.codes import Codes, compute_codes
from vitrina.data.corruption import Corruption
from vitrina.data.inputs import Inputs
from vitrina.data.loader import Loader
from vitrina.data.mixture import Mixture
from vitrina.data.pictures import Augment, PictureGeometry
from vitrina.data.planning import plan_run
from vitrina.data.sources import Kind, Source, find_sources
from vitrina.data.stock import Stock
from vitrina.data.text import train_tokenizer

from .ingest_shop import rows as shop_rows

Fit = Literal["pad", "crop", "stretch"]

SIZE_PX, GRID = 224, 14
PLAIN = Augment(flip=False, shift_share=0.0, scale_share=0.0, aspect_share=0.0)


@dataclass(frozen=True)
class Side:
    """A way to load: `load` makes the batch of a step, and the pixels that it yields where they are to be compared."""

    name: str
    load: Callable[[int], Tensor]


def photographs(count: int, *, shortest: int, longest: int) -> Iterator[bytes]:
    """JPEGs with detail at every scale, as photographs have, from `shortest` to `longest` px on the longer side."""
    draw = np.random.default_rng(0)
    for _ in range(count):
        longer = int(draw.integers(shortest, longest + 1))
        size = (longer, int(longer * draw.uniform(0.6, 1.0)))
        total = np.zeros((size[1], size[0], 3), dtype=np.float32)
        for cells, weight in ((3, 70), (12, 40), (50, 20), (200, 10)):
            coarse = Image.fromarray(draw.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
            total += weight / 128 * (np.asarray(coarse.resize(size, Image.Resampling.BILINEAR), dtype=np.float32) - 128)
        file = io.BytesIO()
        Image.fromarray((total + 128).clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=85)
        yield file.getvalue()


def generated(folder: Path, *, count: int, shortest: int, longest: int) -> Catalogue:
    """A catalogue of generated photographs with a title and a description each."""
    pictures = photographs(count, shortest=shortest, longest=longest)
    return write_catalogue(
        folder,
        (
            Product(
                id=row["id"], titles=(Text(row["title"]),), descriptions=(Text(row["description"]),), pictures=(jpeg,)
            )
            for row, jpeg in zip(shop_rows(count), pictures, strict=True)
        ),
    )


class Blank:
    """A codebook that knows one code: looking codes up costs the same whatever they are."""

    code_count = 8192
    digest = "blank"

    def tokenise(self, pixels: Tensor) -> Tensor:
        return torch.zeros(len(pixels), GRID * GRID, dtype=torch.int64)


def sides(catalogue: Catalogue, *, rows: int, work: Path) -> list[Side]:
    """All sides on the same pictures, every one a batch of `rows` a step."""
    stock = Stock([catalogue])
    every = np.flatnonzero(stock.facts()["picture_count"].to_numpy() > 0)
    plain = _loader(stock, every, rows=rows, kind="image", fit="stretch", augment=PLAIN, corruption=_NOTHING)
    shown = [plain.batch(step).keys[:, 2].numpy() for step in range(2 * len(every) // rows)]
    in_memory = [[product.pictures[0] for product in stock.read(each)] for each in shown]
    trained = Augment(views=1)
    codes = compute_codes(
        stock,
        every,
        codebook=Blank(),
        geometry=PictureGeometry(SIZE_PX),
        augment=trained,
        seed=0,
        folder=work / f"codes-{catalogue.path.name}",
    )
    image = _loader(stock, every, rows=rows, kind="image", fit="pad", augment=trained, codes=codes)
    found = [
        Side("bare simplejpeg + resize", lambda step: bare(in_memory[step % len(shown)])),
        Side("ours, the same pixels", lambda step: _pixels(plain.batch(step % len(shown)))),
        Side("ours, FLAVA's picture batch", lambda step: _pixels(image.batch(step))),
    ]
    if stock.facts()["text_count"].to_numpy().any():
        pair = _loader(stock, every, rows=rows, kind="pair", fit="pad", augment=trained, codes=codes)
        found.append(Side("ours, FLAVA's pair batch", lambda step: _pixels(pair.batch(step))))
    return [*found, *_theirs(stock, every, shown=shown, work=work / f"datasets-{catalogue.path.name}")]


def bare(pictures: list[bytes]) -> Tensor:
    """What a batch of pictures costs at least: decoded at a reduced scale and resized, nothing else."""
    batch = torch.empty((len(pictures), 3, SIZE_PX, SIZE_PX), dtype=torch.uint8)
    for row, encoded in enumerate(pictures):
        pixels = simplejpeg.decode_jpeg(encoded, min_height=2 * SIZE_PX, min_width=2 * SIZE_PX, min_factor=2)
        square = torch.from_numpy(pixels).permute(2, 0, 1)[None]
        if square.shape[2:] != (SIZE_PX, SIZE_PX):
            square = F.interpolate(square, size=(SIZE_PX, SIZE_PX), mode="bicubic", antialias=True)
        batch[row] = square[0]
    return batch


_NOTHING = Corruption(mlm_share=0.0, mim_share=0.0, fused_share=0.0)


def _loader(
    stock: Stock,
    every: np.ndarray,
    *,
    rows: int,
    kind: Kind,
    fit: Fit,
    augment: Augment,
    corruption: Corruption | None = None,
    codes: Codes | None = None,
) -> Loader:
    sources: dict[Kind, Source] = {kind: find_sources(stock)[kind] if kind == "pair" else Source(kind, every)}
    plan = plan_run(
        stock,
        sources,
        mixture=Mixture(text=0, image=float(kind == "image"), pair=float(kind == "pair")),
        batch_rows=rows,
        seed=0,
        total_steps=1000,
    )
    texts = [text.text for product in stock.read(every[:500], pictures="none") for text in product.texts]
    return Loader(
        stock,
        sources,
        plan,
        Inputs(train_tokenizer(texts or ["-"], vocabulary=4000), PictureGeometry(SIZE_PX, fit), 64),
        negatives=Negatives(),
        augment=augment,
        corruption=corruption or Corruption(),
        grid=0 if corruption is _NOTHING else GRID,
        codes=codes,
        workers=0,
    )


def _pixels(batch: Batch) -> Tensor:
    assert isinstance(batch, ImageBatch | PairBatch)
    return batch.picture.pixels


def _theirs(stock: Stock, every: np.ndarray, *, shown: list[np.ndarray], work: Path) -> list[Side]:
    """transformers' processors on a `datasets` folder, through torch's DataLoader, as their guides have it."""
    import datasets
    import transformers
    from torch.utils.data import DataLoader

    datasets.disable_progress_bars()
    logging.getLogger("transformers").setLevel(logging.ERROR)
    if not work.exists():
        encoded = [{"bytes": product.pictures[0], "path": None} for product in stock.read(every)]
        features = datasets.Features({"image": datasets.Image()})
        datasets.Dataset.from_dict({"image": encoded}, features=features).save_to_disk(str(work))
    clip, flava = transformers.CLIPImageProcessorPil(), transformers.FlavaImageProcessorPil()

    def clip_pixels(examples: dict[str, list[Image.Image]]) -> Any:
        return clip([image.convert("RGB") for image in examples["image"]], return_tensors="pt")

    def flava_pixels(examples: dict[str, list[Image.Image]]) -> Any:
        pictures = [image.convert("RGB") for image in examples["image"]]
        asked: dict[str, Any] = {"return_image_mask": True, "return_codebook_pixels": True}
        return flava(pictures, return_tensors="pt", **asked)

    def side(name: str, transform: Callable[[dict[str, list[Image.Image]]], Any]) -> Side:
        data = datasets.Dataset.load_from_disk(str(work)).with_transform(transform)

        def load(step: int) -> Tensor:
            places = np.searchsorted(every, shown[step % len(shown)]).tolist()
            (batch,) = DataLoader(data, batch_size=len(places), sampler=places)  # type: ignore[arg-type]
            return batch["pixel_values"]

        return Side(name, load)

    return [side("CLIPImageProcessor + datasets", clip_pixels), side("FlavaImageProcessor + datasets", flava_pixels)]
