"""The style of the house, where a machine can see it."""

import ast
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from laws.law_sources import ROOT, calls, module_name, project_files, python_files, show

LINES = 400
TEXTS = {".py", ".md", ".toml", ".yaml", ".yml", ".txt", ".json", ".jsonl", ".j2", ".html", ".cfg", ".ini", ".css", ""}
MACHINE_PATH = re.compile(r"(?<![\w.~$}*/-])/(?:" + "work|root|home|Users" + r")/")
REGISTRY = re.compile("pypi" + r"\.(?:org|python)|python" + "hosted|download" + r"\.pytorch\.org|/opt/" + "pypi")
UNFINISHED = re.compile(r"\b(?:TO" + "DO|FIX" + r"ME|XX" + "X)\\b|NotImplemented" + r"Error|\bHACK\b")

MORE_POSITIONAL = {
    "vitrina.data.loader:Loader.__init__": "the four things that a batch is made of, in the order of the road",
    "vitrina.models.layers:attend": "query, key and value, as everybody writes them",
    "vitrina.catalogue.sample.figure:box": "coordinates of a drawing",
    "vitrina.catalogue.sample.figure:ellipse": "coordinates of a drawing",
    "vitrina.catalogue.sample.figure:Sheet.part": "a verb of drawing, two hundred times in a row",
}
"""Public functions with more positional arguments than one beyond the subject, and why."""


@dataclass(frozen=True)
class Public:
    """A public function or method, its dotted name inside the module, and whether it has `self` or `cls`."""

    name: str
    node: ast.FunctionDef | ast.AsyncFunctionDef
    is_bound: bool

    @property
    def positional(self) -> list[str]:
        arguments = self.node.args
        names = [each.arg for each in [*arguments.posonlyargs, *arguments.args]]
        return names[1:] if self.is_bound else names

    @property
    def is_property(self) -> bool:
        return any("property" in ast.unparse(each) for each in self.node.decorator_list)


def public_functions(source: str) -> Iterator[Public]:
    """Functions at the top of a module and methods of its public classes, those without a leading underscore."""

    def inside(body: list[ast.stmt], *, prefix: str, in_class: bool) -> Iterator[Public]:
        for node in body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield from inside(node.body, prefix=f"{prefix}{node.name}.", in_class=True)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                is_static = any(ast.unparse(each) == "staticmethod" for each in node.decorator_list)
                if not node.name.startswith("_") or node.name in ("__init__", "__call__"):
                    yield Public(prefix + node.name, node, is_bound=in_class and not is_static)

    return inside(ast.parse(source).body, prefix="", in_class=False)


def is_private(path: Path) -> bool:
    return any(part.startswith("_") and not part.startswith("__") for part in path.relative_to(ROOT).parts)


def house_rules(source: str) -> list[str]:
    """What a file of the package does that the house does not, as `line: what`."""
    tree = ast.parse(source)
    bad = []
    if not ast.get_docstring(tree):
        bad.append("1: the module says in no sentence what it is")
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and not ast.get_docstring(node):
            bad.append(f"{node.lineno}: class {node.name} has no docstring")
    for each in public_functions(source):
        line, is_method = each.node.lineno, "." in each.name
        if each.node.args.kwarg is not None:
            bad.append(f"{line}: {each.name} takes **{each.node.args.kwarg.arg}")
        if not is_method and not ast.get_docstring(each.node):
            bad.append(f"{line}: {each.name} has no docstring")
    return bad + forbidden_calls(source)


def forbidden_calls(source: str) -> list[str]:
    """Attributes looked for by name, where a type should say that they are there."""
    bad = []
    for call in calls(source):
        if call.name == "hasattr":
            bad.append(f"{call.line}: hasattr")
        if call.name == "getattr" and len(call.node.args) == 3:
            bad.append(f"{call.line}: getattr with a default")
    return bad


def too_many_positional(source: str, *, module: str) -> list[str]:
    """Public functions with more than the subject and one argument by position; in methods the subject is `self`, and
    two things of equal rank may stand beside it."""
    return [
        f"{each.node.lineno}: {module}:{each.name}({', '.join(each.positional)})"
        for each in public_functions(source)
        if len(each.positional) > 2 and f"{module}:{each.name}" not in MORE_POSITIONAL
    ]


EVERY_PYTHON = python_files()
PACKAGE = python_files("vitrina")


@pytest.mark.parametrize("path", EVERY_PYTHON, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_fits_in_a_head(path: Path):
    assert path.name not in ("utils.py", "util.py", "helpers.py", "misc.py"), "name the file for what it holds"
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LINES, f"{path.relative_to(ROOT)} has {lines} lines, more than {LINES}"


@pytest.mark.parametrize("path", PACKAGE, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_package_keeps_the_house_rules(path: Path):
    source = path.read_text(encoding="utf-8")
    bad = house_rules(source)
    if not is_private(path):
        bad += too_many_positional(source, module=module_name(path))
    assert not bad, show([f"{path.relative_to(ROOT)}:{each}" for each in bad])


@pytest.mark.parametrize(
    "path", [path for path in EVERY_PYTHON if path not in PACKAGE], ids=lambda path: str(path.relative_to(ROOT))
)
def test_tests_and_benchmarks_look_for_no_attribute_by_chance(path: Path):
    bad = forbidden_calls(path.read_text(encoding="utf-8"))
    assert not bad, show([f"{path.relative_to(ROOT)}:{each}" for each in bad])


def test_nothing_is_unfinished_and_nothing_names_a_machine():
    bad = []
    for path in project_files():
        if path.suffix not in TEXTS or not is_text(path):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            for law in (MACHINE_PATH, REGISTRY, UNFINISHED):
                if found := law.search(line):
                    bad.append(f"{path.relative_to(ROOT)}:{number}: {found.group()}")
    assert not bad, show(bad)


def is_text(path: Path) -> bool:
    return b"\0" not in path.read_bytes()[:4096]


@pytest.mark.parametrize("path", python_files("tests"), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_test_is_skipped_expected_to_fail_or_asleep(path: Path):
    bad = excused(path.read_text(encoding="utf-8"))
    assert not bad, show([f"{path.relative_to(ROOT)}:{each}" for each in bad])


def excused(source: str) -> list[str]:
    """Tests that need not pass, and waits for time to go by."""
    words = ("skip", "skipif", "xfail", "importorskip")
    bad = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in words and ast.unparse(node).startswith("pytest."):
            bad.append(f"{node.lineno}: {ast.unparse(node)}")
    return bad + [f"{call.line}: {call.name}" for call in calls(source) if call.name == "time.sleep"]


@pytest.mark.parametrize(
    "path",
    [path for path in PACKAGE if re.search(r"^__all__\b", path.read_text(encoding="utf-8"), re.MULTILINE)],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_what_a_module_offers_is_there(path: Path):
    module = importlib.import_module(module_name(path))
    assert set(module.__all__) <= set(dir(module))
    assert list(module.__all__) == sorted(set(module.__all__)), "__all__ is sorted and names nothing twice"


def test_every_exception_from_a_rule_is_still_needed():
    needed = set()
    for path in PACKAGE:
        module = module_name(path)
        names = {f"{module}:{each.name}" for each in public_functions(path.read_text()) if len(each.positional) > 2}
        needed |= names & MORE_POSITIONAL.keys()
    assert needed == MORE_POSITIONAL.keys()


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("x = 1", "module says"),
        ('"""M."""\nclass C: ...', "class C has no docstring"),
        ('"""M."""\ndef f(): ...', "f has no docstring"),
        ('"""M."""\nclass C:\n    """C."""\n    def f(self, **more): ...', "takes **more"),
        ('"""M."""\nx = hasattr(1, "real")', "hasattr"),
        ('"""M."""\nx = getattr(1, "real", None)', "getattr with a default"),
    ],
)
def test_the_law_sees_a_broken_house_rule(source: str, what: str):
    (bad,) = house_rules(source)
    assert what in bad


def test_the_law_sees_too_many_positional_arguments():
    assert too_many_positional("def f(a, b, c): ...", module="m") == ["1: m:f(a, b, c)"]
    assert too_many_positional("class C:\n    def f(self, a, b, c=1): ...", module="m")
    assert not too_many_positional("def f(a, b, *, c): ...\ndef _g(a, b, c): ...", module="m")


def test_the_law_sees_machines_and_unfinished_work():
    assert MACHINE_PATH.search("open('/" + "home/ana/shop')")
    assert not MACHINE_PATH.search("see ../home/ and docs/work/ and ~/work/")
    assert REGISTRY.search("https://pypi" + ".org/simple")
    assert UNFINISHED.search("# TO" + "DO later") and UNFINISHED.search("raise NotImplemented" + "Error")


def test_the_law_sees_an_excused_test():
    assert excused("import pytest\n@pytest.mark.skipif(True)\ndef test(): ...")
    assert excused("import pytest\npytest.importorskip('x')")
    assert excused("from time import sleep\nsleep(1)")
