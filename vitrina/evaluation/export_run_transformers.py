"""A run's model as a folder that transformers opens by `from_pretrained`."""

import copy
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from vitrina.data.batch import Texts
from vitrina.data.inputs import Inputs
from vitrina.evaluation.export_run_check import TOLERANCE, Check, Exports, Probe, Written, differing, largest
from vitrina.models.checkpoint import WEIGHTS, read_json, read_tensors, write_bytes, write_tensors
from vitrina.models.clip import Clip, ClipConfig
from vitrina.models.clip_names import misfits
from vitrina.models.exported_inputs import processor as clip_processor
from vitrina.models.flava import Flava, FlavaConfig
from vitrina.models.groupvit import GroupViT, GroupViTConfig
from vitrina.models.groupvit_names import refuse_what_does_not_fit
from vitrina.models.layers import TransformerConfig
from vitrina.models.towers import PatchStem
from vitrina.models.two_towers import TwoTowers, TwoTowersConfig

_SHADE, _PIXEL = 0.03, 0.5
"""How far pixels may be from ours on average, as a share of white: another library resizes them, which shifts the edge
of a padded picture by up to half a pixel."""

_WHITE = (1.0, 1.0, 1.0)


def write_transformers(model: Exports, *, folder: Path, probe: Probe, about: Mapping[str, str]) -> Written:
    """Write weights, configuration, tokenizer and image processor into `folder`, open it there and compare."""
    _check_package()
    if isinstance(model, GroupViT):
        try:
            refuse_what_does_not_fit(model.config)
        except ValueError as error:
            raise ValueError(f"{error}; ONNX has a place for every shape: --format onnx") from error
    else:
        assert isinstance(model.config, TwoTowersConfig)
        refuse_misfits(model.config)
    exported = _with_white_in_the_middle(model)
    if isinstance(exported, Flava | GroupViT) or (isinstance(exported, Clip) and is_clip(model)):
        exported.to_transformers(folder)
    else:
        _write_towers(exported, folder=folder)
    config = read_json(folder / "config.json") | {"dtype": "float32"} | dict(about)
    write_bytes(folder / "config.json", content=(json.dumps(config, indent=2, sort_keys=True) + "\n").encode())
    _write_processor(exported, folder=folder)
    return Written(_use(model), _compared(model, folder=folder, probe=probe))


def is_clip(model: Exports) -> bool:
    """Whether `CLIPModel` is this very model; any other dual encoder is a FLAVA of two towers."""
    return isinstance(model.config, ClipConfig) and not misfits(model.config)


def refuse_misfits(config: TwoTowersConfig) -> None:
    """ValueError that names every setting which transformers has no place for, and how to train otherwise.

    A shape of CLIP's has a place, and so has a FLAVA's; what is neither is told of the nearer one of a FLAVA's.
    """
    if isinstance(config, ClipConfig) and not misfits(config):
        return
    widths = {config.image.width, config.text.width}
    if isinstance(config, FlavaConfig):
        widths.add(config.multimodal.width)
    settings, others = [], []
    if config.image.stem != "patch":
        settings.append("model.image.stem=patch")
    if config.pooling != "cls":
        settings.append("model.pooling=cls")
    if config.image.entry_norm:
        others.append("a LayerNorm before the first block, as a CLIP's picture tower has it")
    if not (config.image.stem_bias and config.image.mask_token and config.projection_bias):
        others.append("a picture tower or projections without biases or mask token, as CLIP's")
    if config.text.order != "both_ways" or not config.text.types or not config.text.entry_norm:
        others.append("a text tower like CLIP's")
    if len(widths) > 1:
        others.append(f"transformers of different widths ({', '.join(map(str, sorted(widths)))})")
    if settings:
        others.append(f"a {config.image.stem} stem with {config.pooling} pooling")
    if others:
        mend = f"train with {' '.join(f'--set {each}' for each in settings)}, or " if settings else ""
        if isinstance(config, ClipConfig):
            mend = f"{mend}train a shape of CLIP's (--size base), or "
        raise ValueError(
            f"transformers has no place for {' or '.join(others)}: {mend}export it as ONNX, which has a place "
            "for every shape: --format onnx"
        )


def _check_package() -> None:
    try:
        import transformers
    except ImportError as error:
        raise ImportError("this format is checked with transformers: pip install 'vitrina[transformers]'") from error
    assert transformers.__version__


def _with_white_in_the_middle(model: Exports) -> Exports:
    """A copy that answers the same and takes pixels from which white was subtracted, where pictures are padded.

    transformers pads pictures with the colour that it subtracts, so white must be that colour; what the model was
    trained to subtract goes into its stem's bias instead, or, where it has none, into the patches' positions.
    """
    inputs = model.read_inputs()
    if inputs.geometry.fit != "pad":
        return model
    moved = copy.deepcopy(model)
    assert isinstance(moved.image.stem, PatchStem) and isinstance(moved.config, TwoTowersConfig | GroupViTConfig)
    projection = moved.image.stem.projection
    added = moved.image.positions[0, 1:] if projection.bias is None else projection.bias
    with torch.no_grad():
        shift = ((1 - model.mean) / model.std).double().flatten()
        weight = projection.weight.double().sum(dim=(2, 3))
        added.copy_((added.double() + weight @ shift).float())
    moved.config = replace(moved.config, mean=_WHITE)  # type: ignore[assignment]  # of its own family still
    moved.mean.fill_(1.0)
    moved.inputs = replace(inputs, geometry=replace(inputs.geometry, mean=_WHITE))
    return moved


def _write_towers(model: TwoTowers, *, folder: Path) -> None:
    """A dual encoder as `FlavaModel`: its two towers and projections, and a multimodal encoder of no layers."""
    config = model.config
    assert isinstance(config, TwoTowersConfig)
    shared = {each.name: getattr(config, each.name) for each in fields(TwoTowersConfig)}
    empty = TransformerConfig(config.image.width, config.image.heads, layers=0, eps=config.image.eps)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        flava = Flava(FlavaConfig(**shared, multimodal=empty, codes=1), inputs=model.inputs)
    flava.load_state_dict(flava.state_dict() | model.state_dict())
    flava.eval().to_transformers(folder)
    prefix = "flava."
    tensors = {
        name.removeprefix(prefix): tensor
        for name, tensor in read_tensors(folder / WEIGHTS).items()
        if name.startswith(prefix)
    }
    write_tensors(folder / WEIGHTS, tensors=tensors, metadata={"format": "pt"})
    plain = read_json(folder / "config.json") | {"architectures": ["FlavaModel"]}
    write_bytes(folder / "config.json", content=json.dumps(plain).encode())


def _write_processor(model: Exports, *, folder: Path) -> None:
    """The image processor that shows pictures as ours does, and one processor for both kinds of input."""
    geometry = model.read_inputs().geometry
    if is_clip(model) or isinstance(model, GroupViT):
        write_bytes(folder / "preprocessor_config.json", content=_json(clip_processor(geometry)))
        tokenizer = read_json(folder / "tokenizer_config.json") | {"processor_class": "CLIPProcessor"}
        write_bytes(folder / "tokenizer_config.json", content=_json(tokenizer))
        return
    side = geometry.size_px
    square = {"height": side, "width": side}
    common: dict[str, Any] = {"image_mean": geometry.mean, "image_std": geometry.std, "resample": 3}
    common |= {"do_convert_rgb": True, "processor_class": "FlavaProcessor"}
    match geometry.fit:
        case "pad":  # the one that pads to the middle of a square
            own: dict[str, Any] = {"image_processor_type": "JanusImageProcessor", "size": square, "min_size": 1}
        case "crop":
            own = {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": side}, "crop_size": square}
        case "stretch":
            own = {"image_processor_type": "FlavaImageProcessor", "size": square, "crop_size": square}
            own |= {"input_size_patches": model.image.config.grid}
    write_bytes(folder / "preprocessor_config.json", content=_json(common | own))
    tokenizer = read_json(folder / "tokenizer_config.json") | {"processor_class": "FlavaProcessor"}
    write_bytes(folder / "tokenizer_config.json", content=_json(tokenizer))


def _compared(model: Exports, *, folder: Path, probe: Probe) -> list[Check]:
    """Open the folder as a user would and ask it: on our pixels and tokens, then on its own."""
    from transformers import AutoProcessor

    inputs = model.read_inputs()
    side = inputs.geometry.size_px
    own = inputs.texts(probe.texts)
    pixels = inputs.pictures(probe.pictures)
    pictures, texts = model.embed_images(probe.pictures), model.embed_texts(probe.texts)
    with _quietly():
        processor = AutoProcessor.from_pretrained(folder)
        opened, problems = _class_of(model).from_pretrained(folder, output_loading_info=True, use_safetensors=True)
    theirs = opened.eval()
    core = theirs.flava if isinstance(model, Flava) else theirs
    wrong = sum(len(problems[each]) for each in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    photos = [Image.open(io.BytesIO(each)).convert("RGB") for each in probe.pictures]
    read = processor(
        images=photos,
        text=list(probe.texts),
        padding=True,
        truncation=True,
        max_length=inputs.max_tokens,
        return_tensors="pt",
    )
    seen = read["pixel_values"]
    white = (model.mean.flatten(), model.std.flatten())
    shown = _shown(seen, mean=processor.image_processor.image_mean, std=processor.image_processor.image_std)
    expected = _shown(model.normalise(pixels), mean=white[0].tolist(), std=white[1].tolist())
    as_theirs = (expected - torch.tensor(processor.image_processor.image_mean).view(3, 1, 1)) / model.std
    checks = [
        Check("tensors missing, unexpected or of another shape", wrong, 0),
        Check("tokens that differ", _other_tokens(read, own=own, inputs=inputs, tokenizer=processor.tokenizer), 0),
        Check("picture vectors, on the same pixels", largest(_pictures(core, as_theirs), pictures), TOLERANCE),
        Check("text vectors", largest(_texts(core, read), texts), TOLERANCE),
        Check("its own pixels, mean difference of 1", float((shown - expected).abs().mean()), _SHADE + _PIXEL / side),
        Check("picture vectors, on its own pixels (1 - cosine, mean)", _angle(_pictures(core, seen), pictures), 0.1),
    ]
    if isinstance(model, Flava):
        found = _matched(theirs, pixels=as_theirs, read=read)
        checks.append(Check("matching", largest(found, model.match_pairs(probe.pictures, probe.texts)), TOLERANCE))
    return checks


def _class_of(model: Exports) -> Any:
    from transformers import CLIPModel, FlavaForPreTraining, FlavaModel, GroupViTModel

    if isinstance(model, GroupViT):
        return GroupViTModel
    if isinstance(model, Flava):
        return FlavaForPreTraining
    return CLIPModel if is_clip(model) else FlavaModel


def _other_tokens(read: Mapping[str, Tensor], *, own: Texts, inputs: Inputs, tokenizer: Any) -> int:
    """How many tokens are others there than here, by what they say: a token may have another id."""
    theirs = [tokenizer.convert_ids_to_tokens(each) for each in read["input_ids"].tolist()]
    ours = [[inputs.tokenizer.id_to_token(number) for number in each] for each in own.ids.tolist()]
    given = read["attention_mask"].bool().numpy()
    if given.shape != own.is_token.shape:
        return given.size
    both = given | own.is_token.numpy()
    return differing(np.array(theirs, dtype=object)[both], np.array(ours, dtype=object)[both])


@contextmanager
def _quietly() -> Iterator[None]:
    """Without transformers' own words and bars."""
    from transformers.utils import logging as words

    level, has_bars = words.get_verbosity(), words.is_progress_bar_enabled()
    words.set_verbosity_error()
    words.disable_progress_bar()
    try:
        yield
    finally:
        words.set_verbosity(level)
        if has_bars:
            words.enable_progress_bar()


@torch.no_grad()
def _pictures(core: Any, pixels: Tensor) -> np.ndarray:
    """(n, d) of length one."""
    return _unit(_first(core.get_image_features(pixels).pooler_output))


@torch.no_grad()
def _texts(core: Any, read: Mapping[str, Tensor]) -> np.ndarray:
    """(n, d) of length one."""
    return _unit(_first(core.get_text_features(**_tokens(read)).pooler_output))


def _first(states: Tensor) -> Tensor:
    """A FLAVA projects every state, of which the first stands for all; a CLIP projects the one that does."""
    return states[:, 0] if states.ndim == 3 else states


@torch.no_grad()
def _matched(theirs: Any, *, pixels: Tensor, read: Mapping[str, Tensor]) -> np.ndarray:
    """(n,): how probable they find it that text i describes picture i."""
    fused = theirs.flava(pixel_values=pixels, **_tokens(read)).multimodal_embeddings
    return theirs.itm_head(fused).softmax(dim=-1)[:, 1].numpy()


def _tokens(read: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: read[name] for name in ("input_ids", "attention_mask", "token_type_ids") if name in read}


def _unit(vectors: Tensor) -> np.ndarray:
    return torch.nn.functional.normalize(vectors.float(), dim=-1).numpy()


def _shown(pixels: Tensor, *, mean: Any, std: Any) -> Tensor:
    """Normalised pixels as shares of white."""
    return pixels * torch.tensor(std).view(3, 1, 1) + torch.tensor(mean).view(3, 1, 1)


def _angle(one: np.ndarray, other: np.ndarray) -> float:
    return float(1 - (one * other).sum(axis=1).mean())


def _use(model: Exports) -> list[str]:
    """How to use the folder; it runs as it stands, beside a `photo.jpg`."""
    is_flava = isinstance(model, Flava)
    is_flavas = not is_clip(model) and not isinstance(model, GroupViT)
    name, first = _class_of(model).__name__, "[:, 0]" if is_flavas else ""
    lines = [
        "```python",
        "import torch",
        "from PIL import Image",
        f"from transformers import AutoProcessor, {name}",
        "",
        'processor = AutoProcessor.from_pretrained(".")  # this folder',
        f'model = {name}.from_pretrained("."){".flava" if is_flava else ""}.eval()',
        'photo, words = Image.open("photo.jpg").convert("RGB"), ["red mug", "blue shirt"]',
        'read = processor(images=photo, text=words, padding=True, truncation=True, return_tensors="pt")',
        "with torch.no_grad():",
        f'    pictures = model.get_image_features(read.pop("pixel_values")).pooler_output{first}',
        f"    texts = model.get_text_features(**read).pooler_output{first}",
        "unit = torch.nn.functional.normalize",
        "print(unit(texts) @ unit(pictures).T)  # cosines: the higher, the better the text describes the picture",
        "```",
    ]
    if is_flavas and not is_flava:
        lines += ["", "It has no multimodal encoder: that part of `FlavaModel` has no layers here and means nothing."]
    return lines


def _json(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=2, sort_keys=True) + "\n").encode()
