r"""Masks and boxes of a run, beside what is right without looking.

Three data sets: `clothing_parsing` and `coco_mini` (in the folder given with --data) and a generated one (--shop).
The two figures that a model's answers hang on, how much a word must stand out and how far a phrase's region reaches,
are chosen on a dev part cut from train and then kept; val is read once. With --train the run is trained first, on the
first data set of --on: the generated catalogue as it is, or the pictures of clothing_parsing and the names of what is
worn in them. No box and no mask is seen in training, though the words that a picture is asked for are its own, in
training as in the question. The floors "location prior" and "median box" are supervised: they have seen training masks
and boxes, and never look at the picture. "untrained" is a model of the run's shape with its first weights.

    python -m benchmarks.segmentation --shop SHOP --on sample --train groupvit --run runs/masks
    python -m benchmarks.segmentation --shop SHOP --on sample --train groupvit --size small --init runs/masks \
        --set geometry.size_px=96 --run runs/finer
    python -m benchmarks.segmentation --data DATA --run runs/weak --train groupvit --work WORK
    python -m benchmarks.segmentation --data DATA --run runs/clip --shop SHOP --on clothing coco sample
"""

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from benchmarks.segmentation_data import Part, clothing, coco, sample, write_weak_catalogue
from benchmarks.segmentation_figure import draw_masks
from benchmarks.segmentation_places import UsualPlaces
from vitrina import recipes
from vitrina.evaluation import grounding, segmentation
from vitrina.evaluation.evaluation import Metric
from vitrina.evaluation.grounding import Asked
from vitrina.evaluation.results import Result, Row, write_result
from vitrina.evaluation.segmentation import LocationPrior, Scene
from vitrina.models.clip import Clip
from vitrina.models.flava import Flava
from vitrina.models.groupvit import GroupViT
from vitrina.recipes.recipe import with_settings
from vitrina.segmentation.segment import locating
from vitrina.tasks.abilities import LocatesWords
from vitrina.tasks.ground import located
from vitrina.tasks.looking import Seen, look
from vitrina.tasks.segment import masks_of
from vitrina.training.loop import train
from vitrina.training.machine import Machine
from vitrina.training.start import adapted

Locating = Flava | Clip | GroupViT

BACKGROUNDS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
REACHES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)
SHARES = (0.5, 0.75, 1.0)
DRAWN = 20
PICTURES = 300
"""At most so many products of the generated catalogue are asked, and so many scenes and questions of a dev part."""


@dataclass(frozen=True)
class Chosen:
    """What a dev part chose."""

    background: float
    reach: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the folder that holds clothing_parsing and coco_mini")
    parser.add_argument("--run", type=Path, help="the run to ask; without it the floors alone are printed")
    parser.add_argument("--train", choices=["clip", "groupvit"], help="train --run first")
    parser.add_argument("--size", choices=["tiny", "small"], default="tiny")
    parser.add_argument("--init", help="where the training takes its first weights from")
    parser.add_argument("--set", action="append", default=[], help="a setting of the training")
    parser.add_argument("--work", type=Path, help="where the catalogue of the training goes")
    parser.add_argument("--shop", type=Path, help="a generated catalogue, with its truth")
    parser.add_argument("--on", nargs="+", choices=["clothing", "coco", "sample"], default=["clothing"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--figure", type=Path, help="draw masks of the generated catalogue's val part into this PNG")
    parser.add_argument("--note", action="append", default=[], help="what a reader of the results must know of the run")
    parser.add_argument("--results", type=Path, help="write the figures into this folder of results")
    options = parser.parse_args()
    if options.data is None and options.on != ["sample"]:
        raise SystemExit("--on clothing and --on coco need --data, the folder that holds the data sets")
    if options.shop is None and "sample" in options.on:
        raise SystemExit("--on sample needs --shop, a folder that `vitrina sample` has written")
    if options.train:
        _train(options)
    model = None if options.run is None else locating(options.run)
    rows: list[Row] = []
    found = {}
    for name in options.on:
        parts = _parts(name, options=options)
        some, chosen = _rows(name, parts=parts, model=model, seed=options.seed)
        rows += some
        found[name] = {row.name: {metric.name: round(metric.value, 4) for metric in row.metrics} for row in some}
        if chosen is not None and model is not None:
            found[name]["chosen on dev"] = {"background": chosen.background, "reach": chosen.reach}
            if name == "sample" and options.figure is not None:
                _draw(model, parts.val.scenes, background=chosen.background, out=options.figure)
    for row in rows:
        print(f"{row.name:<45} " + "   ".join(f"{each.name} {each.shown()}" for each in row.metrics))
    if options.results is not None:
        write_result(_result(rows, options=options), folder=options.results)
    print(json.dumps({"benchmark": "segmentation", "run": str(options.run), "on": found}))


def _train(options: argparse.Namespace) -> None:
    if options.run is None:
        raise SystemExit("--train needs --run, a new folder")
    named = {"clip": recipes.clip, "groupvit": recipes.groupvit}[options.train]
    settings = [f"seed={options.seed}", *options.set]
    if options.on[0] == "sample":
        catalogue = options.shop
    else:
        if options.work is None:
            raise SystemExit("--train on clothing_parsing needs --work, where its catalogue goes")
        catalogue = options.work / "clothing-weak"
        # A standing person fills a third of a padded square and all of a stretched one.
        settings.insert(0, "geometry.fit=stretch")
        if not catalogue.exists():
            options.work.mkdir(parents=True, exist_ok=True)
            write_weak_catalogue(options.data, out=catalogue)
    recipe = named(options.size) if options.init is None else adapted(named(options.size), init=options.init)
    recipe = with_settings(recipe, settings)
    train(recipe, catalogues=[catalogue], run=options.run, init=options.init, machine=Machine())


@dataclass(frozen=True)
class Parts:
    """Train for the supervised floors, dev to choose on, val to report."""

    train: Part
    dev: Part
    val: Part


def _parts(name: str, *, options: argparse.Namespace) -> Parts:
    match name:
        case "clothing":
            return Parts(*(clothing(options.data, split=split) for split in ("train", "dev", "val")))
        case "coco":
            train_part = coco(options.data, split="train")
            return Parts(train_part, train_part, coco(options.data, split="val"))
        case _:
            train_part = sample(options.shop, split="train", limit=PICTURES)
            return Parts(train_part, train_part, sample(options.shop, split="val", limit=PICTURES))


def _rows(name: str, *, parts: Parts, model: Locating | None, seed: int) -> tuple[list[Row], Chosen | None]:
    scenes, asked = parts.val.scenes, parts.val.asked
    trained = parts.train if parts.dev is parts.train else parts.train.with_more(parts.dev)
    prior = LocationPrior(trained.scenes)
    rows = [
        _masked(f"{name}: all background", scenes, segmentation.all_background(scenes), seed=seed),
        _masked(f"{name}: whole picture by its first word", scenes, segmentation.all_named(scenes), seed=seed),
        _masked(f"{name}: location prior (supervised)", scenes, map(prior.answer, scenes), seed=seed),
    ]
    for label, boxes in (
        ("whole picture", grounding.whole_picture(asked)),
        ("median box without looking (supervised)", grounding.MedianBox(trained.asked).answer(asked)),
    ):
        rows.append(Row(f"{name}: {label}", grounding.figures(asked, answers=boxes, seed=seed)))
    if model is None:
        return rows, None
    control, _ = _of_model(f"{name}: untrained", untrained(model, seed=seed), parts=parts, seed=seed)
    found, chosen = _of_model(f"{name}: the run's", model, parts=parts, seed=seed)
    if name == "clothing":  # whose pictures all show a standing person
        found.append(_by_places(f"{name}: the run's boxes with its usual places", model, parts=parts, seed=seed))
    return [*rows, *control, *found], chosen


def _by_places(label: str, model: Locating, *, parts: Parts, seed: int) -> Row:
    """Boxes from what the run sees in a picture and in train on average; how much of which is chosen on dev."""
    places = UsualPlaces(parts.train.scenes, model=model)

    def answered(looks: Sequence[Together], asked: Sequence[Asked], share: float, reach: float) -> np.ndarray:
        mixed = [Together(places.mixed(each.seen, share=share), each.questions) for each in looks]
        return _boxed(mixed, len(asked), reach=reach)

    dev, looks = parts.dev.asked[:PICTURES], _asked_together(model, parts.dev.asked[:PICTURES])
    share, reach = max(
        ((share, reach) for share in SHARES for reach in REACHES),
        key=lambda pair: _value(grounding.figures(dev, answers=answered(looks, dev, *pair)), "Acc@.5"),
    )
    asked = parts.val.asked
    boxes = answered(_asked_together(model, asked), asked, share, reach)
    return Row(f"{label} (share {share:g}, reach {reach:g})", grounding.figures(asked, answers=boxes, seed=seed))


def _of_model(label: str, model: Locating, *, parts: Parts, seed: int) -> tuple[list[Row], Chosen]:
    scenes, asked = parts.val.scenes, parts.val.asked
    chosen = choose(model, part=parts.dev)
    boxes = _boxed(_asked_together(model, asked), len(asked), reach=chosen.reach)
    return [
        _masked(f"{label} masks", scenes, _answers(model, scenes, chosen.background), seed=seed),
        Row(f"{label} boxes", grounding.figures(asked, answers=boxes, seed=seed)),
    ], chosen


def untrained(model: Locating, *, seed: int) -> Locating:
    """A model of the same shape, inputs and words with first weights of `seed`: what the shape alone answers."""
    torch.manual_seed(seed)
    match model:
        case Flava():
            return Flava(model.config, inputs=model.inputs)
        case Clip():
            return Clip(model.config, inputs=model.inputs)
        case GroupViT():
            return GroupViT(model.config, inputs=model.inputs)


def choose(model: LocatesWords, *, part: Part) -> Chosen:
    """The background threshold with the best mIoU and the reach with the best Acc@.5 on a dev part.

    Every picture is looked at once, for its words and for its phrases.
    """
    scenes, asked = part.scenes[:PICTURES], part.asked[:PICTURES]
    seen = [_seen(model, scene.picture, scene.words) for scene in tqdm(scenes, desc="dev", disable=None, delay=2)]
    phrases = _asked_together(model, asked)

    def iou(background: float) -> float:
        answers = (_named(scene, each, background) for scene, each in zip(scenes, seen, strict=True))
        return _value(segmentation.figures(segmentation.count(scenes, answers=answers)), "mIoU")

    def accuracy(reach: float) -> float:
        return _value(grounding.figures(asked, answers=_boxed(phrases, len(asked), reach=reach)), "Acc@.5")

    return Chosen(max(BACKGROUNDS, key=iou), max(REACHES, key=accuracy))


def _value(metrics: Sequence[Metric], name: str) -> float:
    return next(metric.value for metric in metrics if metric.name == name)


def _draw(model: LocatesWords, scenes: Sequence[Scene], *, background: float, out: Path) -> None:
    """Some scenes, evenly chosen: the picture, its exact masks and the model's."""
    some = [scenes[len(scenes) * number // DRAWN] for number in range(min(DRAWN, len(scenes)))]
    draw_masks(some, answers=list(_answers(model, some, background)), out=out)


def _masked(name: str, scenes: Sequence[Scene], answers: Iterable[np.ndarray], *, seed: int) -> Row:
    return Row(name, segmentation.figures(segmentation.count(scenes, answers=answers), seed=seed))


def _answers(model: LocatesWords, scenes: Sequence[Scene], background: float) -> Iterable[np.ndarray]:
    for scene in tqdm(scenes, desc="masks", disable=None, delay=2):
        yield _named(scene, _seen(model, scene.picture, scene.words), background)


def _seen(model: LocatesWords, picture: bytes, words: Sequence[str]) -> Seen | None:
    return look(model, picture=picture, words=words) if words else None


def _named(scene: Scene, seen: Seen | None, background: float) -> np.ndarray:
    """Masks of a scene's own words, in the numbers of its data set."""
    if seen is None:
        return np.zeros_like(scene.labels)
    own = np.array([0, *(scene.names.index(word) + 1 for word in scene.words)])
    return own[masks_of(seen, background=background).labels]


@dataclass(frozen=True)
class Together:
    """One look at a picture for all of its phrases, and the questions that each of them answers."""

    seen: Seen
    questions: list[list[int]]


def _asked_together(model: LocatesWords, asked: Sequence[Asked]) -> list[Together]:
    by_picture: dict[str, dict[str, list[int]]] = {}
    for number, each in enumerate(asked):
        phrase = " ".join(each.phrase.split()).casefold()
        by_picture.setdefault(each.name, {}).setdefault(phrase, []).append(number)
    looks = []
    for phrases in tqdm(by_picture.values(), desc="boxes", disable=None, delay=2):
        picture = asked[next(iter(phrases.values()))[0]].picture
        looks.append(Together(look(model, picture=picture, words=list(phrases)), list(phrases.values())))
    return looks


def _boxed(looks: Sequence[Together], count: int, *, reach: float) -> np.ndarray:
    """(count, 4) boxes in the order of the questions."""
    boxes = np.zeros((count, 4))
    for each in looks:
        for found, numbers in zip(located(each.seen, reach=reach), each.questions, strict=True):
            boxes[numbers] = found.box
    return boxes


def _result(rows: Sequence[Row], *, options: argparse.Namespace) -> Result:
    where = {"clothing": "--data DATA", "coco": "--data DATA", "sample": "--shop SHOP"}
    flags = " ".join(dict.fromkeys(where[name] for name in options.on))
    on = " ".join(options.on)
    return Result(
        name=f"segmentation_{'_'.join(options.on)}",
        title=f"Masks and boxes of words: {', '.join(options.on)}",
        command=f"python -m benchmarks.segmentation {flags} --on {on} --run RUN --results results",
        seed=options.seed,
        rows=tuple(rows),
        notes=(
            "Words asked for are the picture's own. mIoU is over the classes that occur, with the background as one. "
            "Thresholds are chosen on dev (a tenth of train; all of train for coco and the sample, where the run has "
            "seen no mask of it). Supervised floors have seen training masks or boxes and never look at a picture.",
            *options.note,
        ),
    )


if __name__ == "__main__":
    main()
