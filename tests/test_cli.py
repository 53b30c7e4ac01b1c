import argparse
import io
import os
import sys
from pathlib import Path

import pytest

from vitrina import cli, recipes
from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import Catalogue, write_catalogue

MACHINE = ["--workers", "--device", "--micro-batches", "--recompute", "--compile", "--shard", "--record"]

WORDS = {
    "sample": ["OUT", "--products", "--seed", "--damage", "--like", "--workers"],
    "ingest": [
        "SRC", "OUT", "--map", "--mapping", "--save-mapping", "--dry-run", "--root", "--strict", "--no-download",
        "--allow-private",
    ],
    "inspect": ["CATALOGUE", "--out"],
    "remove": ["CATALOGUE", "--ids", "--where"],
    "compact": ["CATALOGUE"],
    "export": ["SOURCE", "OUT", "--format", "--version"],
    "log": ["CATALOGUE"],
    "train": ["RECIPE", "CATALOGUE", "--run", "--size", "--set", "--init", "--dry-run", *MACHINE],
    "resume": ["DIR", *MACHINE],
    "runs": ["DIR", "--out"],
    "average": ["DIR", "FILE", "--share"],
    "record": ["DIR", "--to"],
    "evaluate": ["DIR", "CATALOGUE", "--split", "--version", "--weights", "--queries"],
    "search": ["DIR", "CATALOGUE", "TEXT", "--image", "--where", "--mode", "--top", "--skip", "--picture-share"],
    "embed": ["DIR", "CATALOGUE", "OUT.parquet", "--precision"],
    "tag": ["DIR", "CATALOGUE", "OUT", "--labels", "--by", "--examples", "--mode", "--use", "--missing"],
    "accept": ["FILE", "CATALOGUE", "--above"],
    "mismatch": ["DIR", "CATALOGUE", "--out"],
    "duplicates": ["CATALOGUE", "--between", "--pairs", "--out"],
    "segment": ["DIR", "IMAGE", "WORDS", "--out", "--mask", "--window"],
    "cutout": ["DIR", "CATALOGUE", "OUT", "--words", "--margin"],
    "serve": ["DIR", "CATALOGUE", "--host", "--port", "--token"],
    "demo": ["OUT"],
}  # fmt: skip


def words(parser: argparse.ArgumentParser) -> list[str]:
    actions = [each for each in parser._actions if not isinstance(each, argparse._HelpAction)]
    return [each.option_strings[-1] if each.option_strings else str(each.metavar) for each in actions]


def test_the_command_line_keeps_its_words():
    (commands,) = [each for each in cli.build_parser()._actions if isinstance(each, argparse._SubParsersAction)]
    assert {name: words(parser) for name, parser in commands.choices.items()} == WORDS


def failure(capsys, *arguments: str) -> str:
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return said


def test_errors_are_words_without_a_traceback(capsys, tmp_path: Path):
    nowhere = str(tmp_path / "nowhere")
    assert "nowhere" in failure(capsys, "ingest", nowhere, str(tmp_path / "out"))
    assert "nowhere" in failure(capsys, "evaluate", nowhere, nowhere)
    assert "nowhere" in failure(capsys, "search", nowhere, nowhere, "x")
    assert "nowhere" in failure(capsys, "resume", nowhere)
    csv, png = str(tmp_path / "out.csv"), str(tmp_path / "out.png")
    assert "nowhere" in failure(capsys, "tag", nowhere, nowhere, csv)
    assert "nowhere" in failure(capsys, "accept", nowhere, nowhere)
    assert "nowhere" in failure(capsys, "mismatch", nowhere, nowhere)
    assert "nowhere" in failure(capsys, "duplicates", nowhere)
    assert "nowhere" in failure(capsys, "embed", nowhere, nowhere, str(tmp_path / "v.parquet"))
    assert "nowhere" in failure(capsys, "segment", nowhere, nowhere, "shoe", "--out", png)
    assert "nowhere" in failure(capsys, "cutout", nowhere, nowhere, str(tmp_path / "cut"))
    assert "nowhere" in failure(capsys, "serve", nowhere, nowhere, "--port", "0")
    assert "nowhere" in failure(capsys, "evaluate", nowhere, nowhere, "--queries", csv)
    assert not (tmp_path / "out").exists()


def test_an_unknown_recipe_is_answered_with_those_there_are(capsys, tmp_path: Path):
    said = failure(capsys, "train", "flaba", str(tmp_path), "--run", str(tmp_path / "run"))
    assert all(name in said for name in recipes.__all__)


def test_proposing_what_is_missing_takes_no_labels(capsys, tmp_path: Path):
    said = failure(capsys, "tag", "run", "shop", "o.csv", "--missing", "--labels", "l.txt")
    assert "takes --by alone" in said
    assert "--by is given twice" in failure(capsys, "tag", "r", "s", "o.csv", "--by", "a", "--by", "b")


def test_a_map_without_a_column_is_refused_and_shown_how(capsys, tmp_path: Path):
    assert "title=product_name" in failure(capsys, "ingest", "a.csv", str(tmp_path / "out"), "--map", "title")


def test_a_file_becomes_a_catalogue_twice_the_same(capsys, tmp_path: Path):
    feed, shop = tmp_path / "feed.csv", tmp_path / "shop"
    feed.write_text('ref,nombre,precio\n1,Taza roja,"12,50 €"\n2,Plato,3 €\n', encoding="utf-8")
    for _ in range(2):
        cli.main(["ingest", str(feed), str(shop), "--map", "id=ref"])
    assert "2 products" in capsys.readouterr().out
    assert [product.titles[0].text for product in Catalogue.open(shop).read([0, 1])] == ["Taza roja", "Plato"]


def test_a_recipe_is_refused_where_no_product_serves_it(capsys, tmp_path: Path):
    shop = tmp_path / "shop"
    write_catalogue(shop, (Product(id=str(number), titles=(Text(f"mug {number}"),)) for number in range(40)))
    said = failure(capsys, "train", "clip", str(shop), "--run", str(tmp_path / "run"))
    assert "pair" in said


def test_files_of_ids_that_cannot_serve_are_named_and_nothing_is_removed(capsys, tmp_path: Path):
    shop, ids = tmp_path / "shop", tmp_path / "ids.txt"
    write_catalogue(shop, [Product(id="1", titles=(Text("mug"),))])
    assert f"there is no file {ids}: name a file of ids" in failure(capsys, "remove", str(shop), "--ids", f"@{ids}")
    for content, words in ((b"1\n\xff", "byte 2 is no UTF-8"), (b"\xef\xbb\xbf\n \n", "holds no ids")):
        ids.write_bytes(content)
        said = failure(capsys, "remove", str(shop), "--ids", f"@{ids}")
        assert str(ids) in said and words in said
    assert "is a folder: name a file" in failure(capsys, "remove", str(shop), "--ids", f"@{tmp_path}")
    assert len(Catalogue.open(shop)) == 1


def test_what_the_system_refuses_is_told_with_the_place_and_a_mend(capsys, tmp_path: Path):
    shop, file = tmp_path / "shop", tmp_path / "feed.csv"
    write_catalogue(shop, [Product(id="1", titles=(Text("mug"),))])
    file.write_text("id,title\n1,x\n", encoding="utf-8")
    said = failure(capsys, "ingest", str(file), str(file / "out"))
    assert str(file) in said and "a part of this path is a file" in said and "Errno" not in said
    said = failure(capsys, "export", str(shop), str(tmp_path / ("x" * 300)))
    assert "name a shorter one" in said and "Errno" not in said
    said = failure(capsys, "ingest", str(file), str(tmp_path / "out"), "--save-mapping", str(shop))
    assert f"{shop}: " in said and "name a file, not a folder" in said


def test_ctrl_c_is_told(capsys, monkeypatch):
    def interrupted(*arguments: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_log", interrupted)
    with pytest.raises(SystemExit) as stop:
        cli.main(["log", "shop"])
    assert stop.value.code == 130 and "interrupted" in capsys.readouterr().err


def test_a_terminal_without_our_letters_gets_the_whole_report(monkeypatch, tmp_path: Path):
    feed, told = tmp_path / "feed.csv", io.BytesIO()
    feed.write_text("id,descripción,precio\n1,Taza,gratis\n", encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(told, encoding="ascii"))
    cli.main(["ingest", str(feed), str(tmp_path / "shop")])
    sys.stdout.flush()
    assert b"description = descripci\\xf3n" in told.getvalue() and b"'gratis'" in told.getvalue()


def test_a_name_that_is_no_text_is_refused_in_words(capsys, tmp_path: Path):
    feed, shop = tmp_path / "feed.csv", tmp_path / os.fsdecode(b"tienda\xff")
    feed.write_text("id,title\n1,mug\n", encoding="utf-8")
    assert "is no text in UTF-8: name it otherwise" in failure(capsys, "ingest", str(feed), str(shop))
    assert not shop.exists()
