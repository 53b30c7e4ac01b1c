from pathlib import Path

import pytest

from vitrina.labelling.labels_file import read_examples, read_labels
from vitrina.tasks.labels import Word


def write(folder: Path, name: str, text: str, *, encoding: str = "utf-8") -> Path:
    (folder / name).write_bytes(text.encode(encoding))
    return folder / name


def test_labels_are_read_one_a_line_through_marks_blanks_and_spaces(tmp_path):
    path = write(tmp_path, "labels.txt", "\ufeffZapatillas\r\n\r\n  Botas   altas \n\n", encoding="utf-8")
    assert read_labels(path).names == ["Zapatillas", "Botas altas"]


def test_a_line_with_braces_is_a_template_for_every_label(tmp_path):
    labels = read_labels(write(tmp_path, "labels.txt", "Boots\nBags\na picture of {}\n"))
    assert labels.prompts("templates", languages=["en"])[1] == [["a picture of Bags", "a picture of Bag"]]
    assert labels.prompts("plain", languages=["en"]) == [[["Boots"]], [["Bags"]]]


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_a_table_gives_words_by_language_and_templates(tmp_path, sign):
    rows = [
        ["label", "words", "language", "template"],
        ["shoes", "sneaker|trainer", "en", ""],
        ["shoes", "zapatilla", "es", ""],
        [],
        ["bags", "", "", ""],
        ["", "", "es", "una foto de {}"],
    ]
    labels = read_labels(write(tmp_path, "labels.csv", "\n".join(sign.join(row) for row in rows)))
    assert labels.names == ["shoes", "bags"]
    assert labels.labels[0].words == (Word("sneaker", "en"), Word("trainer", "en"), Word("zapatilla", "es"))
    shoes, bags = labels.prompts("templates", languages=["en", "es"])
    assert shoes == [["sneaker"], ["trainer"], ["una foto de zapatilla"]]
    assert "una foto de bags" in bags[0]


def test_spanish_headers_are_understood(tmp_path):
    path = write(tmp_path, "etiquetas.csv", "Etiqueta;Palabras;Idioma\nbolsos;bolso|mochila;es\nbotas;;\n")
    assert read_labels(path).names == ["bolsos", "botas"]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.txt", "", "holds no label"),
        ("a.txt", "only\n", "one label alone"),
        ("a.txt", "Boots\nbags\nBOOTS\n", r"a\.txt, line 3: the label 'BOOTS' stands in .*a\.txt, line 1"),
        ("a.csv", "name\nx\n", r"a\.csv, line 1: the header name lacks 'label'"),
        ("a.csv", "label,words\nx,y\n,z\n", r"a\.csv, line 3: the row has no label"),
        ("a.csv", "label\nx\ny\nx\n", r"a\.csv, line 4: the label 'x' stands in .*line 2 already"),
        ("a.csv", "label\nx\nX\n", r"a\.csv, line 3: the label 'X' stands in .*line 2"),
        ("a.csv", "label,template\nx,\n,no place\n", r"line 3: the template 'no place' has no {}"),
        ("a.csv", "label,template\nx,a {}\n", "line 2: a template stands in a row of its own"),
        ("a.csv", "label\nx,y\n", "line 2: 2 cells where the header has 1"),
        ("a.csv", "", "is empty"),
    ],
)
def test_a_file_that_cannot_be_labels_is_refused_with_its_line(tmp_path, name, text, words):
    with pytest.raises(ValueError, match=words):
        read_labels(write(tmp_path, name, text))


def test_a_file_of_another_encoding_or_none_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"line 2: byte 9 is no UTF-8"):
        read_labels(write(tmp_path, "a.txt", "Botas\nniño\n".replace("Botas", "Botas "), encoding="latin-1"))
    with pytest.raises(ValueError, match="there is no file"):
        read_labels(tmp_path / "nowhere.txt")
    with pytest.raises(ValueError, match="is a folder"):
        read_labels(tmp_path)


def test_examples_are_ids_with_labels_and_never_two_for_one(tmp_path):
    assert read_examples(write(tmp_path, "e.csv", "id,label\n7,boots\n8,bags\n7,boots\n")) == {
        "7": "boots",
        "8": "bags",
    }
    with pytest.raises(ValueError, match=r"line 3: product '7' is 'bags' here and 'boots' in .*line 2: keep one"):
        read_examples(write(tmp_path, "e.csv", "id,label\n7,boots\n7,bags\n"))
    with pytest.raises(ValueError, match="line 2: an example is an id and a label"):
        read_examples(write(tmp_path, "e.csv", "id,label\n7,\n"))
    with pytest.raises(ValueError, match=r"no \.csv or \.tsv"):
        read_examples(write(tmp_path, "e.txt", "7 boots"))
