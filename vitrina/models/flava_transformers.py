"""FLAVA from and to transformers' `FlavaForPreTraining`: a folder, a hub id or the model itself.

Reading and writing back is bit for bit: what our model has no use for (three poolers that no loss reaches, the frozen
image codebook, the tokenizer's and processor's files) is carried along.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from tokenizers import Tokenizer
from torch import Tensor

from vitrina.data.inputs import Inputs
from vitrina.data.pictures import PictureGeometry
from vitrina.models.checkpoint import (
    WEIGHTS,
    Carried,
    load_exactly,
    to_ours,
    to_theirs,
    write_bytes,
    write_tensors,
)
from vitrina.models.flava import Flava, FlavaConfig
from vitrina.models.flava_names import (
    HEADS,
    config_from_transformers,
    config_to_transformers,
    names,
    refuse_what_does_not_fit,
)
from vitrina.models.published import Published, read_published

if TYPE_CHECKING:
    from transformers import FlavaForPreTraining

CARRIED_FILES = (
    "preprocessor_config.json",
    "processor_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vitrina.json",  # ours: what the others have no word for
    "vocab.txt",
)
CARRIED_TENSORS = (
    "flava.image_model.pooler.",
    "flava.text_model.pooler.",
    "flava.multimodal_model.pooler.",
    "image_codebook.",
)
PAIR_TOKENS = 77  # the text length that the public checkpoint was trained with on pairs


def read_flava(model_or_path: "FlavaForPreTraining | str | Path") -> Flava:
    """A folder, a hub id or a transformers model -> ours, with `inputs` where the checkpoint brings a tokenizer."""
    checkpoint = read_published(model_or_path, files=CARRIED_FILES)
    processor = json.loads(checkpoint.files.get("preprocessor_config.json", b"{}"))
    config = config_from_transformers(checkpoint.config, processor=processor, origin=checkpoint.origin)
    translated = to_ours(untied(checkpoint), names=names(config), origin=checkpoint.origin)
    strangers = sorted(name for name in translated.rest if not name.startswith(CARRIED_TENSORS))
    if strangers:
        raise ValueError(f"The checkpoint {checkpoint.origin} has unexpected tensors: {', '.join(strangers[:5])}")

    model = Flava(config, inputs=_inputs(checkpoint, config))
    load_exactly(model, tensors=translated.ours, origin=checkpoint.origin)
    model.carried = Carried(checkpoint.config, tensors=translated.rest, files=checkpoint.files)
    return model


def write_flava(model: Flava, *, path: str | Path) -> None:
    """Write config.json, model.safetensors, and the tokenizer's and processor's files into the folder `path`.

    A model that was not read from transformers gets identity poolers, which `FlavaForPreTraining` holds and no loss
    uses, and no image codebook. Raises ValueError for a model that `FlavaForPreTraining` cannot hold.
    """
    refuse_what_does_not_fit(model.config)
    carried = model.carried or Carried(config_to_transformers(model.config), _poolers(model.config), _files(model))
    tensors = to_theirs(_exportable(model), names=names(model.config)) | carried.tensors
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in carried.files.items():
        write_bytes(folder / name, content=content)
    write_tensors(folder / WEIGHTS, tensors=tensors, metadata={"format": "pt"})
    write_bytes(folder / "config.json", content=_json(carried.config))


def untied(checkpoint: Published) -> dict[str, Tensor]:
    """The tensors without the second names that transformers gives to the four heads' biases."""
    tensors = dict(checkpoint.tensors)
    for head in HEADS:
        second = tensors.pop(f"{head}.bias", None)
        if second is not None and not torch.equal(second, tensors.setdefault(f"{head}.decoder.bias", second)):
            raise ValueError(f"The checkpoint {checkpoint.origin} has two different biases for {head}")
    return tensors


def _exportable(model: Flava) -> dict[str, Tensor]:
    """The state dict with each projection as the one linear map that it is when the model answers."""
    state = model.state_dict()
    for name, projection in (("image", model.image_projection), ("text", model.text_projection)):
        state = {key: tensor for key, tensor in state.items() if not key.startswith(f"{name}_projection.")}
        merged = projection.merged()
        state |= {
            f"{name}_projection.linear.weight": merged.weight.detach(),
            f"{name}_projection.linear.bias": merged.bias.detach(),
        }
    return state


def _inputs(checkpoint: Published, config: FlavaConfig) -> Inputs | None:
    if "tokenizer.json" not in checkpoint.files:
        return None
    own = json.loads(checkpoint.files.get("vitrina.json", b"{}"))
    geometry = PictureGeometry(config.image.size_px, fit=own.get("fit", "stretch"), mean=config.mean, std=config.std)
    tokenizer = Tokenizer.from_str(checkpoint.files["tokenizer.json"].decode())
    return Inputs(tokenizer, geometry, max_tokens=own.get("max_tokens", min(PAIR_TOKENS, config.text.positions)))


def _files(model: Flava) -> dict[str, bytes]:
    """What `AutoImageProcessor` and `AutoTokenizer` need to read texts and pictures as this model does."""
    side = {"height": model.config.image.size_px, "width": model.config.image.size_px}
    processor = {
        "image_processor_type": "FlavaImageProcessor",
        "size": side,
        "crop_size": side,
        "image_mean": model.config.mean,
        "image_std": model.config.std,
        "input_size_patches": model.config.image.grid,
    }
    files = {"preprocessor_config.json": _json(processor)}
    if model.inputs is not None:
        specials = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "cls", "sep", "mask", "unk")}
        files["vitrina.json"] = _json({"fit": model.inputs.geometry.fit, "max_tokens": model.inputs.max_tokens})
        files["tokenizer.json"] = model.inputs.tokenizer.to_str().encode()
        files["tokenizer_config.json"] = _json(
            {
                "tokenizer_class": "PreTrainedTokenizerFast",
                "model_max_length": model.inputs.max_tokens,
                **{
                    name: token
                    for name, token in specials.items()
                    if model.inputs.tokenizer.token_to_id(token) is not None
                },
            }
        )
    return files


def _poolers(config: FlavaConfig) -> dict[str, Tensor]:
    widths = {"image": config.image.width, "text": config.text.width, "multimodal": config.multimodal.width}
    return {
        f"flava.{name}_model.pooler.dense.{part}": torch.eye(width) if part == "weight" else torch.zeros(width)
        for name, width in widths.items()
        for part in ("weight", "bias")
    }


def _json(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=2, sort_keys=True) + "\n").encode()
