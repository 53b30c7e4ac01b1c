"""A run's model for other programs: a folder that transformers opens, or ONNX graphs. Nothing leaves unchecked."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from vitrina.catalogue.export_folder import staged
from vitrina.catalogue.writer_folder import size_text
from vitrina.evaluation.export_run_check import Check, Exports, probe_of, refuse_failed
from vitrina.evaluation.export_run_onnx import write_onnx
from vitrina.evaluation.export_run_transformers import write_transformers
from vitrina.models.checkpoint import write_bytes
from vitrina.recipes.plain import family_of
from vitrina.training.card import card_of
from vitrina.training.files import sha256_of
from vitrina.training.load import load, weights_of
from vitrina.training.run_folder import RunFolder

RunFormat = Literal["transformers", "onnx"]


@dataclass(frozen=True)
class ExportedRun:
    """What was exported, and how near its answers are to those of the run."""

    out: Path
    format: RunFormat
    files: int
    bytes: int
    weights: str
    checks: tuple[Check, ...]

    def text(self) -> str:
        """The outcome for a terminal."""
        first = f"{self.out}: {self.format}, {self.files:,} files, {size_text(self.bytes)}; weights {self.weights[:12]}"
        return "\n".join([first, "compared with the run itself:", *(f"  {each.text()}" for each in self.checks)])


def export_run(
    run: str | os.PathLike[str], *, out: str | os.PathLike[str], format: RunFormat = "transformers"
) -> ExportedRun:
    """Write the model that `load(run)` gives into the folder `out`, with its card, and compare what it answers.

    - `"transformers"`: weights, configuration, tokenizer and image processor for `from_pretrained`: a FLAVA opens as
      `FlavaForPreTraining`, a CLIP as `CLIPModel`, one on FLAVA's towers as `FlavaModel`, a GroupViT as
      `GroupViTModel`. Only shapes that transformers has.
    - `"onnx"`: `image.onnx`, `text.onnx`, and for a FLAVA `match.onnx`, which run without Vitrina and torch. Any shape.

    Both are asked about products of the run's catalogues, where they are at hand, and about random pictures and texts;
    what answers otherwise than the run is not written. The folder appears when it is whole; an earlier export at its
    place is replaced, and the same run gives the same files. Raises ValueError where `run` has no checkpoint or is of
    another family, where the shape does not fit, where answers differ, and where `out` holds anything else; ImportError
    where the format's packages are missing.

    >>> print(export_run("runs/flava", out="flava-onnx", format="onnx").text())  # doctest: +SKIP
    """
    if format not in get_args(RunFormat):
        raise ValueError(f"there is no format {format!r}: a run becomes {' or '.join(get_args(RunFormat))}")
    folder, target = RunFolder(run), Path(out)
    model = load(folder.path)
    if not isinstance(model, Exports):
        family = family_of(type(folder.recipe.model))
        raise ValueError(
            f"{run} is a {family}'s run, which neither format has a place for: export a flava, a clip or a groupvit"
        )
    digest = sha256_of(weights_of(folder.path))
    probe = probe_of(folder, seed=0)
    about = {"vitrina_weights": digest, "licence": folder.recipe.licence or "none stated"}
    with staged(target, digest=digest) as place:
        write = write_transformers if format == "transformers" else write_onnx
        written = write(model, folder=place, probe=probe, about=about)
        refuse_failed(written.checks, run=folder.path)
        write_bytes(place / "README.md", content=card_of(folder, library=format, use=written.use).encode())
        sizes = [each.stat().st_size for each in place.rglob("*") if each.is_file()]
    return ExportedRun(target, format, len(sizes), sum(sizes), digest, tuple(written.checks))
