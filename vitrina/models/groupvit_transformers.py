"""GroupViT from and to transformers' `GroupViTModel`: a folder, a hub id or the model itself.

Reading and writing back is bit for bit: what our model has no use for (how many batches the projectors have seen, the
tokenizer's and processor's files) is carried along.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

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
from vitrina.models.exported_inputs import exported_files, exported_words
from vitrina.models.groupvit import GroupViT, GroupViTConfig
from vitrina.models.groupvit_names import (
    config_from_transformers,
    config_to_transformers,
    names,
    picture_side_px,
    refuse_what_does_not_fit,
)
from vitrina.models.published import CONFIG, Published, read_published
from vitrina.models.published_inputs import (
    OWN_FILE,
    PROCESSOR_FILES,
    TOKENIZER_FILES,
    geometry_of,
    has_tokenizer,
    small_json,
    tokenizer_of,
)

if TYPE_CHECKING:
    from transformers import GroupViTModel

CARRIED_FILES = (*PROCESSOR_FILES, *TOKENIZER_FILES, OWN_FILE)
_SEEN = ("text_projection.1.num_batches_tracked", "visual_projection.1.num_batches_tracked")
_OLD = ("text_model.embeddings.position_ids",)  # 0, 1, 2 …, which older versions of transformers wrote too
_MEAN, _STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def read_groupvit(model_or_path: "GroupViTModel | str | Path") -> GroupViT:
    """A folder, a hub id or a transformers model -> ours, with `inputs` where the checkpoint brings a tokenizer."""
    checkpoint = read_published(model_or_path, files=CARRIED_FILES)
    side = picture_side_px(checkpoint.config, origin=checkpoint.origin)
    geometry = geometry_of(checkpoint, side_px=side, fit="crop", mean=_MEAN, std=_STD)
    config = config_from_transformers(checkpoint.config, geometry=geometry, origin=checkpoint.origin)
    translated = to_ours(checkpoint.tensors, names=names(config), origin=checkpoint.origin)
    strangers = sorted(translated.rest.keys() - {*_SEEN, *_OLD})
    if strangers:
        raise ValueError(f"The checkpoint {checkpoint.origin} has unexpected tensors: {', '.join(strangers[:5])}")
    model = GroupViT(config, inputs=_inputs(checkpoint, config=config, geometry=geometry))
    load_exactly(model, tensors=translated.ours, origin=checkpoint.origin)
    model.carried = Carried(checkpoint.config, tensors=translated.rest, files=checkpoint.files)
    return model


def write_groupvit(model: GroupViT, *, path: str | Path) -> None:
    """Write config.json, model.safetensors, and the tokenizer's and processor's files into the folder `path`.

    Raises ValueError for a model that `GroupViTModel` cannot hold, and where `exported_words` does.
    """
    config, state = model.config, model.state_dict()
    state.pop("habits", None)  # transformers' masks go by the picture alone
    refuse_what_does_not_fit(config)
    if model.carried is None:
        words = exported_words(state["text.words.weight"], end=config.text.end, inputs=model.inputs, family="GroupViT")
        state["text.words.weight"] = words.embeddings
        geometry = PictureGeometry(config.image.size_px, "crop", mean=config.mean, std=config.std)
        carried = Carried(
            config_to_transformers(config, first=words.first, end=words.end, filler=words.filler),
            {name: torch.tensor(0) for name in _SEEN},
            exported_files(geometry, words=words, inputs=model.inputs),
        )
    else:
        carried = model.carried
    tensors = to_theirs(state, names=names(config)) | carried.tensors
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in carried.files.items():
        write_bytes(folder / name, content=content)
    write_tensors(folder / WEIGHTS, tensors=tensors, metadata={"format": "pt"})
    write_bytes(folder / CONFIG, content=_json(carried.config))


def _inputs(checkpoint: Published, *, config: GroupViTConfig, geometry: PictureGeometry) -> Inputs | None:
    if not has_tokenizer(checkpoint):
        return None
    longest = small_json(checkpoint, OWN_FILE).get("max_tokens", config.text.positions)
    return Inputs(tokenizer_of(checkpoint, rows=config.text.vocabulary), geometry, max_tokens=longest)


def _json(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=2, sort_keys=True) + "\n").encode()
