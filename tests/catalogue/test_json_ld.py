"""JSON-LD: what shops write for search engines becomes products, however they nest it."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from catalogue.test_shops import drafts

from vitrina.catalogue.product import Text
from vitrina.catalogue.readers import BadRow, Record, find_readers
from vitrina.catalogue.rows import Draft


def read(folder: Path, document: Any) -> list[Draft]:
    path = folder / "products.jsonld"
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return drafts(path)


def one(folder: Path, **more: Any) -> Draft:
    (found,) = read(folder, {"@context": "https://schema.org", "@type": "Product", "sku": "M1", "name": "Mug", **more})
    return found


@pytest.mark.parametrize(
    ("image", "pictures"),
    [
        ("https://s.es/a.jpg", ("https://s.es/a.jpg",)),
        (["https://s.es/a.jpg", "https://s.es/b,c.jpg"], ("https://s.es/a.jpg", "https://s.es/b,c.jpg")),
        ({"@type": "ImageObject", "url": "https://s.es/a.jpg"}, ("https://s.es/a.jpg",)),
        (
            [{"@type": "ImageObject", "contentUrl": "https://s.es/a.jpg"}, None, 7],
            ("https://s.es/a.jpg", "https://s.es/7"),
        ),
        (
            ["/img/a.jpg", "//cdn.es/b.jpg", "c.jpg"],
            ("https://s.es/img/a.jpg", "https://cdn.es/b.jpg", "https://s.es/c.jpg"),
        ),
    ],
)
def test_pictures_are_found_however_they_are_written(tmp_path: Path, image: Any, pictures: tuple[str, ...]) -> None:
    assert one(tmp_path, url="https://s.es/mug", image=image).pictures == pictures


@pytest.mark.parametrize(
    ("offers", "price", "more"),
    [
        ({"price": "19,95", "priceCurrency": "EUR"}, "19.95", {}),
        ({"price": 1.125, "priceCurrency": "EUR"}, "1.125", {}),
        ({"price": "1.190", "priceCurrency": "EUR"}, "1190", {}),
        ({"price": "1.190", "priceCurrency": "KWD"}, "1.190", {}),
        ([{"price": 5, "priceCurrency": "EUR"}, {"price": 4, "priceCurrency": "EUR"}], "5", {}),
        (
            {"@type": "AggregateOffer", "lowPrice": "5", "highPrice": 9.5, "priceCurrency": "EUR"},
            "5", {"highest_price": "9.5"},
        ),
        (
            {"@type": "AggregateOffer", "offers": [{"price": "7", "itemCondition": "NewCondition"}]},
            "7", {"condition": "new"},
        ),
        (
            {"priceSpecification": [
                {"price": 20, "priceCurrency": "EUR", "priceType": "https://schema.org/StrikethroughPrice"},
                {"price": 15, "priceCurrency": "EUR"},
            ]},
            "15", {"regular_price": "20"},
        ),
        ({"price": 5, "availability": "http://schema.org/OutOfStock"}, "5", {"availability": "out_of_stock"}),
    ],
)  # fmt: skip
def test_the_price_asked_is_the_price(tmp_path: Path, offers: Any, price: str, more: dict[str, str]) -> None:
    found = one(tmp_path, offers=offers)
    assert found.product.price == Decimal(price)
    assert {name: value for name, value in found.product.attributes.items() if name != "sku"} == more


def test_facts_are_attributes(tmp_path: Path) -> None:
    found = one(
        tmp_path, brand=[{"@type": "Brand", "name": "Acme"}], gtin13="0042", color=["red", "white"],
        category="Home > Mugs", weight={"@type": "QuantitativeValue", "value": 300, "unitText": "g"},
        inLanguage="es-ES", material="gres",
        additionalProperty=[{"name": "Capacidad", "value": 0.5, "unitText": "l"}, {"name": "x"}, "junk"],
        aggregateRating={"ratingValue": "4.5"}, isRelatedTo={"@type": "Product", "sku": "other", "name": "Other"},
    ).product  # fmt: skip
    assert (found.brand, found.category, found.titles) == ("Acme", ("Home", "Mugs"), (Text("Mug", "es-ES"),))
    assert found.attributes == {
        "sku": "M1", "gtin13": "0042", "color": "red, white", "weight": "300 g", "material": "gres", "rating": "4.5",
        "Capacidad": "0.5 l",
    }  # fmt: skip


def test_references_are_followed_and_a_whole_gives_its_variants_what_they_do_not_say(tmp_path: Path) -> None:
    graph = [
        {"@id": "#red", "@type": "Product", "sku": "R", "color": "red", "image": {"@id": "#photo"},
         "offers": {"@id": "#o"}},
        {
            "@id": "#coat", "@type": ["ProductGroup"], "name": "Coat", "brand": {"@id": "#acme"}, "productGroupID":
            "c", "description": "Warm", "image": "coat.jpg", "hasVariant": [
                {"@id": "#red"}, {"@type": "Product", "mpn": "B"},
            ],
        },
        {"@id": "#acme", "@type": "Brand", "name": "Acme"},
        {"@id": "#photo", "@type": "ImageObject", "contentUrl": "red.jpg"},
        {"@id": "#o", "@type": "Offer", "price": "9.99", "priceCurrency": "EUR"},
    ]  # fmt: skip
    red, blue = read(tmp_path, {"@context": "https://schema.org", "@graph": graph})
    assert (red.product.id, red.product.group, red.product.brand, red.pictures) == ("R", "c", "Acme", ("red.jpg",))
    assert (red.product.price, red.product.attributes["color"]) == (Decimal("9.99"), "red")
    assert (blue.product.id, blue.product.group, blue.pictures) == ("B", "c", ("coat.jpg",))
    assert red.product.titles == blue.product.titles == (Text("Coat"),)
    assert red.product.descriptions == (Text("Warm"),)


def test_a_variant_may_name_its_whole(tmp_path: Path) -> None:
    whole = {"@type": "ProductGroup", "productGroupID": "c", "name": "Coat", "brand": "Acme"}
    found = one(tmp_path, name=None, isVariantOf=whole).product
    assert (found.id, found.group, found.brand) == ("M1", "c", "Acme")


def test_products_are_found_in_lists_and_pages(tmp_path: Path) -> None:
    mug = {"@type": "http://schema.org/Product", "sku": "M1", "name": "Mug"}
    listing = {"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "position": 1, "item": mug}]}
    assert [each.product.id for each in read(tmp_path, {"@context": "x", **listing})] == ["M1"]
    page = {"@context": "x", "@type": "WebPage", "mainEntity": [mug, {**mug, "sku": "M2"}]}
    assert [each.product.id for each in read(tmp_path, [page])] == ["M1", "M2"]
    assert read(tmp_path, {"@context": "x", "@type": "Recipe", "name": "Soup"}) == []


def html_page(*scripts: str, lang: str = "es") -> str:
    inside = "".join(f'<script type="application/ld+json">{each}</script>\n' for each in scripts)
    return (
        f'<!doctype html>\n<html lang="{lang}">\n<script>var x = "<p>";</script>\n{inside}<p>Unclosed & broken </html>'
    )


def product_script(**values: Any) -> str:
    return json.dumps({"@context": "https://schema.org", "@type": "Product", **values})


def test_a_folder_of_pages_is_its_products(tmp_path: Path) -> None:
    (tmp_path / "ropa").mkdir()
    broken = '{"@type": "Product", "name": "Bro'
    (tmp_path / "index.html").write_text(html_page())
    (tmp_path / "ropa" / "a.html").write_text(html_page(broken, product_script(sku="A", name="Abrigo\n")))
    (tmp_path / "ropa" / "b.htm").write_text(
        html_page('<!--\n{"@type": "Product", "name": "Bolso\nrojo", "image": "b.jpg"}\n-->', lang="en")
    )
    (tmp_path / "ropa" / "b.jpg").touch()
    (reader,) = find_readers(tmp_path)
    rows = list(reader.rows())
    assert [(row.file.name, row.row) for row in rows] == [("a.html", 4), ("a.html", 5), ("b.htm", 4)]
    assert isinstance(rows[0], BadRow) and rows[0].reason == "broken JSON"
    assert [row.values["id"] for row in rows if isinstance(row, Record)] == ["A", "ropa/b.htm"]
    assert [row.values["language"] for row in rows if isinstance(row, Record)] == ["es", "en"]
    assert (rows[-1].position, reader.root) == (reader.size, tmp_path)


def test_pictures_win_where_pages_hold_no_products(tmp_path: Path) -> None:
    (tmp_path / "mug").mkdir()
    (tmp_path / "mug" / "1.jpg").touch()
    (tmp_path / "index.html").write_text("<html>Our pictures</html>")
    (reader,) = find_readers(tmp_path)
    assert [row.values["id"] for row in reader.rows() if isinstance(row, Record)] == ["mug/1.jpg"]
