"""What the laws read: the project's own files, and the names that a piece of Python imports."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def project_files() -> tuple[Path, ...]:
    """Every file of the project: those that git tracks or would, or, in an unpacked archive, all but hidden ones."""
    listing = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    found = subprocess.run(listing, capture_output=True, text=True, check=False)
    if found.returncode == 0:
        paths = [ROOT / name for name in found.stdout.split("\0") if name]
    else:
        paths = [path for path in ROOT.rglob("*") if not any(part[0] == "." for part in path.relative_to(ROOT).parts)]
    return tuple(sorted(path for path in paths if path.is_file()))


def python_files(*folders: str) -> list[Path]:
    """The Python files below `folders` of the project, or all."""
    inside = [ROOT / folder for folder in folders] or [ROOT]
    return [path for path in project_files() if path.suffix == ".py" and any(path.is_relative_to(at) for at in inside)]


def module_name(path: Path) -> str:
    """`vitrina.models.flava` for its file, `vitrina.recipes` for that of a package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@dataclass(frozen=True)
class Import:
    """`module` as it stands in the code, and whether it is imported as soon as the file is."""

    module: str
    line: int
    is_eager: bool


def imports(source: str, *, module: str = "") -> list[Import]:
    """Every import in a file: at its top, inside functions, for type checkers only; `from a import b` is `a.b`.

    `module` is the file's own name, which relative imports are resolved against.
    """
    found: list[Import] = []

    def visit(node: ast.AST, *, is_eager: bool) -> None:
        if isinstance(node, ast.Import):
            found.extend(Import(each.name, node.lineno, is_eager) for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")[: -node.level] if node.level else []
            start = ".".join([*above, *([node.module] if node.module else [])])
            found.extend(Import(f"{start}.{each.name}", node.lineno, is_eager) for each in node.names)
        inner = is_eager and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            inner = False
        for child in ast.iter_child_nodes(node):
            visit(child, is_eager=inner)

    visit(ast.parse(source), is_eager=True)
    return found


@dataclass(frozen=True)
class Call:
    """A call by its dotted name, as imported: `np.load` is `numpy.load`."""

    name: str
    line: int
    node: ast.Call


def calls(source: str) -> Iterator[Call]:
    """Every call of a file whose function has a name."""
    tree = ast.parse(source)
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {
                each.asname or each.name.split(".")[0]: each.name if each.asname else each.name.split(".")[0]
                for each in node.names
            }
        elif isinstance(node, ast.ImportFrom) and node.module:
            known |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            first, _, rest = ast.unparse(node.func).partition(".")
            origin = known.get(first, first)
            yield Call(f"{origin}.{rest}" if rest else origin, node.lineno, node)


def show(violations: list[str]) -> str:
    """Violations, one a line."""
    return "\n" + "\n".join(violations)
