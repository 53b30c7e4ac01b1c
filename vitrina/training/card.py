"""The card of a run: RUN/README.md, a Hugging Face model card that is true of the run as it stands."""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vitrina.models.checkpoint import write_bytes
from vitrina.models.codebook import CodebookConfig
from vitrina.recipes.plain import family_of
from vitrina.recipes.recipe import Recipe, describe
from vitrina.training.card_facts import parameters_of
from vitrina.training.load import BEST
from vitrina.training.records.record import without_folders
from vitrina.training.run_folder import Goods, RunFolder
from vitrina.training.watch.looks import read_looks

log = logging.getLogger(__name__)

CARD = "README.md"
_OURS = "<!-- Written by Vitrina and written again as the run goes on. Take this line out to keep changes of yours. -->"
_LICENCES = frozenset(
    {
        *("apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "mpl-2.0", "gpl-3.0", "lgpl-3.0", "agpl-3.0"),
        *("cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "openrail", "unlicense"),
    }
)
"""The licences that the hub knows by these names; any other has its name beside `other`."""

FAMILY_NAMES = {
    "flava": "FLAVA",
    "clip": "CLIP",
    "early_fusion": "transformer of early fusion",
    "groupvit": "GroupViT",
    "codebook": "codebook",
}
"""What people call a model of each family; "A" goes before every one of them."""

_FAMILIES = {
    "flava": (
        "A FLAVA (Singh et al. 2022): a picture tower, a text tower and a multimodal encoder on top. It embeds "
        "pictures and texts into one space, finds one by the other, and says whether a text describes a picture."
    ),
    "clip": (
        "A CLIP (Radford et al. 2021): a picture tower and a text tower that meet in one space, so "
        "that pictures are found by texts and texts by pictures."
    ),
    "early_fusion": (
        "One transformer over the tokens of picture and text together (after ViLT, Kim et al. 2021). It embeds either "
        "alone, so that one is found by the other, and reads both at once to say whether a text describes a picture."
    ),
    "groupvit": (
        "A GroupViT (Xu et al. 2022): the patches of a picture join groups, and groups meet words. Texts alone taught "
        "it; it finds pictures by texts and texts by pictures, and says where in a picture something is."
    ),
    "codebook": (
        "A codebook of pictures (finite scalar quantisation, Mentzer et al. 2023): it tells every patch of a picture "
        "by one of a fixed number of codes, which are the targets of masked image modelling."
    ),
}
_UNITS = {"nats": " nats", "bits": " bits", "dB": " dB"}


@dataclass(frozen=True)
class Evaluated:
    """An evaluation of the run as it was stored."""

    name: str
    content: Mapping[str, Any]


def write_card(folder: RunFolder) -> Path:
    """Write RUN/README.md from what the run's folder holds; the same folder gives the same card.

    It never ends a run: what goes wrong is said in a warning. A README.md of somebody else's is left as it is.

    >>> write_card(RunFolder("runs/flava")).name  # doctest: +SKIP
    'README.md'
    """
    path = folder.path / CARD
    try:
        if path.exists() and _OURS not in path.read_text(encoding="utf-8", errors="replace"):
            return path
        text = card_of(folder, library="vitrina", use=_load_lines(folder.recipe))
        write_bytes(path, content=text.replace("\n---\n", f"\n---\n{_OURS}\n", 1).encode())
    except Exception as error:  # whatever it is, a card is not worth a run
        log.warning("the card %s could not be written: %s", path, error or type(error).__name__)
    return path


def card_of(folder: RunFolder, *, library: str, use: Sequence[str]) -> str:
    """The text of a card for weights that `library` opens; `use` are the lines that say how, where the card lies."""
    recipe, data = folder.recipe, folder.data()
    family, evaluated = family_of(type(recipe.model)), _evaluations(folder.path)
    names = [Path(each.path).name for each in data.catalogues]
    title = folder.path.resolve().name
    sections = [
        _front(recipe, title=title, library=library, goods=data.goods, datasets=names, evaluated=evaluated),
        [f"# {title}", "", _FAMILIES[family], "", *_shape(recipe)],
        ["## State", "", *_state(folder)],
        ["## Use", "", *use],
        ["## Learnt from", "", *_learnt_from(folder)],
        ["## How", "", *_how(folder)],
        ["## Figures", "", *_figures(evaluated)],
        ["## Limits", "", *_limits(folder, goods=data.goods, evaluated=evaluated)],
        ["## Licence", "", _licence(recipe)],
    ]
    return "\n\n".join("\n".join(lines) for lines in sections) + "\n"


def _front(
    recipe: Recipe,
    *,
    title: str,
    library: str,
    goods: Goods | None,
    datasets: Sequence[str],
    evaluated: Sequence[Evaluated],
) -> list[str]:
    """The facts at the top that the hub reads. JSON is YAML, whatever a name holds."""
    facts: dict[str, Any] = {}
    languages = sorted({each.split("-")[0].lower() for each in (goods.languages if goods else {}) if each})
    if languages:
        facts["language"] = languages
    if recipe.licence is not None:
        known = recipe.licence.lower() in _LICENCES
        facts["license"] = recipe.licence.lower() if known else "other"
        if not known:
            facts["license_name"] = _slug(recipe.licence)
    facts["library_name"] = library
    is_codebook = isinstance(recipe.model, CodebookConfig)
    facts["pipeline_tag"] = "image-feature-extraction" if is_codebook else "zero-shot-image-classification"
    facts["tags"] = ["vitrina", family_of(type(recipe.model)).replace("_", "-"), "products", "e-commerce"]
    facts["datasets"] = list(dict.fromkeys(_slug(name) for name in datasets))
    results = [_result(each) for each in evaluated]
    if any(each["metrics"] for each in results):
        facts["model-index"] = [{"name": title, "results": [each for each in results if each["metrics"]]}]
    return ["---", *(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in facts.items()), "---"]


def _result(evaluated: Evaluated) -> dict[str, Any]:
    content = evaluated.content
    metrics = [
        {
            "type": _slug(f"{section['key']} {metric['name']}"),
            "name": f"{section['title']}: {metric['name']}",
            "value": metric["value"],
        }
        for section in content["sections"]
        for metric in section["metrics"]
    ]
    dataset = {"name": evaluated.name, "type": _slug(evaluated.name), "split": content["split"]}
    return {
        "task": {"type": "zero-shot-image-classification"},
        "dataset": dataset | {"revision": content["catalogue_digest"]},
        "metrics": metrics,
    }


def _shape(recipe: Recipe) -> list[str]:
    counts = parameters_of(recipe)
    model = recipe.model
    parts = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in counts.items())
    lines = [f"- {sum(counts.values()):,} parameters: {parts}."]
    if isinstance(model, CodebookConfig):
        return [*lines, f"- {model.code_count:,} codes, one for each of {model.grid} × {model.grid} patches."]
    image, text = model.image, model.text
    return [
        *lines,
        f"- Pictures of {image.size_px} × {image.size_px} pixels in patches of {image.patch_px}: width "
        f"{image.width}, {image.layers} deep.",
        f"- Texts of up to {recipe.max_tokens} tokens out of {text.vocabulary:,}: width {text.width}, "
        f"{text.layers} deep.",
        f"- Both become vectors of {model.projection} numbers and of length one.",
    ]


def _state(folder: RunFolder) -> list[str]:
    recipe, step = folder.recipe, folder.last_step
    if not step:
        return [f"No checkpoint yet: {recipe.steps:,} steps are planned."]
    how = "finished" if step >= recipe.steps else "ended early by its watch" if folder.is_finished else "not finished"
    lines = [f"Step {step:,} of {recipe.steps:,} ({how})."]
    best = [look for look in read_looks(folder.path) if look.is_best]
    if best and (folder.path / BEST).is_file():
        look = best[-1]
        lines.append(
            f"The weights are those of step {look.step:,}, the best by `{look.metric}` on split {recipe.watch.split} "
            f"({_watched(look.value, metric=look.metric)}; knowing nothing {_watched(look.base, metric=look.metric)})."
        )
    elif recipe.ema_decay is not None:
        lines.append("The weights are their moving average.")
    return lines


def _watched(value: float, *, metric: str) -> str:
    return f"{value:.4g}" if metric == "loss" else f"{value:.1%}"


def _load_lines(recipe: Recipe) -> list[str]:
    """How to use the weights in this folder; it runs as it stands, beside a `photo.jpg`."""
    if isinstance(recipe.model, CodebookConfig):
        return [
            "```python",
            "import vitrina",
            "",
            'codebook = vitrina.load(".")  # this folder',
            "print(codebook.code_count, codebook.digest)",
            "```",
            "",
            "`vitrina train flava CATALOGUE --run RUN --set codebook=FOLDER` trains a FLAVA on its codes.",
        ]
    return [
        "```python",
        "from pathlib import Path",
        "",
        "import vitrina",
        "",
        'model = vitrina.load(".")  # this folder',
        'texts = model.embed_texts(["red mug", "blue shirt"])',
        'pictures = model.embed_images([Path("photo.jpg").read_bytes()])',
        "print(texts @ pictures.T)  # cosines: the higher, the better the text describes the picture",
        "```",
        "",
        "`vitrina export FOLDER OUT --format onnx` writes it for programs without Vitrina, and `--format transformers`",
        "too where its shape is one that transformers has.",
    ]


def _learnt_from(folder: RunFolder) -> list[str]:
    data, recipe = folder.data(), folder.recipe
    lines = ["| catalogue | products | version |", "| --- | ---: | --- |"]
    lines += [f"| {_cell(Path(each.path).name)} | {each.products:,} | `{each.digest}` |" for each in data.catalogues]
    kinds = {"pair": "with a picture and a text", "image": "for their pictures", "text": "for their texts"}
    served = ", ".join(f"{count:,} {kinds[kind]}" for kind, count in data.sources.items())
    lines += ["", f"Of these, the products of split train serve: {served}."]
    if (goods := data.goods) is not None:
        lines += ["", f"- Languages (texts): {_counted(goods.languages)}.", f"- Domains: {_counted(goods.domains)}."]
    if data.codebook is not None:
        lines += ["", f"Image codes are those of the codebook `{data.codebook}`."]
    start = _json(folder.path / "start.json")
    if start is not None:
        taken, fresh = len(start.get("taken", ())), len(start.get("fresh", ()))
        origin = without_folders(recipe).start or Path(str(start.get("origin"))).name
        lines += [
            "",
            f"It started from **{origin}** ({start.get('kind')}, `{start.get('revision')}`): {taken} tensors were "
            f"taken and {fresh} began fresh. What it was trained on before counts as training data, and its licence "
            "as one of this model's.",
        ]
        if recipe.frozen:
            lines.append(f"Left as they started: {', '.join(recipe.frozen)} tower.")
    else:
        lines += ["", "It started from random weights."]
    return lines


def _how(folder: RunFolder) -> list[str]:
    recipe = folder.recipe
    sessions = (_json(folder.path / "environment.json") or {}).get("sessions", [])
    weights = ", ".join(f"{name} {weight:g}" for name, weight in recipe.weights.items())
    lines = [
        f"{recipe.steps:,} steps of {recipe.batch_rows:,} rows, seed {recipe.seed}, {recipe.precision}, AdamW at "
        f"{recipe.optim.lr:g}. Losses by weight: {weights}.",
    ]
    if sessions:
        last = sessions[-1]
        versions = ", ".join(f"{name} {last[name]}" for name in ("vitrina", "torch", "python") if name in last)
        lines.append(f"Last session: {versions}; on {last.get('processes', 1)} × {last.get('device', 'cpu')}.")
    whole = describe(without_folders(recipe))
    return [*lines, "", "<details><summary>The whole recipe</summary>", "", "```", whole, "```", "", "</details>"]


def _figures(evaluated: Sequence[Evaluated]) -> list[str]:
    if not evaluated:
        return ["None yet: `vitrina evaluate FOLDER CATALOGUE` measures them on held-out products."]
    lines: list[str] = []
    for each in evaluated:
        content = each.content
        lines += [
            *([""] if lines else []),
            f"Step {content['step']:,} on {content['products']:,} products of split {content['split']} of the "
            f"catalogue `{content['catalogue_digest'][:12]}`:",
            "",
            "| question | figure | value | 95 % interval | knowing nothing |",
            "| --- | --- | ---: | ---: | ---: |",
        ]
        for section in content["sections"]:
            lines += [_figure(section["title"], metric) for metric in section["metrics"]]
            for group in section.get("groups", ()):
                title = f"{section['title']}, {group['by']} {group['name'] or 'not said'} ({group['questions']:,})"
                lines += [_figure(title, metric) for metric in group["metrics"] if metric["name"] in section["main"]]
    return lines


def _figure(title: str, metric: Mapping[str, Any]) -> str:
    """A figure as a line of the table."""
    low, high, base, unit = metric["low"], metric["high"], metric["base"], metric["unit"]
    span = "" if low is None or high is None else f"{_number(low, unit)} – {_number(high, unit)}"
    cells = (title, metric["name"], _number(metric["value"], unit), span, "" if base is None else _number(base, unit))
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _limits(folder: RunFolder, *, goods: Goods | None, evaluated: Sequence[Evaluated]) -> list[str]:
    recipe = folder.recipe
    lines = ["- It knows the goods it learnt from; what other shops sell, it may not."]
    spoken = [each for each in (goods.languages if goods else {}) if each]
    if spoken and not isinstance(recipe.model, CodebookConfig):
        lines.append(f"- It reads {', '.join(spoken)}; other languages only by chance.")
    if not isinstance(recipe.model, CodebookConfig):
        lines.append(
            f"- It sees {recipe.geometry.size_px} pixels a side and reads {recipe.max_tokens} tokens: what is smaller "
            "in a picture, or later in a text, is lost to it."
        )
    if not evaluated:
        lines.append("- Nobody has measured it on held-out products yet.")
    if recipe.watch.every:
        lines.append(
            f"- Its weights were chosen on split {recipe.watch.split}: figures on that split flatter it, report others."
        )
    for each in evaluated:
        lines += [f"- {note}" for note in each.content["notes"]]
        lines += [f"- Not measured: {skipped['title']} ({skipped['reason']})." for skipped in each.content["skipped"]]
    return list(dict.fromkeys(lines))


def _licence(recipe: Recipe) -> str:
    if recipe.licence is not None:
        return f"The weights are given out under: {recipe.licence}."
    return (
        "None is stated. Do not share the weights before it is settled: it depends on the rights to the products' "
        "pictures and texts and, where the run started from other weights, on their licence. `licence=NAME` in the "
        "recipe states it."
    )


def _evaluations(run: Path) -> list[Evaluated]:
    """The evaluations in a run, those that can be read."""
    found = []
    for path in sorted(run.glob("evaluation-*.json")):
        content = _json(path)
        if content is None or content.get("schema") != 1:
            log.warning("%s cannot be read and is left out of the card: evaluate the run again", path)
            continue
        found.append(Evaluated(f"{path.stem.removeprefix('evaluation-')}", content))
    return found


def _json(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _number(value: float, unit: str) -> str:
    if unit == "share":
        return f"{100 * value:.1f} %" if abs(value) >= 0.001 or value == 0 else f"{100 * value:.2f} %"
    if unit == "rank":
        return f"{value:,.1f}".removesuffix(".0")
    return f"{value:,.3f}{_UNITS.get(unit, '')}"


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name or 'not said'} {count:,}" for name, count in counts.items()) or "none"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9._]+", "-", text.lower().replace("@", "_at_")).strip("-") or "unnamed"
