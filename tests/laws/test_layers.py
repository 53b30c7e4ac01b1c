"""Imports point one way, through the rooms from the catalogue to the command line."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from laws.law_sources import ROOT, imports, module_name, python_files, show

ROOMS = (
    "catalogue",
    "tasks",
    "data",
    "objectives",
    "models",
    "recipes",
    "training",
    "evaluation",
    "inspection",
    "index",
    "labelling",
    "segmentation",
    "serving",
)
DOORS = (
    "vitrina",
    "vitrina.__main__",
    "vitrina.cli",
    "vitrina.cli_answering",
    "vitrina.cli_training",
    "vitrina.demo",
)
EXTRAS = {
    "transformers", "matplotlib", "jinja2", "skia", "httpx", "httpcore", "huggingface_hub", "datasets",
    "tensorboard", "wandb", "trackio", "onnx", "onnxruntime", "onnxscript", "lancedb",
    "fastapi", "starlette", "uvicorn", "pydantic",
}  # fmt: skip


def out_of_order(source: str, *, module: str) -> list[str]:
    """Imports of a module from rooms further on, or from a door."""
    room = module.split(".")[1] if module.count(".") else ""
    if module in DOORS:
        return []
    assert room in ROOMS, f"{module} is in no room: name its room in ROOMS, or the module in DOORS"
    allowed = {"objectives"} if room == "objectives" else set(ROOMS[: ROOMS.index(room) + 1])
    bad = []
    for each in imports(source, module=module):
        name, _, rest = each.module.partition(".")
        if name == "vitrina" and rest.split(".")[0] not in allowed:
            bad.append(f"{module}:{each.line} imports {each.module}")
    return bad


def siblings(sources: dict[str, str], *, kinds: dict[str, str]) -> list[str]:
    """Imports from one kind's files to another's; `kinds` gives the kind of a module, others are shared blocks."""
    bad = []
    for module, source in sources.items():
        for each in imports(source, module=module):
            target = next((name for name in sources if (each.module + ".").startswith(name + ".")), None)
            if target is None or target == module:
                continue
            other = kinds.get(target)
            if other is not None and other != kinds.get(module):
                bad.append(f"{module}:{each.line} imports {each.module}")
    return bad


def room(name: str) -> dict[str, str]:
    """The modules of a room and their sources, without its `__init__`."""
    files = [path for path in python_files(f"vitrina/{name}") if path.name != "__init__.py"]
    return {module_name(path): path.read_text(encoding="utf-8") for path in files}


def families(sources: dict[str, str]) -> dict[str, str]:
    """The family of each module that has one: where batches or pictures go in, and what bears such a file's name."""
    roots = [module for module, source in sources.items() if is_family(source)]
    return {
        module: max((root for root in roots if (module + "_").startswith(root + "_")), key=len, default="")
        for module in sources
        if any((module + "_").startswith(root + "_") for root in roots)
    }


def is_family(source: str) -> bool:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            names = [argument.arg for argument in node.args.args]
            if (node.name == "forward" and "batch" in names) or (node.name == "tokenise" and "pixels" in names):
                return True
    return False


def defining(sources: dict[str, str], *, functions: set[str]) -> dict[str, str]:
    """The modules that define one of `functions` at their top, each a kind of its own."""
    return {
        module: module
        for module, source in sources.items()
        if any(isinstance(node, ast.FunctionDef) and node.name in functions for node in ast.parse(source).body)
    }


@pytest.mark.parametrize("path", python_files("vitrina"), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_only_from_rooms_before_it(path: Path):
    bad = out_of_order(path.read_text(encoding="utf-8"), module=module_name(path))
    assert not bad, show(bad)


def test_model_families_do_not_import_each_other():
    sources = room("models")
    found = families(sources)
    assert {"vitrina.models.flava", "vitrina.models.clip", "vitrina.models.codebook"} <= set(found)
    bad = siblings(sources, kinds=found)
    assert not bad, show(bad)


def test_tasks_do_not_import_each_other():
    sources = room("tasks")
    found = defining(sources, functions={"pose"})
    assert {"vitrina.tasks.search", "vitrina.tasks.classify", "vitrina.tasks.match"} <= set(found)
    bad = siblings(sources, kinds=found)
    assert not bad, show(bad)


def test_recipes_do_not_import_each_other():
    from vitrina import recipes

    sources = room("recipes")
    found = defining(sources, functions=set(recipes.__all__))
    assert len(found) == len(recipes.__all__)
    bad = siblings(sources, kinds=found)
    assert not bad, show(bad)


def test_extras_are_imported_only_where_they_are_used():
    """The sample's drawings are made of skia through and through; what leads to them imports them when it draws."""
    drawings = ROOT / "vitrina" / "catalogue" / "sample"
    bad = [
        f"{path.relative_to(ROOT)}:{each.line} imports {each.module} for everybody"
        for path in python_files("vitrina")
        for each in imports(path.read_text(encoding="utf-8"))
        if each.is_eager and each.module.split(".")[0] in EXTRAS and not path.is_relative_to(drawings)
    ]
    assert not bad, show(bad)


WITHOUT_EXTRAS = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {extras}:
            raise ModuleNotFoundError("No module named " + name, name=name)

sys.meta_path.insert(0, Missing())
import vitrina.cli, vitrina.demo, vitrina.training.loop, vitrina.evaluation.evaluate, vitrina.index.vectors
vitrina.cli.build_parser()
from pathlib import Path
from vitrina.catalogue.sample import write_sample
try:
    write_sample(Path(sys.argv[1]), products=1, seed=0)
except ImportError as error:
    print(error)
"""


def test_without_extras_all_but_what_needs_them_works_and_that_says_what_to_install(tmp_path: Path):
    command = [sys.executable, "-c", WITHOUT_EXTRAS.replace("{extras}", repr(EXTRAS)), str(tmp_path / "sample")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    assert "pip install 'vitrina[sample]'" in done.stdout


@pytest.mark.parametrize(
    "source",
    [
        "from vitrina.models.flava import Flava",
        "import vitrina.models",
        "from vitrina import models",
        "def later():\n    from vitrina.training.loop import train",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from vitrina.recipes.recipe import Recipe",
        "from ..models import flava",
        "from vitrina.cli import main",
    ],
)
def test_the_law_sees_an_import_from_a_later_room(source: str):
    assert out_of_order(source, module="vitrina.data.loader")
    assert not out_of_order("from vitrina.catalogue.store import Catalogue", module="vitrina.data.loader")
    assert out_of_order("from vitrina.catalogue.store import Catalogue", module="vitrina.objectives.sums")


def test_the_law_sees_a_family_that_imports_another():
    family = "class Model:\n    def forward(self, batch): ..."
    sources = {
        "vitrina.models.one": family + "\nfrom vitrina.models.layers import Block",
        "vitrina.models.one_names": "from vitrina.models.one import Model",
        "vitrina.models.layers": "",
        "vitrina.models.two": family + "\nfrom vitrina.models.one_names import names",
    }
    assert siblings(sources, kinds=families(sources)) == ["vitrina.models.two:3 imports vitrina.models.one_names.names"]
    sources["vitrina.models.layers"] = "from vitrina.models.two import Model"
    assert len(siblings(sources, kinds=families(sources))) == 2
