"""CLIP from and to transformers' `CLIPModel`: a folder, a hub id or the model itself.

Reading and writing back is bit for bit: what our model has no use for (the tokenizer's and processor's files, numbers
that older versions stored) is carried along.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from vitrina.models.clip import MEAN, STD, Clip, ClipConfig
from vitrina.models.clip_names import (
    CARRIED_TENSORS,
    config_from_transformers,
    config_to_transformers,
    names,
    picture_config,
    refuse_what_does_not_fit,
)
from vitrina.models.exported_inputs import exported_files, exported_words
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
    from transformers import CLIPModel

CARRIED_FILES = (*PROCESSOR_FILES, *TOKENIZER_FILES, OWN_FILE)


def read_clip(model_or_path: "CLIPModel | str | Path") -> Clip:
    """A folder, a hub id or a transformers model -> ours, with `inputs` where the checkpoint brings a tokenizer."""
    checkpoint = read_published(model_or_path, files=CARRIED_FILES)
    config, geometry = described(checkpoint)
    translated = to_ours(checkpoint.tensors, names=names(config), origin=checkpoint.origin)
    strangers = sorted(translated.rest.keys() - set(CARRIED_TENSORS))
    if strangers:
        raise ValueError(f"The checkpoint {checkpoint.origin} has unexpected tensors: {', '.join(strangers[:5])}")
    model = Clip(config, inputs=inputs_from(checkpoint, config=config, geometry=geometry))
    load_exactly(model, tensors=translated.ours, origin=checkpoint.origin)
    model.carried = Carried(checkpoint.config, tensors=translated.rest, files=checkpoint.files)
    return model


def described(checkpoint: Published) -> tuple[ClipConfig, PictureGeometry]:
    """Our configuration of a checkpoint in transformers' layout, and how it sees pictures."""
    origin = checkpoint.origin
    side = picture_config(checkpoint.config, origin=origin).size_px
    geometry = geometry_of(checkpoint, side_px=side, fit="crop", mean=MEAN, std=STD)
    return config_from_transformers(checkpoint.config, geometry=geometry, origin=origin), geometry


def inputs_from(checkpoint: Published, *, config: ClipConfig, geometry: PictureGeometry) -> Inputs | None:
    """How a checkpoint reads texts and pictures; None where it brings no tokenizer."""
    if not has_tokenizer(checkpoint):
        return None
    tokenizer = tokenizer_of(checkpoint, rows=config.text.vocabulary)
    return Inputs(tokenizer, geometry, max_tokens=longest(checkpoint, config=config))


def longest(checkpoint: Published, *, config: ClipConfig) -> int:
    """The longest text in tokens that a checkpoint was made for."""
    return small_json(checkpoint, OWN_FILE).get("max_tokens", config.text.positions)


def write_clip(model: Clip, *, path: str | Path) -> None:
    """Write config.json, model.safetensors, and the tokenizer's and processor's files into the folder `path`.

    Raises ValueError for a model that `CLIPModel` cannot hold, and where `exported_words` does.
    """
    refuse_what_does_not_fit(model.config)
    state = model.state_dict()
    if model.carried is None:
        config = model.config
        words = exported_words(state["text.words.weight"], end=config.text.end, inputs=model.inputs, family="CLIP")
        state["text.words.weight"] = words.embeddings
        geometry = PictureGeometry(config.image.size_px, "crop", mean=config.mean, std=config.std)
        carried = Carried(
            config_to_transformers(config, first=words.first, end=words.end, filler=words.filler),
            files=exported_files(geometry, words=words, inputs=model.inputs),
        )
    else:
        carried = model.carried
    tensors = to_theirs(state, names=names(model.config)) | carried.tensors
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in carried.files.items():
        write_bytes(folder / name, content=content)
    write_tensors(folder / WEIGHTS, tensors=tensors, metadata={"format": "pt"})
    write_bytes(folder / CONFIG, content=_json(carried.config))


def _json(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=2, sort_keys=True) + "\n").encode()
