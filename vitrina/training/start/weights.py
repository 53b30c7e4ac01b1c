"""The start of a run: first weights from another run or a public checkpoint, and the record of where they come from.

RUN/start.safetensors   the run's first weights, complete, fresh parts too: it begins from them whatever becomes of
                        their source, and `average` goes back to them
RUN/start.json          the source, what was taken of it, what is fresh, what was left over, what was set
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from tokenizers import Tokenizer
from torch import Tensor, nn

from vitrina.models.checkpoint import digest_of, read_tensors, write_bytes, write_tensors
from vitrina.models.codebook import CodebookConfig
from vitrina.models.flava import FlavaConfig
from vitrina.models.groupvit import GroupViTConfig
from vitrina.models.two_towers import TwoTowersConfig
from vitrina.recipes.recipe import ModelConfig, Recipe
from vitrina.recipes.settings import settings, show
from vitrina.training.build import build
from vitrina.training.files import TrainingError, sha256_of
from vitrina.training.load import inputs_of
from vitrina.training.start.parts import Parts, resized_positions

START = "start.safetensors"
RECORD = "start.json"

_POSITIONS = "image.positions"
_MASK_TOKEN = "image.mask_token"  # a frozen tower can do without: only hidden patches show it
_CODE_CLASSES = ("mim_head.classes.", "mmm_image_head.classes.")


@dataclass(frozen=True)
class Change:
    """A setting that was changed to what the weights need, as one types both values."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class StartRecord:
    """Where first weights come from: the content of start.json.

    `revision` is the hub's commit or the digest of the source's tensors. `taken` are parameters and buffers from the
    source, `resized` those of them that were interpolated, `fresh` those that nothing brought; `left_over` are the
    source's own that have no place in this model. `sha256` is the digest of start.safetensors.
    """

    origin: str
    kind: str
    revision: str
    taken: tuple[str, ...]
    resized: tuple[str, ...]
    fresh: tuple[str, ...]
    left_over: tuple[str, ...]
    changed: tuple[Change, ...]
    notes: tuple[str, ...]
    sha256: str = ""

    def lines(self) -> tuple[str, ...]:
        """The record in a few lines of plain words."""
        total = len(self.taken) + len(self.fresh)
        resized = f" (resized: {', '.join(self.resized)})" if self.resized else ""
        changed = ", ".join(f"{each.name} {each.before} -> {each.after}" for each in self.changed)
        return (
            f"starts from {self.origin}, {self.kind}: {len(self.taken)} of {total} tensors{resized}",
            f"fresh: {_summary(self.fresh) or 'nothing'}; left over: {_summary(self.left_over) or 'nothing'}",
            *([f"settings changed to what the weights need: {changed}"] if changed else []),
            *self.notes,
        )


@dataclass(frozen=True)
class Start:
    """First weights, a complete state dict of the run's model, and their record."""

    tensors: Mapping[str, Tensor]
    record: StartRecord


def first_weights(
    parts: Parts, *, recipe: Recipe, asked: Recipe, tokenizer: Tokenizer | None, codebook: str | None
) -> Start:
    """The first weights of `recipe`: those of `parts`, the rest drawn from the recipe's seed.

    `asked` is the recipe as it came, `codebook` the digest of the one that gives the run its codes. Raises ValueError
    where nothing fits, where a tensor has another shape, and where a frozen tower would start fresh.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        own = build(recipe.model, inputs=inputs_of(recipe, tokenizer=tokenizer)).state_dict()
    notes = list(parts.notes)
    brought = dict(parts.tensors)
    resized = []
    if _POSITIONS in brought and _POSITIONS in own and brought[_POSITIONS].shape != own[_POSITIONS].shape:
        assert not isinstance(recipe.model, CodebookConfig)
        brought[_POSITIONS] = resized_positions(brought[_POSITIONS], grid=recipe.model.image.grid)
        resized.append(_POSITIONS)
    if isinstance(recipe.model, FlavaConfig) and parts.codes is not None:
        if _speaks_other_codes(parts, model=recipe.model, codebook=codebook):
            brought = {name: each for name, each in brought.items() if not name.startswith(_CODE_CLASSES)}
            notes.append("the image heads' last layers start fresh: this run's image codes are another codebook's")
        elif codebook is not None and parts.codebook_digest is None:
            notes.append(f"the image heads are taken: {parts.origin} does not say whose codes it learnt, only how many")
    taken = sorted(own.keys() & brought.keys())
    if not taken:
        raise ValueError(nothing_fits(parts, model=recipe.model))
    for name in taken:
        if own[name].shape != brought[name].shape:
            raise ValueError(
                f"{parts.origin} is damaged or not what its configuration says: {name} is "
                f"{tuple(brought[name].shape)} where {tuple(own[name].shape)} is needed"
            )
    fresh = sorted(own.keys() - brought.keys())
    _refuse_fresh_frozen(recipe, fresh=fresh)
    record = StartRecord(
        origin=parts.origin,
        kind=parts.kind,
        revision=parts.revision or digest_of(parts.tensors),
        taken=tuple(taken),
        resized=tuple(resized),
        fresh=tuple(fresh),
        left_over=tuple(sorted({*parts.left_over, *(parts.tensors.keys() - set(taken))})),
        changed=changes(asked, after=recipe),
        notes=tuple(notes),
    )
    return Start(own | {name: brought[name] for name in taken}, record)


def write_start(run: Path, *, start: Start, recipe: Recipe, tokenizer: Tokenizer | None) -> None:
    """Write start.safetensors, which `vitrina.load` opens like any weights file, then start.json.

    Raises TrainingError where the disk is full or refuses.
    """
    about = {"format": "pt", "recipe": recipe.to_json(), "step": "0"}
    if tokenizer is not None:
        about["tokenizer"] = tokenizer.to_str()
    try:
        write_tensors(run / START, tensors=start.tensors, metadata=about)
        record = replace(start.record, sha256=sha256_of(run / START))
        write_bytes(run / RECORD, content=json.dumps(asdict(record), indent=2, ensure_ascii=False).encode())
    except (OSError, SafetensorError) as error:
        raise TrainingError(
            f"the first weights could not be written to {run}: {error}. Make room on the disk and train again"
        ) from error


def read_record(run: Path) -> StartRecord:
    """What start.json says; ValueError where it is missing or damaged."""
    path = run / RECORD
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        lists = {name: tuple(plain[name]) for name in ("taken", "resized", "fresh", "left_over", "notes")}
        changed = tuple(Change(**each) for each in plain["changed"])
        return StartRecord(**(plain | lists | {"changed": changed}))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is missing or damaged ({error}): restore it, or start a new run") from error


def read_start(run: Path) -> dict[str, Tensor]:
    """The first weights of a run, compared with their digest; ValueError where the run has none or they are damaged."""
    path, record = run / START, read_record(run)
    if not path.is_file() or sha256_of(path) != record.sha256:
        raise ValueError(
            f"{path} is missing or not what was written: restore it, or start a new run by `--init {record.origin}`"
        )
    return read_tensors(path)


def freeze(model: nn.Module, *, recipe: Recipe) -> None:
    """Take the gradients from the recipe's frozen towers (locked-image tuning, Zhai et al. 2022, section 3)."""
    for tower in recipe.frozen:
        model.get_submodule(tower).requires_grad_(False)


def refuse_without_towers(recipe: Recipe) -> None:
    """Raise ValueError for settings of towers that the model has not, and for freezing one that starts at random."""
    if isinstance(recipe.model, CodebookConfig):
        if recipe.frozen:
            raise ValueError("frozen names a tower, and a codebook has none: leave it out")
        if recipe.optim.layer_decay < 1:
            raise ValueError("optim.layer_decay tells a tower's blocks apart, and a codebook has none: leave it at 1")
    elif recipe.frozen and recipe.start is None:
        raise ValueError(
            f"frozen is {show(recipe.frozen)}, but the run starts from nothing, so that a random tower would stay "
            "random: bring its weights by --init, or leave frozen out"
        )


def changes(before: Recipe, *, after: Recipe) -> tuple[Change, ...]:
    """The settings of the model and its inputs that differ between two recipes of a family."""
    known = {each.name: show(each.value) for each in settings(before)}
    return tuple(
        Change(each.name, known[each.name], show(each.value))
        for each in settings(after)
        if each.name != "start" and known[each.name] != show(each.value)
    )


def nothing_fits(parts: Parts, *, model: ModelConfig) -> str:
    """The words for a source that has nothing for a model."""
    family = type(model).__name__.removesuffix("Config")
    mend = "one that shares a tower with it" if isinstance(model, TwoTowersConfig) else f"a run of a {family}"
    if isinstance(model, GroupViTConfig):
        mend += ", or a folder or hub id of one in transformers' layout"
    return f"nothing of {parts.origin}, {parts.kind}, fits a {family}: start from {mend}"


def _speaks_other_codes(parts: Parts, *, model: FlavaConfig, codebook: str | None) -> bool:
    """Whether the codes that the source's image heads tell apart are not those of the run."""
    if model.codes != parts.codes:
        return True
    return None not in (codebook, parts.codebook_digest) and codebook != parts.codebook_digest


def _refuse_fresh_frozen(recipe: Recipe, *, fresh: Iterable[str]) -> None:
    for tower in recipe.frozen:
        missing = [name for name in fresh if name.startswith(f"{tower}.") and name != _MASK_TOKEN]
        if missing:
            raise ValueError(
                f"frozen is {show(recipe.frozen)}, but {recipe.start} brings nothing for the {tower} tower "
                f"({missing[0]} …), which would stay random: leave it out of frozen, or start from what has that tower"
            )


def _summary(names: Iterable[str]) -> str:
    """Parts by their first name, with how many tensors of each; one alone by its whole name."""
    parts: dict[str, list[str]] = {}
    for name in names:
        parts.setdefault(name.partition(".")[0], []).append(name)
    return ", ".join(held[0] if len(held) == 1 else f"{part} ({len(held)})" for part, held in parts.items())
