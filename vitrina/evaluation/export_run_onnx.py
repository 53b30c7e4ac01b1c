"""A run's model as ONNX graphs, with all that a program without Vitrina needs to use them."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from tqdm import tqdm

from vitrina.data.inputs import Inputs
from vitrina.data.text import pad_id
from vitrina.evaluation.export_run_check import TOLERANCE, Check, Exports, Probe, Written, differing, largest
from vitrina.evaluation.export_run_towers import OPSET, check_onnx, write_image_tower, write_matcher, write_text_tower
from vitrina.models.checkpoint import write_bytes
from vitrina.models.flava import Flava

_FITS = {
    "pad": 'ImageOps.pad(photo, (max(photo.size),) * 2, color="white").resize((side, side), Image.Resampling.BICUBIC)',
    "crop": "ImageOps.fit(photo, (side, side), Image.Resampling.BICUBIC)",
    "stretch": "photo.resize((side, side), Image.Resampling.BICUBIC)",
}


def write_onnx(model: Exports, *, folder: Path, probe: Probe, about: Mapping[str, str]) -> Written:
    """Write graphs, tokenizer and description into `folder` and ask the graphs what the model is asked."""
    check_onnx()
    inputs = model.read_inputs()
    towers = {"image.onnx": write_image_tower, "text.onnx": write_text_tower}
    with tqdm(desc="exporting", unit="graph", total=2 + isinstance(model, Flava), delay=2, disable=None) as bar:
        for name, write in towers.items():
            write(model, path=folder / name, about=about)
            bar.update()
        if isinstance(model, Flava):
            write_matcher(model, path=folder / "match.onnx", about=about)
            bar.update()
    tokenizer = _self_sufficient(inputs)
    write_bytes(folder / "tokenizer.json", content=tokenizer.to_str().encode())
    write_bytes(folder / "config.json", content=_description(model, inputs=inputs, about=about))
    return Written(_use(model, inputs=inputs), _compared(model, folder=folder, probe=probe, tokenizer=tokenizer))


def _self_sufficient(inputs: Inputs) -> Tokenizer:
    """The tokenizer with its truncation and padding switched on, so that whoever loads it need not know of them."""
    tokenizer = Tokenizer.from_str(inputs.tokenizer.to_str())
    tokenizer.enable_truncation(inputs.max_tokens, strategy="longest_first")
    filler = pad_id(tokenizer)
    tokenizer.enable_padding(pad_id=filler, pad_token=tokenizer.id_to_token(filler))
    return tokenizer


def _description(model: Exports, *, inputs: Inputs, about: Mapping[str, str]) -> bytes:
    geometry = inputs.geometry
    graphs = {
        "image.onnx": {"inputs": {"pixels": ["rows", 3, geometry.size_px, geometry.size_px]}, "output": "vectors"},
        "text.onnx": {"inputs": {"ids": ["rows", "tokens"], "mask": ["rows", "tokens"]}, "output": "vectors"},
    }
    if isinstance(model, Flava):
        both = {name: shape for graph in graphs.values() for name, shape in graph["inputs"].items()}
        graphs["match.onnx"] = {"inputs": both, "output": "probability"}
    content = {
        "size_px": geometry.size_px,
        "fit": geometry.fit,
        "max_tokens": inputs.max_tokens,
        "dimensions": model.dimensions,
        "opset": OPSET,
        "graphs": graphs,
        **about,
    }
    return (json.dumps(content, indent=2) + "\n").encode()


def _compared(model: Exports, *, folder: Path, probe: Probe, tokenizer: Tokenizer) -> list[Check]:
    """The largest differences, on pixels and tokens as the model reads them and, for texts, as the folder does."""
    from onnxruntime import InferenceSession

    def ask(name: str, **given: np.ndarray) -> np.ndarray:
        session = InferenceSession(str(folder / name), providers=["CPUExecutionProvider"])
        return np.asarray(session.run(None, given)[0])

    inputs = model.read_inputs()
    pixels = inputs.pictures(probe.pictures).numpy()
    read = tokenizer.encode_batch(list(probe.texts))
    ids = np.array([each.ids for each in read], dtype=np.int64)
    mask = np.array([each.attention_mask for each in read], dtype=np.int64)
    noise = np.random.default_rng(1).integers(0, 256, pixels[:4].shape, dtype=np.uint8)
    shortest = inputs.texts([""])
    short = {"ids": shortest.ids.numpy(), "mask": shortest.is_token.long().numpy()}
    checks = [
        Check("tokens that differ", differing(ids, inputs.texts(probe.texts).ids.numpy()), 0),
        Check(
            "picture vectors", largest(ask("image.onnx", pixels=pixels), model.embed_images(probe.pictures)), TOLERANCE
        ),
        Check("picture vectors of noise", largest(ask("image.onnx", pixels=noise), _vectors(model, noise)), TOLERANCE),
        Check("text vectors", largest(ask("text.onnx", ids=ids, mask=mask), model.embed_texts(probe.texts)), TOLERANCE),
        Check("text vector of no words", largest(ask("text.onnx", **short), model.embed_texts([""])), TOLERANCE),
    ]
    if isinstance(model, Flava):
        found = ask("match.onnx", pixels=pixels, ids=ids, mask=mask)
        checks.append(Check("matching", largest(found, model.match_pairs(probe.pictures, probe.texts)), TOLERANCE))
    return checks


@torch.no_grad()
def _vectors(model: Exports, pixels: np.ndarray) -> np.ndarray:
    return torch.nn.functional.normalize(
        model.project_images(model.normalise(torch.from_numpy(pixels))), dim=-1
    ).numpy()


def _use(model: Exports, *, inputs: Inputs) -> list[str]:
    """How to use the folder; it runs as it stands, beside a `photo.jpg`."""
    lines = [
        "```python",
        "# pip install onnxruntime tokenizers numpy pillow",
        "import numpy as np",
        "from onnxruntime import InferenceSession",
        "from PIL import Image, ImageOps",
        "from tokenizers import Tokenizer",
        "",
        f'side, photo = {inputs.geometry.size_px}, Image.open("photo.jpg").convert("RGB")',
        f"square = {_FITS[inputs.geometry.fit]}",
        "pixels = np.asarray(square).transpose(2, 0, 1)[None]",
        'read = Tokenizer.from_file("tokenizer.json").encode_batch(["red mug", "blue shirt"])',
        "ids, mask = np.array([each.ids for each in read]), np.array([each.attention_mask for each in read])",
        'pictures = InferenceSession("image.onnx").run(None, {"pixels": pixels})[0]',
        'texts = InferenceSession("text.onnx").run(None, {"ids": ids, "mask": mask})[0]',
        "print(texts @ pictures.T)  # cosines: the higher, the better the text describes the picture",
        "```",
        "",
        "Pictures are uint8, texts int64, vectors float32 of length one; any number of rows. Resizing is Pillow's here",
        "and torch's in Vitrina: pixels differ by a shade where a picture is made much smaller.",
    ]
    if isinstance(model, Flava):
        lines += [
            "`match.onnx` takes `pixels`, `ids` and `mask` of pairs: how probable is it that they belong together?"
        ]
    return lines
