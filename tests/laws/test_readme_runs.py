"""What the documents say to type works: Python blocks run, commands parse, names and links exist."""

import contextlib
import io
import re
import shlex
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
from laws.law_sources import ROOT, show
from torch.distributed.run import get_args_parser

from vitrina import recipes
from vitrina.catalogue.sample import write_sample
from vitrina.cli import build_parser
from vitrina.recipes.recipe import with_settings
from vitrina.training.loop import train

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SHELLS = {"bash", "console", "sh", "shell"}
BLOCK = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")
INLINE = re.compile(r"`([^`]+)`")
OTHERS = {"apt-get", "cd", "git", "pip", "python", "python3", "sudo", "export", "source"}
"""Programs that are not ours: that they are called as they should be is for their own documents to say."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a document: its language, its lines, and the line that it begins on."""

    language: str
    text: str
    line: int


def blocks(markdown: str) -> list[Block]:
    """The fenced blocks of a document."""
    return [
        Block(found.group(1), found.group(2), line=markdown[: found.start()].count("\n") + 2)
        for found in BLOCK.finditer(markdown)
    ]


def commands(block: str) -> list[list[str]]:
    """The commands of a shell block as words: continued lines joined, prompts and comments taken off."""
    joined = re.sub(r"\\\n\s*", " ", block)
    lines = [line.removeprefix("$ ") for line in joined.splitlines()]
    words = [shlex.split(line, comments=True) for line in lines]
    return [each for each in (without_variables(line) for line in words) if each]


def without_variables(words: list[str]) -> list[str]:
    while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
        words = words[1:]
    return words


def wrong(words: list[str]) -> str | None:
    """What is wrong with a command, in words; None where nothing is."""
    program = words[0].removeprefix(".venv/bin/")
    if program == "torchrun":
        return wrong_torchrun(words[1:])
    if program in ("python", "python3") and words[1:3] == ["-m", "vitrina"]:
        program, words = "vitrina", words[2:]
    match program:
        case "vitrina":
            return wrong_call(words[1:])
        case "make":
            return next((f"there is no `make {word}`" for word in words[1:] if not is_target(word)), None)
        case "pip":
            return next((f"there is no {word}" for word in words if not is_extra(word)), None)
        case ".ci/run":
            return None if (ROOT / ".ci" / "run").exists() else "there is no .ci/run"
        case _:
            if program in ("python", "python3") and len(words) > 1 and words[1].endswith(".py"):
                return None if (ROOT / words[1]).exists() else f"there is no {words[1]}"
            return None if program in OTHERS else f"nobody knows the program {program}"


def wrong_torchrun(arguments: list[str]) -> str | None:
    """What `torchrun ARGUMENTS` or the command that it starts would complain about: it takes some of our options."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        try:
            options = get_args_parser().parse_args(arguments)
        except SystemExit:
            return said.getvalue().strip().splitlines()[-1]
    return wrong([options.training_script, *options.training_script_args])


def wrong_call(arguments: list[str]) -> str | None:
    """What `vitrina ARGUMENTS` would complain about before it does anything."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            options = vars(build_parser().parse_args(arguments))
        except SystemExit as end:
            return None if end.code in (0, None) else said.getvalue().strip().splitlines()[-1]
    if "recipe" not in options:
        return None
    if options["recipe"] not in recipes.__all__:
        return f"there is no recipe {options['recipe']}"
    try:
        with_settings(getattr(recipes, options["recipe"])(options["size"]), options["set"])
    except ValueError as error:
        return str(error)
    return None


def is_target(word: str) -> bool:
    if "=" in word or word.startswith("-"):
        return True
    return re.search(rf"^{re.escape(word)}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE) is not None


def is_extra(word: str) -> bool:
    """Whether `vitrina[a,b]` or `.[a,b]` names extras that exist; other packages are not ours to know."""
    found = re.fullmatch(r"(?:vitrina|\.)\[([\w,-]+)\]", word)
    known = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    return found is None or set(found.group(1).split(",")) <= set(known)


def settings_in(prose: str) -> list[str]:
    """The `--set NAME=VALUE` of a text outside its blocks."""
    return [word for code in INLINE.findall(prose) for word in re.findall(r"--set\s+(\S+=\S+)", code)]


def prose(markdown: str) -> str:
    """A document without its fenced blocks."""
    return BLOCK.sub("", markdown)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the documents call `demo/` (as `make demo` leaves it), `shop/` and `runs/`, in small."""
    place = tmp_path_factory.mktemp("documents")
    write_sample(place / "demo" / "catalogue", products=240, seed=0)
    brief = ["steps=2", "batch_rows=8", "checkpoint_every=2"]
    codebook, flava = place / "demo" / "codebook", place / "demo" / "flava"
    catalogue = [place / "demo" / "catalogue"]
    train(with_settings(recipes.codebook("tiny"), brief), catalogues=catalogue, run=codebook)
    settings = [*brief, "vocabulary=400", f"codebook={codebook}"]
    train(with_settings(recipes.flava("tiny"), settings), catalogues=catalogue, run=flava)
    (place / "shop").symlink_to(place / "demo" / "catalogue")
    (place / "runs").symlink_to(place / "demo")
    return place


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_python_block_of_a_document_runs(document: Path, world: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(world)
    names: dict[str, object] = {"__name__": "document"}
    for block in blocks(document.read_text(encoding="utf-8")):
        if block.language == "python":
            padded = "\n" * (block.line - 1) + block.text  # so that a traceback names the document's own line
            exec(compile(padded, str(document), "exec"), names)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_of_a_document_is_one_that_exists(document: Path):
    bad = []
    for block in blocks(document.read_text(encoding="utf-8")):
        if block.language in SHELLS:
            for words in commands(block.text):
                if (what := wrong(words)) is not None:
                    bad.append(f"{document.name}:{block.line}: {shlex.join(words)}: {what}")
    assert not bad, show(bad)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_and_settings_named_in_passing_exist(document: Path):
    text = prose(document.read_text(encoding="utf-8"))
    bad = []
    for code in INLINE.findall(text):
        words = code.split()
        if len(words) > 1 and words[0] == "vitrina":
            said = wrong_call([words[1], "--help"])
            bad += [f"{code}: {said}"] if said else []
        if len(words) > 1 and words[0] == "make":
            bad += [f"{code}: there is no such target"] if not is_target(words[1]) else []
    for assignment in settings_in(text):
        try:
            with_settings(recipes.flava("tiny"), [assignment])
        except ValueError as error:
            bad.append(f"--set {assignment}: {error}")
    assert not bad, show(bad)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_of_a_document_leads_somewhere(document: Path):
    links = LINK.findall(prose(document.read_text(encoding="utf-8")))
    bad = [link for link in links if not (document.parent / link).exists()]
    assert not bad, show([f"{document.name} links to {link}, which does not exist" for link in bad])


def test_the_first_screen_of_the_readme_is_a_sentence_a_picture_two_commands_and_seven_lines():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shell, python = blocks(text)[:2]
    assert shell.language in SHELLS and len(commands(shell.text)) == 2
    assert python.language == "python" and len([line for line in python.text.splitlines() if line.strip()]) == 7
    assert text.index("![") < text.index("```")


def test_the_makefile_and_the_packages_are_what_the_readme_names():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "make test" in text and "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert all(is_target(target) for target in ("setup", "demo", "test", "lint", "clean"))
    assert "-m pytest" in makefile
    for package in (ROOT / ".ci" / "packages.txt").read_text(encoding="utf-8").split():
        assert package in text, f"the README does not name the system package {package}"


@pytest.mark.parametrize(
    "command",
    [
        "vitrina trian flava shop --run x",
        "vitrina train flava shop",
        "vitrina train flavia shop --run x",
        "vitrina train flava shop --run x --set optim.rl=3",
        "vitrina search run shop --picture x.jpg",
        "torchrun --nproc-per-node 2 -m vitrina train flava shop --run x",  # it has a --run-path
        "torchrun --nproc-per-node 2 -m -- vitrina train flava shop",
        "make everything",
        "pip install 'vitrina[everything]'",
        "vitriña search",
        "python benchmarks/that_nobody_wrote.py",
    ],
)
def test_the_law_sees_a_command_that_does_not_exist(command: str):
    (words,) = commands(f"$ OMP_NUM_THREADS=1 {command}  # as it was once")
    assert wrong(words) is not None


def test_the_law_reads_blocks_prompts_comments_and_continued_lines():
    markdown = (
        "a\n```bash\n$ vitrina train flava shop \\\n    --run x  # go\n# only words\n\nmake test\n```\n`make x`\n"
    )
    (block,) = blocks(markdown)
    assert (block.language, block.line) == ("bash", 3)
    assert commands(block.text) == [["vitrina", "train", "flava", "shop", "--run", "x"], ["make", "test"]]
    assert all(wrong(words) is None for words in commands(block.text))
    assert settings_in("see `--set steps=5 --set optim.lr=1`") == ["steps=5", "optim.lr=1"]
    assert "vitrina train" not in prose(markdown) and "make x" in prose(markdown)
