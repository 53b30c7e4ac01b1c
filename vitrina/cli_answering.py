"""The door's answering half: what a trained run does for a shop."""

import argparse
import os
from pathlib import Path

TOKEN = "VITRINA_TOKEN"


def add_answering_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The commands that put a run to use: find, tag, check, point and serve."""
    _add_search(commands)
    _add_labels(commands)
    _add_checks(commands)
    _add_masks(commands)
    serve = commands.add_parser("serve", help="a page and an API to search, tag and cut out products")
    _add_run(serve)
    serve.add_argument("catalogue", type=Path, metavar="CATALOGUE")
    serve.add_argument("--host", default="127.0.0.1", help="an address other than this machine's own needs a token")
    serve.add_argument("--port", type=int, default=8000)
    serve.add_argument("--token", help=f"what visitors must know (default: the environment's {TOKEN})")
    serve.set_defaults(command=_serve)


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, metavar="DIR", help="a run, or a checkpoint of CLIP, FLAVA or GroupViT")


def _add_search(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    search = commands.add_parser("search", help="find products by words, by a picture, or by both")
    _add_run(search)
    search.add_argument("catalogue", type=Path, metavar="CATALOGUE")
    search.add_argument("text", nargs="?", metavar="TEXT")
    search.add_argument("--image", type=Path, metavar="PATH", help="a picture; with TEXT: like this one, but so")
    search.add_argument("--where", metavar="CONDITION", help='e.g. "price < 20 and category = Shoes"')
    search.add_argument("--mode", choices=["vector", "text", "hybrid"], help="by meaning, by words, or both")
    search.add_argument("--top", type=int, default=10)
    search.add_argument("--skip", type=int, default=0, help="leave out so many of the best")
    search.add_argument("--picture-share", type=float, default=0.5, metavar="SHARE", help="beside words, 0 to 1")
    search.set_defaults(command=_search)

    embed = commands.add_parser("embed", help="write the vectors of every product, for a search engine of your own")
    _add_run(embed)
    embed.add_argument("catalogue", type=Path, metavar="CATALOGUE")
    embed.add_argument("out", type=Path, metavar="OUT.parquet")
    embed.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    embed.set_defaults(command=_embed)


def _add_labels(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    tag = commands.add_parser("tag", help="label every product, with confidence; or propose what is missing")
    _add_run(tag)
    tag.add_argument("catalogue", type=Path, metavar="CATALOGUE")
    tag.add_argument("out", type=Path, metavar="OUT", help="a .csv or .parquet file")
    tag.add_argument("--labels", type=Path, metavar="FILE", help="your labels: one a line, or a CSV with prompts")
    tag.add_argument(
        "--by", action="append", default=[], metavar="FIELD", help="category, category:LEVEL or attributes.NAME"
    )
    tag.add_argument("--examples", type=Path, metavar="FILE", help="a CSV with id and label of some products")
    tag.add_argument("--mode", choices=["auto", "prompts", "few-shot", "probe"], default="auto")
    tag.add_argument("--use", choices=["auto", "picture", "text", "both"], default="auto", help="what to look at")
    tag.add_argument("--missing", action="store_true", help="a review file of what products lack (--by: these fields)")
    tag.set_defaults(command=_tag)

    accept = commands.add_parser("accept", help="take the accepted rows of a review file into a catalogue")
    accept.add_argument("review", type=Path, metavar="FILE")
    accept.add_argument("catalogue", type=Path, metavar="CATALOGUE")
    accept.add_argument("--above", type=float, metavar="CONFIDENCE", help="also rows nobody judged, from this on")
    accept.set_defaults(command=_accept)


def _add_checks(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    mismatch = commands.add_parser("mismatch", help="products whose picture, text or category do not belong together")
    _add_run(mismatch)
    mismatch.add_argument("catalogue", type=Path, metavar="CATALOGUE")
    mismatch.add_argument("--out", type=Path, metavar="FILE.csv", help="write every doubt, the greatest first")
    mismatch.set_defaults(command=_mismatch)

    duplicates = commands.add_parser("duplicates", help="the same product listed twice in other words")
    duplicates.add_argument("catalogue", type=Path, metavar="CATALOGUE")
    duplicates.add_argument("--between", metavar="FIELD", help="compare sources: domain, brand or attributes.NAME")
    duplicates.add_argument("--pairs", type=Path, metavar="FILE", help="a CSV of known pairs: a, b, match (1 or 0)")
    duplicates.add_argument("--out", type=Path, metavar="FILE.csv", help="write every pair, the likeliest first")
    duplicates.set_defaults(command=_duplicates)


def _add_masks(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    segment = commands.add_parser("segment", help="paint where words are in a picture")
    _add_run(segment)
    segment.add_argument("image", type=Path, metavar="IMAGE")
    segment.add_argument("words", metavar="WORDS", help='with commas between: "shoe, bag"')
    segment.add_argument("--out", type=Path, metavar="FILE.png", help="the overlay (default: IMAGE-segments.png)")
    segment.add_argument("--mask", type=Path, metavar="FILE.png", help="also the labels, as a palette picture")
    segment.add_argument(
        "--window", type=int, metavar="PX", help="look at a large picture through squares of so many pixels"
    )
    segment.set_defaults(command=_segment)

    cutout = commands.add_parser("cutout", help="write product pictures without their background")
    _add_run(cutout)
    cutout.add_argument("catalogue", type=Path, metavar="CATALOGUE")
    cutout.add_argument("out", type=Path, metavar="OUT", help="a folder for the pictures")
    cutout.add_argument("--words", default="", metavar="WORDS", help="what to keep (default: the product's own words)")
    cutout.add_argument("--margin", type=float, metavar="SHARE", help="cut to the product and so much around it")
    cutout.set_defaults(command=_cutout)


def _search(options: argparse.Namespace) -> None:
    from vitrina.index.index import search

    found = search(
        options.run,
        catalogue=options.catalogue,
        text=options.text,
        image=options.image,
        top=options.top,
        skip=options.skip,
        mode=options.mode,
        where=options.where,
        picture_share=options.picture_share,
    )
    print(found.text())


def _embed(options: argparse.Namespace) -> None:
    from vitrina.index.embed import embed

    print(embed(options.run, catalogue=options.catalogue, out=options.out, precision=options.precision).text())


def _tag(options: argparse.Namespace) -> None:
    if options.missing:
        if options.labels or options.examples or (options.mode, options.use) != ("auto", "auto"):
            raise ValueError("--missing learns from the catalogue itself: of the choices it takes --by alone")
        from vitrina.labelling.missing import fill_missing

        print(fill_missing(options.run, catalogue=options.catalogue, out=options.out, fields=options.by or None).text())
        return
    if len(options.by) > 1:
        raise ValueError("--by is given twice: tag one field at a time, or propose what is missing with --missing")
    from vitrina.labelling.tag import tag

    found = tag(
        options.run,
        catalogue=options.catalogue,
        out=options.out,
        labels=options.labels,
        by=options.by[0] if options.by else None,
        examples=options.examples,
        mode=options.mode,
        use=options.use,
    )
    print(found.text())


def _accept(options: argparse.Namespace) -> None:
    from vitrina.labelling.review import accept

    print(accept(options.review, catalogue=options.catalogue, above=options.above).text())


def _mismatch(options: argparse.Namespace) -> None:
    from vitrina.labelling.mismatch import find_mismatches

    print(find_mismatches(options.run, catalogue=options.catalogue, out=options.out).text())


def _duplicates(options: argparse.Namespace) -> None:
    from vitrina.labelling.duplicates import find_duplicates

    found = find_duplicates(options.catalogue, between=options.between, pairs=options.pairs, out=options.out)
    print(found.text())


def _segment(options: argparse.Namespace) -> None:
    from vitrina.segmentation.segment import segment
    from vitrina.tasks.looking import Window

    found = segment(
        options.run,
        image=options.image,
        words=_words(options.words),
        out=options.out or options.image.with_name(f"{options.image.stem}-segments.png"),
        mask_out=options.mask,
        window=None if options.window is None else Window(options.window, options.window // 2),
    )
    print(found.text())


def _cutout(options: argparse.Namespace) -> None:
    from vitrina.segmentation.cutout import cutout

    words = _words(options.words)
    print(cutout(options.run, catalogue=options.catalogue, out=options.out, words=words, margin=options.margin).text())


def _words(told: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in told.split(",") if word.strip())


def _serve(options: argparse.Namespace) -> None:
    from vitrina.serving.serve import serve

    token = options.token or os.environ.get(TOKEN) or None
    serve(options.run, catalogue=options.catalogue, host=options.host, port=options.port, token=token)
