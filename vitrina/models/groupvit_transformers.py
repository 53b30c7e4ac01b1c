"""GroupViT from and to transformers' `GroupViTModel`: a folder, a hub id or the model itself.

Reading and writing back is bit for bit: what our model has no use for (how many batches the projectors have seen, the
tokenizer's and processor's files) is carried along.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from tokenizers import Tokenizer

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
from vitrina.models.groupvit import GroupViT, GroupViTConfig
from vitrina.models.groupvit_names import (
    config_from_transformers,
    config_to_transformers,
    names,
    refuse_what_does_not_fit,
)
from vitrina.models.published import read_published

if TYPE_CHECKING:
    from transformers import GroupViTModel

CARRIED_FILES = (
    "merges.txt",
    "preprocessor_config.json",
    "processor_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vitrina.json",  # ours: what the others have no word for
    "vocab.json",
)
_SEEN = ("text_projection.1.num_batches_tracked", "visual_projection.1.num_batches_tracked")
_OLD = ("text_model.embeddings.position_ids",)  # 0, 1, 2 …, which older versions of transformers wrote too


def read_groupvit(model_or_path: "GroupViTModel | str | Path") -> GroupViT:
    """A folder, a hub id or a transformers model -> ours, with `inputs` where the checkpoint brings a tokenizer."""
    checkpoint = read_published(model_or_path, files=CARRIED_FILES)
    processor = json.loads(checkpoint.files.get("preprocessor_config.json", b"{}"))
    config = config_from_transformers(checkpoint.config, processor=processor, origin=checkpoint.origin)
    translated = to_ours(checkpoint.tensors, names=names(config), origin=checkpoint.origin)
    strangers = sorted(translated.rest.keys() - {*_SEEN, *_OLD})
    if strangers:
        raise ValueError(f"The checkpoint {checkpoint.origin} has unexpected tensors: {', '.join(strangers[:5])}")
    own = json.loads(checkpoint.files.get("vitrina.json", b"{}"))
    model = GroupViT(config, inputs=_inputs(checkpoint.files, config=config, own=own))
    load_exactly(model, tensors=translated.ours, origin=checkpoint.origin)
    model.carried = Carried(checkpoint.config, tensors=translated.rest, files=checkpoint.files)
    return model


def write_groupvit(model: GroupViT, *, path: str | Path) -> None:
    """Write config.json, model.safetensors, and the tokenizer's and processor's files into the folder `path`.

    Raises ValueError for a model that `GroupViTModel` cannot hold.
    """
    refuse_what_does_not_fit(model.config)
    carried = model.carried or Carried(
        config_to_transformers(model.config), {name: torch.tensor(0) for name in _SEEN}, _files(model)
    )
    tensors = to_theirs(model.state_dict(), names=names(model.config)) | carried.tensors
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in carried.files.items():
        write_bytes(folder / name, content=content)
    write_tensors(folder / WEIGHTS, tensors=tensors, metadata={"format": "pt"})
    write_bytes(folder / "config.json", content=_json(carried.config))


def _inputs(files: Mapping[str, bytes], *, config: GroupViTConfig, own: Mapping[str, Any]) -> Inputs | None:
    if "tokenizer.json" not in files:
        return None
    # The published processor scales the shorter side and crops the centre.
    geometry = PictureGeometry(config.image.size_px, fit=own.get("fit", "crop"), mean=config.mean, std=config.std)
    tokenizer = Tokenizer.from_str(files["tokenizer.json"].decode())
    return Inputs(tokenizer, geometry, max_tokens=own.get("max_tokens", config.text.positions))


def _files(model: GroupViT) -> dict[str, bytes]:
    """What `AutoImageProcessor` and `AutoTokenizer` need to read texts and pictures as this model does."""
    config = model.config
    processor = {
        "image_processor_type": "CLIPImageProcessor",
        "size": {"shortest_edge": config.image.size_px},
        "crop_size": {"height": config.image.size_px, "width": config.image.size_px},
        "image_mean": config.mean,
        "image_std": config.std,
    }
    files = {"preprocessor_config.json": _json(processor)}
    if model.inputs is not None:
        specials = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "cls", "sep", "mask", "unk")}
        tokenizer = model.inputs.tokenizer
        known = {name: token for name, token in specials.items() if tokenizer.token_to_id(token) is not None}
        files["vitrina.json"] = _json({"fit": model.inputs.geometry.fit, "max_tokens": model.inputs.max_tokens})
        files["tokenizer.json"] = tokenizer.to_str().encode()
        files["tokenizer_config.json"] = _json(
            {
                "tokenizer_class": "PreTrainedTokenizerFast",
                "model_max_length": model.inputs.max_tokens,
                **known,
            }
        )
    return files


def _json(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=2, sort_keys=True) + "\n").encode()
