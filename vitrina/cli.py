"""The door: parse, call, print. Every command can be run twice."""

import argparse
import errno
import io
import logging
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from vitrina.cli_answering import add_answering_commands
from vitrina.cli_training import add_training_commands

_CATALOGUE_FORMATS = ("parquet", "jsonl", "huggingface")
_RUN_FORMATS = ("transformers", "onnx")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; user errors end with words on stderr and status 2, never with a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal without our letters gets their codes, not an error
            stream.reconfigure(errors="backslashreplace")
    options = build_parser().parse_args(arguments)
    warnings.filterwarnings("ignore", module="PIL")  # what is wrong with a picture stands in the report
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        options.command(options)
    except KeyboardInterrupt:
        print("vitrina: interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
    except OSError as error:
        print(f"vitrina: {_os_words(error)}", file=sys.stderr)
        sys.exit(2)
    except UnicodeEncodeError as error:
        name = error.object.encode("utf-8", "backslashreplace").decode()
        print(f"vitrina: {name[:200]!r} is no text in UTF-8: name it otherwise", file=sys.stderr)
        sys.exit(2)
    except (ValueError, ImportError) as error:
        print(f"vitrina: {error}", file=sys.stderr)
        sys.exit(2)


_MENDS = {
    errno.ENOENT: "check the path",
    errno.EISDIR: "name a file, not a folder",
    errno.ENOTDIR: "a part of this path is a file: name another place",
    errno.EEXIST: "something else stands there: name another place",
    errno.EROFS: "nothing can be written there: name another place",
    errno.EACCES: "ask for the right to it, or name another place",
    errno.EPERM: "ask for the right to it, or name another place",
    errno.ENOSPC: "make room on the disk and run the command again",
    errno.EDQUOT: "make room on the disk and run the command again",
    errno.ENAMETOOLONG: "name a shorter one",
}


def _os_words(error: OSError) -> str:
    """What the system refused, where, and what mends it, without its number."""
    if error.errno is None or error.strerror is None:
        return str(error)
    name = error.filename if error.filename2 is None else error.filename2  # of a renaming, what it was to be called
    place = f"{name}: " if name is not None else ""
    mend = _MENDS.get(error.errno)
    return f"{place}{error.strerror}" + (f"; {mend}" if mend else "")


def build_parser() -> argparse.ArgumentParser:
    """The whole command line; a test freezes its words."""
    parser = argparse.ArgumentParser(prog="vitrina", description=__import__("vitrina").__doc__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    sample = commands.add_parser("sample", help="write a generated catalogue to try things on")
    sample.add_argument("out", type=Path, metavar="OUT")
    sample.add_argument("--products", type=int, default=1000)
    sample.add_argument("--seed", type=int, default=0)
    sample.add_argument("--damage", type=float, default=0.0, metavar="SHARE", help="share of products to spoil, 0 to 1")
    sample.add_argument("--like", type=Path, metavar="CATALOGUE", help="take the statistics of a real catalogue")
    sample.add_argument("--workers", type=int, help="processes (default: one per core); never changes a result")
    sample.set_defaults(command=_sample)

    ingest = commands.add_parser("ingest", help="read product files into a catalogue")
    ingest.add_argument("sources", nargs="+", metavar="SRC", help="a file or folder, hf:OWNER/NAME, or a named source")
    ingest.add_argument("out", type=Path, metavar="OUT", help="the catalogue: a new folder, or one to add to")
    ingest.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="FIELD=COLUMN",
        help="name a column yourself (nothing after = leaves the field empty)",
    )
    ingest.add_argument(
        "--mapping", type=Path, metavar="FILE", help="the columns as an earlier --save-mapping named them"
    )
    ingest.add_argument("--save-mapping", type=Path, metavar="FILE", help="write which column stands for which field")
    ingest.add_argument(
        "--dry-run", action="store_true", help="show ten rows as they would be read; write no catalogue"
    )
    ingest.add_argument("--root", type=Path, help="folder that picture paths start from (default: the file's own)")
    ingest.add_argument("--strict", action="store_true", help="write nothing if any row or picture is rejected")
    ingest.add_argument("--no-download", action="store_true", help="reject web addresses of pictures, fetch none")
    ingest.add_argument(
        "--allow-private",
        action="append",
        default=[],
        metavar="HOST",
        help="fetch pictures from this host or network though it is not on the open internet, e.g. 10.1.0.0/16",
    )
    ingest.set_defaults(command=_ingest)

    inspect = commands.add_parser("inspect", help="what is in a catalogue, what is wrong with it, what it is good for")
    inspect.add_argument("catalogue", type=Path, metavar="CATALOGUE")
    inspect.add_argument("--out", type=Path, metavar="DIR", help="folder of the page (default: CATALOGUE-inspection)")
    inspect.set_defaults(command=_inspect)

    remove = commands.add_parser("remove", help="take products out of a catalogue")
    remove.add_argument("catalogue", type=Path, metavar="CATALOGUE")
    which = remove.add_mutually_exclusive_group(required=True)
    which.add_argument("--ids", nargs="+", metavar="ID", help="ids, or @FILE with one id a line")
    which.add_argument("--where", metavar="CONDITION", help='e.g. "brand = Acme and price > 100"')
    remove.set_defaults(command=_remove)

    compact = commands.add_parser("compact", help="free what earlier versions of a catalogue hold on the disk")
    compact.add_argument("catalogue", type=Path, metavar="CATALOGUE")
    compact.set_defaults(command=_compact)

    export = commands.add_parser("export", help="write a catalogue, or a run's model, for other tools")
    export.add_argument("source", type=Path, metavar="SOURCE", help="a catalogue or a run")
    export.add_argument("out", type=Path, metavar="OUT", help="a new folder")
    export.add_argument(
        "--format",
        choices=[*_CATALOGUE_FORMATS, *_RUN_FORMATS],
        help=f"of a catalogue {', '.join(_CATALOGUE_FORMATS)}; of a run {', '.join(_RUN_FORMATS)}; default: the first",
    )
    export.add_argument("--version", metavar="DIGEST", help="an earlier version of the catalogue (see vitrina log)")
    export.set_defaults(command=_export)

    log = commands.add_parser("log", help="the versions of a catalogue")
    log.add_argument("catalogue", type=Path, metavar="CATALOGUE")
    log.set_defaults(command=_log)

    add_training_commands(commands)

    evaluate = commands.add_parser("evaluate", help="held-out figures with base rates, and report.html")
    evaluate.add_argument("run", type=Path, metavar="DIR")
    evaluate.add_argument("catalogue", type=Path, metavar="CATALOGUE")
    evaluate.add_argument("--split", choices=["train", "val", "test"], default="val")
    evaluate.add_argument("--version", metavar="DIGEST", help="an earlier version of the catalogue (see vitrina log)")
    evaluate.add_argument(
        "--weights", type=Path, metavar="FILE", help="weights of the run to ask (see vitrina average)"
    )
    evaluate.add_argument(
        "--queries", type=Path, metavar="FILE", help="your own queries and the ids that answer them, CSV or JSONL"
    )
    evaluate.set_defaults(command=_evaluate)

    add_answering_commands(commands)

    demo = commands.add_parser("demo", help="the whole road in a few minutes, on a generated catalogue")
    demo.add_argument("out", type=Path, metavar="OUT")
    demo.set_defaults(command=_demo)
    return parser


def _sample(options: argparse.Namespace) -> None:
    from vitrina.catalogue.sample import write_sample

    catalogue = write_sample(
        options.out,
        products=options.products,
        seed=options.seed,
        damage=options.damage,
        like=options.like,
        workers=options.workers,
    )
    print(f"{len(catalogue)} products in {options.out}")


def _ingest(options: argparse.Namespace) -> None:
    from vitrina.catalogue.download import Downloads
    from vitrina.catalogue.ingest import ingest
    from vitrina.catalogue.mapping import read_mapping, write_mapping
    from vitrina.catalogue.preview import preview

    columns = dict(read_mapping(options.mapping)) if options.mapping else {}
    for pair in options.map:
        field, separator, column = pair.partition("=")
        if not (field and separator):
            raise ValueError(f"--map {pair!r} is not FIELD=COLUMN; for example --map title=product_name")
        columns[field] = column
    if options.dry_run or options.save_mapping:
        seen = preview(options.sources, columns=columns, root=options.root)
        if options.save_mapping:
            write_mapping(options.save_mapping, mapping=seen.mapping)
        if options.dry_run:
            print(seen.text())
            return
    downloads = None if options.no_download else Downloads(allow_private=tuple(options.allow_private))
    report = ingest(
        options.sources,
        out=options.out,
        columns=columns,
        root=options.root,
        on_reject="fail" if options.strict else "report",
        downloads=downloads,
    )
    print(report.text())


def _inspect(options: argparse.Namespace) -> None:
    from vitrina.inspection.inspect import default_folder, inspect_catalogue

    out = options.out or default_folder(options.catalogue)
    print(inspect_catalogue(options.catalogue, out=out).text())
    print(f"\nOpen {out / 'inspection.html'} to look.")


def _remove(options: argparse.Namespace) -> None:
    from vitrina.catalogue.remove import remove

    print(remove(options.catalogue, ids=_ids(options.ids), where=options.where).text())


def _ids(words: Sequence[str] | None) -> list[str] | None:
    """Ids from the command line; `@FILE` stands for those in a file."""
    if words is None:
        return None
    ids: list[str] = []
    for word in words:
        if word.startswith("@"):
            ids += _ids_of_file(Path(word[1:]))
        else:
            ids.append(word)
    return ids


def _ids_of_file(path: Path) -> list[str]:
    from vitrina.catalogue.handwritten import read_text

    lines = read_text(path, what="ids, one a line").splitlines()
    found = [line.strip() for line in lines if line.strip()]
    if not found:
        raise ValueError(f"{path} holds no ids: write one a line")
    return found


def _compact(options: argparse.Namespace) -> None:
    from vitrina.catalogue.compact import compact

    print(compact(options.catalogue).text())


def _export(options: argparse.Namespace) -> None:
    is_run = (options.source / "recipe.json").is_file()  # as training says it, without waiting for torch
    formats = _RUN_FORMATS if is_run else _CATALOGUE_FORMATS
    if options.format is not None and options.format not in formats:
        what = f"{options.source}, {'a run' if is_run else 'a catalogue'},"
        raise ValueError(f"--format {options.format} does not fit: {what} becomes {' or '.join(formats)}")
    if is_run:
        if options.version is not None:
            raise ValueError(f"--version names a catalogue's version, and {options.source} is a run: leave it out")
        from vitrina.evaluation.export_run import export_run

        print(export_run(options.source, out=options.out, format=options.format or "transformers").text())
        return
    from vitrina.catalogue.export import export

    chosen = options.format or "parquet"
    print(export(options.source, out=options.out, format=chosen, version=options.version).text())


def _log(options: argparse.Namespace) -> None:
    from vitrina.catalogue.history import history

    print(history(options.catalogue).text())


def _evaluate(options: argparse.Namespace) -> None:
    if options.queries is not None:
        if options.version is not None or options.weights is not None:
            raise ValueError("--queries asks the catalogue as it is, by the run's own weights: leave the others out")
        from vitrina.index.queries import evaluate_queries

        print(evaluate_queries(options.run, catalogue=options.catalogue, queries=options.queries).text())
        return
    from vitrina.evaluation.evaluate import evaluate

    found = evaluate(
        options.run,
        catalogue=options.catalogue,
        split=options.split,
        version=options.version,
        weights=options.weights,
    )
    print(found.text())


def _demo(options: argparse.Namespace) -> None:
    from vitrina.demo import demo

    demo(options.out)
