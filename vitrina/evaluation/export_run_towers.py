"""The towers as ONNX graphs: pixels or tokens in, vectors of length one out, any number of rows.

A graph holds all that a model does between the picture's pixels, or the text's tokens, and the vector: normalisation,
tower, pooling, projection with its running moments. It needs nothing of ours, or of torch, to run.
"""

import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vitrina.data.batch import Texts
from vitrina.evaluation.export_run_check import Exports
from vitrina.models.answering import answering
from vitrina.models.flava import Flava

OPSET = 20
_LARGEST = 2_000_000_000  # bytes: a protocol buffer holds no more, and weights would have to lie beside it


def check_onnx() -> None:
    """Raise ImportError, which names the extra to install, where a package that writes or checks ONNX is missing."""
    try:
        import onnx
        import onnxruntime
        import onnxscript
    except ImportError as error:
        raise ImportError("ONNX needs its packages: pip install 'vitrina[onnx]'") from error
    assert onnx.__version__ and onnxruntime.__version__ and onnxscript.__version__


def write_image_tower(model: Exports, *, path: Path, about: Mapping[str, str]) -> None:
    """Write `pixels` (b, 3, h, w) uint8 -> `vectors` (b, d) float32; `about` becomes the file's metadata."""
    _write(_ImageTower(model), inputs={"pixels": _pixels(model)}, output="vectors", path=path, about=about)


def write_text_tower(model: Exports, *, path: Path, about: Mapping[str, str]) -> None:
    """Write `ids`, `mask` (b, t) int64 -> `vectors` (b, d) float32; the mask is 0 on padding."""
    _write(_TextTower(model), inputs=_tokens(model), output="vectors", path=path, about=about)


def write_matcher(model: Flava, *, path: Path, about: Mapping[str, str]) -> None:
    """Write `pixels`, `ids`, `mask` -> `probability` (b,) float32 that text i describes picture i."""
    inputs = {"pixels": _pixels(model)} | _tokens(model)
    _write(_Matcher(model), inputs=inputs, output="probability", path=path, about=about)


class _ImageTower(nn.Module):
    def __init__(self, model: Exports) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: Tensor) -> Tensor:
        return F.normalize(self.model.project_images(self.model.normalise(pixels)), dim=-1)


class _TextTower(nn.Module):
    def __init__(self, model: Exports) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        return F.normalize(self.model.project_texts(_texts(ids, mask=mask)), dim=-1)


class _Matcher(nn.Module):
    def __init__(self, model: Flava) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
        return self.model.matches(self.model.normalise(pixels), _texts(ids, mask=mask))


def _texts(ids: Tensor, *, mask: Tensor) -> Texts:
    none = torch.zeros_like(ids)
    return Texts(ids, is_token=mask > 0, types=none, masked_ids=ids, is_masked=none > 0)


def _pixels(model: Exports) -> Tensor:
    side = model.image.config.size_px
    return torch.zeros(2, 3, side, side, dtype=torch.uint8)


def _tokens(model: Exports) -> dict[str, Tensor]:
    shape = (2, min(5, model.text.config.positions))
    return {"ids": torch.ones(shape, dtype=torch.int64), "mask": torch.ones(shape, dtype=torch.int64)}


def _write(
    module: nn.Module, *, inputs: Mapping[str, Tensor], output: str, path: Path, about: Mapping[str, str]
) -> None:
    import onnx

    size = sum(each.numel() * each.element_size() for each in module.state_dict().values())
    if size > _LARGEST:
        raise ValueError(f"the model has {size / 1e9:.1f} GB of weights, more than one ONNX file holds (2 GB)")
    rows = torch.export.Dim("rows")
    # Tracing takes one token beside [CLS] for a special case; the graph holds for it all the same, as exports check.
    tokens = torch.export.Dim("tokens", min=3, max=_longest(module))
    shapes = {name: {0: rows} if name == "pixels" else {0: rows, 1: tokens} for name in inputs}
    with answering(module), warnings.catch_warnings(), _quiet("torch.onnx", "onnxscript", "onnx_ir"):
        warnings.simplefilter("ignore")  # of the exporter's own insides
        # Strict, or the number of rows would be fixed wherever a module asks for `len()` of a tensor.
        traced = torch.export.export(module, tuple(inputs.values()), dynamic_shapes=shapes, strict=True)
        program = torch.onnx.export(
            traced, input_names=list(inputs), output_names=[output], opset_version=OPSET, dynamo=True, verbose=False
        )
        assert program is not None, "the exporter that traces by dynamo returns a program"
        program.optimize()
        proto = program.model_proto
    _forget_where_it_was_made(proto)
    onnx.helper.set_model_props(proto, dict(about))
    onnx.checker.check_model(proto)
    path.write_bytes(proto.SerializeToString(deterministic=True))


def _longest(module: nn.Module) -> int:
    model = module.get_submodule("model")
    assert isinstance(model, Exports)
    return model.text.config.positions


def _forget_where_it_was_made(proto: Any) -> None:
    """Take out the exporter's notes: they hold folders of this machine and differ from one time to the next."""
    proto.graph.doc_string = ""
    del proto.graph.metadata_props[:]
    for group in (proto.graph.node, proto.graph.value_info, proto.graph.input, proto.graph.output):
        for each in group:
            each.doc_string = ""
            del each.metadata_props[:]
    for tensor in proto.graph.initializer:
        tensor.doc_string = ""
        del tensor.metadata_props[:]


class _quiet:  # noqa: N801  # reads as the context that it is
    """Let loggers say errors only."""

    def __init__(self, *names: str) -> None:
        self._loggers: Sequence[logging.Logger] = [logging.getLogger(name) for name in names]

    def __enter__(self) -> None:
        self._levels = [each.level for each in self._loggers]
        for each in self._loggers:
            each.setLevel(logging.ERROR)

    def __exit__(self, *_: object) -> None:
        for each, level in zip(self._loggers, self._levels, strict=True):
            each.setLevel(level)
