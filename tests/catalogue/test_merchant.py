"""Merchant feeds: a broken item costs itself, an attack is refused, and memory does not grow with the feed."""

import gzip
import tracemalloc
from pathlib import Path

import pytest
from catalogue.test_shops import drafts

from vitrina.catalogue.product import Text
from vitrina.catalogue.readers import BadRow, find_readers

HEAD = (
    '<?xml version="1.0"?>\n<rss xmlns:g="http://base.google.com/ns/1.0" version="2.0">\n<channel><title>Shop</title>\n'
)
TAIL = "</channel>\n</rss>\n"


def item(id_: str, inside: str = "") -> str:
    return f"<item><g:id>{id_}</g:id><title>Mug {id_}</title><g:image_link>{id_}.jpg</g:image_link>{inside}</item>\n"


def feed(folder: Path, body: str, *, head: str = HEAD, tail: str = TAIL) -> Path:
    path = folder / "feed.xml"
    path.write_bytes((head + body + tail).encode())
    return path


def seen(path: Path) -> list[str | tuple[int, str]]:
    """Ids of products, and the line and reason of what is broken."""
    (reader,) = find_readers(path)
    return [(row.row, row.reason) if isinstance(row, BadRow) else row.values["id"] for row in reader.rows()]


@pytest.mark.parametrize(
    ("broken", "line"),
    [
        (item("2").replace("</title>", ""), 5),
        ("<item><g:id>2</g:id><title>Black & Decker</title></item>\n", 5),
        ("<item><g:id>2</g:id>\n<title>a\x0bb</title></item>\n", 6),
        ("<item><g:id>2</g:id><title>a < b</title></item>\n", 5),
        ("<item><g:id>2</g:id><title>Mug</title>\n", 5),
    ],
    ids=["unclosed title", "bare ampersand", "control sign", "bare angle", "unclosed item"],
)
def test_a_broken_item_costs_itself(tmp_path: Path, broken: str, line: int) -> None:
    found = seen(feed(tmp_path, item("1") + broken + item("3") + item("4")))
    assert [each for each in found if isinstance(each, str)] == ["1", "3", "4"]
    assert next(each for each in found if not isinstance(each, str)) == (line, "broken XML")


def test_lines_are_right_behind_a_break_and_far_into_the_file(tmp_path: Path) -> None:
    body = "".join(item(str(n), "\n" * 3) if n % 400 else "<item>&</item>\n" for n in range(1, 20_001))
    (reader,) = find_readers(feed(tmp_path, body))
    lines = (HEAD + body).split("\n")
    rows = list(reader.rows())
    assert sum(isinstance(row, BadRow) for row in rows) == 50
    assert len(rows) == 20_000
    for row in rows:
        assert ("<item>&" if isinstance(row, BadRow) else f"<g:id>{row.values['id']}<") in lines[row.row - 1]


def test_what_came_before_a_cut_is_kept_and_the_cut_is_one_bad_row(tmp_path: Path) -> None:
    assert seen(feed(tmp_path, item("1") + item("2") + "<item><g:id>3", tail="")) == ["1", "2", (6, "broken XML")]


BOMB = """<?xml version="1.0"?>
<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>
<rss><channel><item><g:id>1</g:id><title>&b;</title></item></channel></rss>"""
OUTSIDE = """<?xml version="1.0"?>
<!DOCTYPE rss [<!ENTITY secret SYSTEM "file:///etc/hostname">]>
<rss><channel><item><g:id>1</g:id><title>&secret;</title></item></channel></rss>"""
PARAMETER = """<?xml version="1.0"?>
<!DOCTYPE rss [<!ENTITY % more SYSTEM "http://127.0.0.1:9/x.dtd"> %more;]>
<rss><channel><item><g:id>1</g:id><title>x</title></item></channel></rss>"""


@pytest.mark.parametrize("attack", [BOMB, OUTSIDE, PARAMETER], ids=["bomb", "a file", "a grammar"])
def test_entities_of_its_own_are_refused_with_words(tmp_path: Path, attack: str) -> None:
    path = tmp_path / "feed.xml"
    path.write_text(attack)
    with pytest.raises(ValueError, match=r"feed\.xml declares the entity '\w+' in line 2.*remove the declaration"):
        find_readers(path)


def test_a_grammar_elsewhere_is_never_read(tmp_path: Path) -> None:
    (tmp_path / "more.dtd").write_text('<!ENTITY sign "from the grammar">')
    text = (HEAD + item("1", "<g:color>&sign;</g:color>") + TAIL).replace(
        "<rss ", '<!DOCTYPE rss SYSTEM "more.dtd">\n<rss ', 1
    )
    path = tmp_path / "feed.xml"
    path.write_text(text)
    (found,) = drafts(path)
    assert found.product.attributes["color"] == "&sign;"


def test_entities_of_html_are_signs(tmp_path: Path) -> None:
    inside = "<description>&lt;p&gt;Caf&eacute;&nbsp;&amp; t&#233;&lt;/p&gt;</description>"
    inside += "<g:color><![CDATA[a < b & c]]></g:color>"
    (found,) = drafts(feed(tmp_path, item("1", inside)))
    assert found.product.descriptions == (Text("Café & té"),)
    assert found.product.attributes["color"] == "a < b & c"


def test_a_declared_encoding_counts(tmp_path: Path) -> None:
    text = (HEAD + item("1", "<g:color>Año</g:color>") + TAIL).replace(
        'version="1.0"', 'version="1.0" encoding="ISO-8859-1"'
    )
    path = tmp_path / "feed.xml"
    path.write_bytes(text.encode("latin-1"))
    (found,) = drafts(path)
    assert found.product.attributes["color"] == "Año"
    path.write_bytes(text.replace("ISO-8859-1", "klingon").encode("latin-1"))
    with pytest.raises(ValueError, match=r"feed\.xml says that it is written in 'klingon'"):
        find_readers(path)


def test_bytes_that_are_no_text_cost_their_item(tmp_path: Path) -> None:
    path = feed(tmp_path, item("1") + item("2", "<g:color>é X</g:color>") + item("3"))
    path.write_bytes(path.read_bytes().replace(b" X", b"\xff\xfe"))
    assert seen(path) == ["1", (5, "broken XML"), "3"]


def test_the_language_and_details_of_a_feed_are_kept(tmp_path: Path) -> None:
    inside = (
        "<g:product_detail><g:section_name>General</g:section_name><g:attribute_name>Capacidad</g:attribute_name>"
        "<g:attribute_value>0,5 l: colmada</g:attribute_value></g:product_detail>"
        "<g:shipping><g:country>ES</g:country><g:price>4.95 EUR</g:price></g:shipping>"
        "<g:additional_image_link>b.jpg</g:additional_image_link><g:additional_image_link>c.jpg</g:additional_image_link>"
        "<g:size>S</g:size><g:size>M</g:size><g:google_product_category>Home &gt; Mugs</g:google_product_category>"
    )
    path = feed(tmp_path, item("1", inside), head=HEAD + "<language>es-ES</language>\n")
    (found,) = drafts(path)
    assert found.product.titles == (Text("Mug 1", "es-ES"),)
    assert found.pictures == ("1.jpg", "b.jpg", "c.jpg")
    assert found.product.category == ("Home", "Mugs")
    assert found.product.attributes == {"Capacidad": "0,5 l: colmada", "size": "S, M"}


def test_googles_word_counts_before_that_for_readers(tmp_path: Path) -> None:
    (found,) = drafts(feed(tmp_path, item("1", "<g:title>Mug for Google</g:title><id>tag:s.es,2020</id>")))
    assert (found.product.id, found.product.titles[0].text) == ("1", "Mug for Google")


def test_a_feed_of_another_make_comes_as_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "tradedoubler.xml"
    path.write_text(
        "<productos><producto sku='A1'><nombre>Taza</nombre><precio>5,90 €</precio><marca>Barro</marca>"
        "<imagenes><url>a.jpg</url><url>b.jpg</url></imagenes></producto>"
        "<producto sku='A2'><nombre>Plato</nombre></producto></productos>"
    )
    cup, plate = drafts(path)
    assert (cup.product.id, cup.product.brand, str(cup.product.price)) == ("A1", "Barro", "5.90")
    assert cup.pictures == ("a.jpg", "b.jpg")
    assert plate.product.titles == (Text("Plato"),)


def test_a_table_may_hold_several_pictures_and_details_in_a_cell(tmp_path: Path) -> None:
    path = tmp_path / "feed.tsv"
    path.write_text(
        "id\ttitle\tlink\timage link\tadditional image link\tsale price\tprice\tproduct detail\tshipping\n"
        "1\tMug\thttps://s.es/1\thttps://s.es/a.jpg\thttps://s.es/b.jpg,https://s.es/w_4,h_4/c.jpg\t15.00 EUR"
        "\t20.00 EUR\tGeneral:Material:Gres,General:Uso:Café, té\tES:::4.95 EUR\n"
    )
    (found,) = drafts(path)
    assert found.pictures == ("https://s.es/a.jpg", "https://s.es/b.jpg", "https://s.es/w_4,h_4/c.jpg")
    assert (str(found.product.price), found.product.currency) == ("15.00", "EUR")
    assert found.product.attributes == {
        "link": "https://s.es/1", "Material": "Gres", "Uso": "Café, té", "regular_price": "20.00 EUR",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "<rss><channel></channel></rss>",
            r"feed\.xml is an XML file without a readable product\. Products are read from",
        ),
        ("<rss><channel>", r"without a readable product: no element found in line 1"),
        ("", r"feed\.xml is empty"),
        ("id;title", r"feed\.xml is called \.xml but begins with 'id;title'"),
    ],
    ids=["no items", "cut", "empty", "a table"],
)
def test_a_file_that_is_no_feed_is_refused_with_words(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "feed.xml").write_text(text)
    with pytest.raises(ValueError, match=words):
        find_readers(tmp_path / "feed.xml")


def test_a_cut_gzip_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml.gz"
    body = "".join(item(str(n)) for n in range(20_000))
    path.write_bytes(gzip.compress((HEAD + body + TAIL).encode())[:-5000])
    (reader,) = find_readers(path)
    with pytest.raises(ValueError, match=r"feed\.xml\.gz is a damaged gzip file"):
        list(reader.rows())


def test_memory_does_not_grow_with_the_feed(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        path = tmp_path / "feed.xml"
        with path.open("w") as file:
            file.write(HEAD)
            file.writelines(item(str(n), f"<description>{'text ' * 40}</description>") for n in range(count))
            file.write(TAIL)
        tracemalloc.start()
        (reader,) = find_readers(path)
        assert sum(1 for _ in reader.rows()) == count
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    assert peak(16_000) < 1.3 * peak(6_000)


def test_blanks_before_the_declaration_do_no_harm(tmp_path: Path) -> None:
    broken = "<item><g:id>2</g:id>&</item>\n"
    assert seen(feed(tmp_path, item("1") + broken + item("3"), head="\n\n  " + HEAD)) == ["1", (7, "broken XML"), "3"]


def test_stock_is_said_in_one_way(tmp_path: Path) -> None:
    (found,) = drafts(feed(tmp_path, item("1", "<g:availability>in stock</g:availability>")))
    assert found.product.attributes["availability"] == "in_stock"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("<item><g:id>0</g:id>&</item>\n" + item("1") + item("2"), [(4, "broken XML"), "1", "2"]),
        (item("1") + "<item><g:id>2</g:id><!-- a -- b --></item>" + item("3"), ["1", (5, "broken XML"), "3"]),
        (item("1") + "</channel></rss><rss><channel>" + item("2"), ["1", (5, "broken XML"), "2"]),
    ],
    ids=["the first item", "a comment", "two feeds in one file"],
)
def test_reading_goes_on_behind_a_break(tmp_path: Path, body: str, found: list[str | tuple[int, str]]) -> None:
    assert seen(feed(tmp_path, body)) == found
