"""Nothing that is read can run: no pickle anywhere, weights as safetensors, no code by name."""

import ast
from pathlib import Path

import pytest
from laws.law_sources import ROOT, calls, imports, project_files, python_files, show

MODULES = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "hickle", "jsonpickle"}
CALLS = {
    "torch.load",
    "torch.save",
    "torch.jit.load",
    "torch.jit.save",
    "torch.package.PackageImporter",
    "torch.hub.load",
    "torch.hub.load_state_dict_from_url",
    "torch.distributed.checkpoint.load",
    "torch.distributed.checkpoint.save",
    "pandas.read_pickle",
    "yaml.load",
    "yaml.unsafe_load",
    "eval",
    "exec",
}
WEIGHTS = {".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle", ".joblib", ".npy", ".npz", ".h5"}


def unsafe(source: str) -> list[str]:
    """What could run foreign code, as `line: what`."""
    bad = [
        f"{each.line}: imports {each.module}"
        for each in imports(source)
        if each.module.split(".")[0] in MODULES or each.module in CALLS
    ]
    for call in calls(source):
        given = {keyword.arg: keyword.value for keyword in call.node.keywords}
        if call.name in CALLS or call.name.endswith((".to_pickle", ".read_pickle")):
            bad.append(f"{call.line}: {call.name}")
        if call.name in ("__import__", "importlib.import_module") and not isinstance(call.node.args[0], ast.Constant):
            bad.append(f"{call.line}: {call.name} of a name that is not written here")
        if "trust_remote_code" in given:
            bad.append(f"{call.line}: trust_remote_code")
        if "allow_pickle" in given and ast.unparse(given["allow_pickle"]) != "False":
            bad.append(f"{call.line}: allow_pickle")
        if "weights_only" in given:
            bad.append(f"{call.line}: weights_only, which still reads pickles")
        if call.name.endswith(".from_pretrained") and not _reads_no_pickle(call.name, given):
            bad.append(f"{call.line}: {call.name} without use_safetensors=True")
    return bad


def _reads_no_pickle(name: str, given: dict[str | None, ast.expr]) -> bool:
    owner = name.removesuffix(".from_pretrained")
    if owner.endswith(("Config", "Tokenizer", "TokenizerFast", "Processor")):
        return True
    return "use_safetensors" in given and ast.unparse(given["use_safetensors"]) == "True"


@pytest.mark.parametrize("path", python_files("vitrina", "benchmarks"), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_reads_or_writes_what_could_run(path: Path):
    bad = unsafe(path.read_text(encoding="utf-8"))
    assert not bad, show([f"{path.relative_to(ROOT)}:{each}" for each in bad])


def test_the_project_holds_no_file_of_pickled_weights():
    bad = [str(path.relative_to(ROOT)) for path in project_files() if path.suffix in WEIGHTS]
    assert not bad, show(bad)


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "def f():\n    import joblib",
        "from torch import load\nload('x')",
        "import torch\ntorch.save({}, 'x')",
        "import torch as t\nt.load('x', weights_only=True)",
        "import torch.serialization\ntorch.load('x')",
        "import numpy as np\nnp.load('x', allow_pickle=True)",
        "import yaml\nyaml.load('x')",
        "AutoModel.from_pretrained('x', use_safetensors=True, trust_remote_code=True)",
        "AutoModel.from_pretrained('x')",
        "import importlib\nimportlib.import_module(name)",
        "eval(text)",
    ],
)
def test_the_law_sees_what_could_run(source: str):
    assert unsafe(source)


def test_the_law_lets_the_safe_ways_pass():
    safe = [
        "from safetensors.torch import load_file\nload_file('x')",
        "import json\njson.load(file)",
        "model.eval()",
        "FlavaConfig.from_pretrained('x')",
        "FlavaModel.from_pretrained('x', use_safetensors=True)",
        "import numpy as np\nnp.load('x', allow_pickle=False)",
    ]
    assert [unsafe(source) for source in safe] == [[]] * len(safe)
