"""Files that people write: whatever a spreadsheet makes of them is read, and what is wrong is named by its line."""

from pathlib import Path

import pytest

from vitrina.catalogue.handwritten import read_table, read_text

COLUMNS = {"id": "id", "label": "label", "etiqueta": "label"}


def table(path: Path) -> list[tuple[str, str]]:
    rows = read_table(path, what="labels", columns=COLUMNS, needed=("id",))
    return [(row.cells["id"], row.cells["label"]) for row in rows]


@pytest.mark.parametrize("sign", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_spreadsheets_table_is_the_same_table(tmp_path, sign, mark, end):
    rows = [f"Etiqueta{sign}ID", f' Niño {sign}"7"', "", f'"a, b; c\td"{sign}8', sign]
    (tmp_path / "t.csv").write_bytes((mark + end.join(rows)).encode())
    assert table(tmp_path / "t.csv") == [("7", "Niño"), ("8", "a, b; c\td")]


def test_a_sign_in_quotes_of_the_header_parts_nothing(tmp_path):
    (tmp_path / "t.csv").write_text('id;"a,b,c";label\n7;x;y\n')
    assert table(tmp_path / "t.csv") == [("7", "y")]


def test_a_column_that_is_not_there_and_a_cell_that_is_left_out_are_empty(tmp_path):
    (tmp_path / "t.csv").write_text("id,note\n7,x\n8\n")
    assert table(tmp_path / "t.csv") == [("7", ""), ("8", "")]


def test_a_row_says_the_line_where_it_begins_though_a_cell_goes_over_several(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('id,label\n\n7,"one\ntwo\nthree"\n8,x\n')
    rows = list(read_table(path, what="labels", columns=COLUMNS, needed=("id",)))
    assert [row.place for row in rows] == [f"{path}, line 3", f"{path}, line 6"]
    assert str(rows[1].wrong("no")) == f"{path}, line 6: no"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "t.csv is empty: it needs a header with the columns id, label"),
        (b"\n\n", "t.csv is empty"),
        (b"code,label\n1,2\n", "t.csv, line 1: the header code, label lacks 'id': the columns are id, label"),
        (b"id,label,etiqueta\n", "t.csv, line 1: the column 'label' stands twice"),
        (b"id,label\n1,2,3\n", "t.csv, line 2: 3 cells where the header has 2: put a text that holds ',' in quotes"),
        (b'id,label\n1,2\n"3,4\n5,6\n', "t.csv, line 3: a quote is opened and never closed"),
        (b'id,label\n1,"2"x\n', "t.csv, line 2: ',' expected after '\"'"),
        ("id,label\n1,niño\n".encode("cp1252"), "t.csv, line 2: byte 13 is no UTF-8: save the file as UTF-8"),
        ("id,label\n".encode("utf-16"), "t.csv, line 1: byte 0 is no UTF-8"),
    ],
)
def test_what_is_wrong_is_named_by_file_line_and_mend(tmp_path, content, words):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(ValueError) as caught:
        table(tmp_path / "t.csv")
    assert words in str(caught.value)


def test_a_file_that_is_not_there_and_a_folder_are_said_to_be_that(tmp_path):
    with pytest.raises(ValueError, match=r"no file .*nowhere\.csv: name a file of labels"):
        read_text(tmp_path / "nowhere.csv", what="labels")
    with pytest.raises(ValueError, match="is a folder: name a file of labels"):
        read_text(tmp_path, what="labels")
