"""How well pictures survive an image codebook, in figures and to look at."""

import io
import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from vitrina.catalogue.product import Product
from vitrina.data.pictures import PictureGeometry, decode
from vitrina.evaluation.evaluation import Metric, Section
from vitrina.evaluation.gallery import data_address
from vitrina.evaluation.measure import UnaskableError
from vitrina.evaluation.report import Reconstructions
from vitrina.models.codebook import Codebook, measure_codebook

_AT_ONCE = 128
_SHOWN = 16


def codebook_section(codebook: Codebook, *, products: Sequence[Product], geometry: PictureGeometry) -> Section:
    """PSNR, codes used and their entropy on the products' first pictures.

    Raises UnaskableError where no product has a picture.
    """
    pictures = _pictures(products)
    if not pictures:
        raise UnaskableError("no held-out product has a picture")
    quality = measure_codebook(codebook, _batches(pictures, geometry=geometry))
    sizes = f"{codebook.config.size_px} px, {codebook.config.grid**2} codes each"
    return Section(
        key="codebook",
        title="Codebook: pictures from their codes",
        note=f"{quality.text()}. Pictures are compared at {sizes}. Base rate: the mean picture in the place of every "
        "picture; one code for everything.",
        questions=quality.pictures,
        metrics=(
            Metric("PSNR", quality.psnr_db, "dB", base=_mean_picture_psnr(codebook, pictures, geometry=geometry)),
            Metric("PSNR, pooled", quality.pooled_psnr_db, "dB"),
            Metric("codes used", quality.codes_used / quality.code_count, base=1 / quality.code_count),
            Metric("entropy of the codes", quality.entropy_bits, "bits", base=0.0),
            Metric("entropy if all were even", math.log2(quality.code_count), "bits"),
        ),
    )


def reconstructions(
    codebook: Codebook, *, products: Sequence[Product], geometry: PictureGeometry, seed: int
) -> Reconstructions | None:
    """Some pictures, drawn by the seed, above what their codes say of them; None where there are no pictures."""
    pictures = _pictures(products)
    if not pictures:
        return None
    chosen = np.random.default_rng(seed).permutation(len(pictures))[:_SHOWN]
    pixels = next(_batches([pictures[number] for number in chosen], geometry=geometry))
    rebuilt = codebook.decode_codes(codebook.tokenise(pixels))
    return Reconstructions(
        sentence=f"Above a held-out picture, below what the decoder makes of its {codebook.config.grid**2} codes, each "
        f"one of {codebook.code_count:,}. Hidden patches are predicted as these codes.",
        originals=[_address(picture) for picture in codebook.resized(pixels)],
        rebuilt=[_address(picture) for picture in rebuilt],
    )


def _pictures(products: Sequence[Product]) -> list[bytes]:
    return [product.pictures[0] for product in products if product.pictures]


def _batches(pictures: Sequence[bytes], *, geometry: PictureGeometry) -> Iterator[Tensor]:
    with tqdm(total=len(pictures), desc="pictures and their codes", delay=2, leave=False) as bar:
        for start in range(0, len(pictures), _AT_ONCE):
            some = pictures[start : start + _AT_ONCE]
            yield torch.from_numpy(np.stack([decode(encoded, geometry=geometry) for encoded in some]))
            bar.update(len(some))


def _mean_picture_psnr(codebook: Codebook, pictures: Sequence[bytes], *, geometry: PictureGeometry) -> float:
    """Mean PSNR in dB of showing the mean picture for every picture."""
    parts = [codebook.resized(pixels).cpu() for pixels in _batches(pictures, geometry=geometry)]
    mean = torch.stack([part.sum(0, dtype=torch.float64) for part in parts]).sum(0) / len(pictures)
    errors = torch.cat([(part - mean).square().mean(dim=(1, 2, 3)) for part in parts])
    return float((10 * (255**2 / errors.clamp(min=1 / 12)).log10()).mean())


def _address(picture: Tensor) -> str:
    """A (3, h, w) uint8 picture as a data address."""
    buffer = io.BytesIO()
    Image.fromarray(picture.permute(1, 2, 0).cpu().numpy()).save(buffer, format="PNG")
    return data_address(buffer.getvalue())
