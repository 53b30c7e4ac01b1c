"""Columns: names in two languages are understood, and the user has the last word."""

import pytest

from vitrina.catalogue.columns import TextColumn, check_columns, check_fields, find_columns, language_code


def test_english_names_are_understood() -> None:
    found = find_columns(
        ["sku", "productDisplayName", "Body (HTML)", "image_path", "price", "currency", "vendor", "item_group_id",
         "subset", "locale", "colour"],
        overrides={},
    )  # fmt: skip
    assert found.id == "sku"
    assert found.titles == (TextColumn("productDisplayName"),)
    assert found.descriptions == (TextColumn("Body (HTML)"),)
    assert found.images == ("image_path",)
    assert (found.price, found.currency, found.brand) == ("price", "currency", "vendor")
    assert (found.group, found.split, found.language) == ("item_group_id", "subset", "locale")
    assert found.attribute == ("colour",)


def test_spanish_names_are_understood() -> None:
    found = find_columns(
        ["Referencia", "Título", "Descripción", "Imagen", "PRECIO", "Moneda", "Marca", "Categoría", "Idioma", "Talla"],
        overrides={},
    )
    assert found.id == "Referencia"
    assert found.titles == (TextColumn("Título"),)
    assert found.descriptions == (TextColumn("Descripción"),)
    assert found.images == ("Imagen",)
    assert (found.price, found.currency, found.brand) == ("PRECIO", "Moneda", "Marca")
    assert (found.category, found.language, found.attribute) == (("Categoría",), "Idioma", ("Talla",))


def test_longer_spanish_names_are_understood() -> None:
    found = find_columns(
        ["Código", "Nombre del producto", "Sección", "Subsección", "PVP (IVA incl.)", "Foto 2", "Foto principal"],
        overrides={},
    )
    assert found.titles == (TextColumn("Nombre del producto"),)
    assert found.category == ("Sección", "Subsección")
    assert (found.price, found.images) == ("PVP (IVA incl.)", ("Foto principal", "Foto 2"))
    assert find_columns(["ID de producto", "título_de"], overrides={}).titles == (TextColumn("título_de", "de"),)


def test_a_bare_product_is_the_title_only_where_nothing_else_is() -> None:
    assert find_columns(["Código", "Artículo"], overrides={}).titles == (TextColumn("Artículo"),)
    found = find_columns(["product", "product_no", "name"], overrides={})
    assert (found.titles, found.attribute) == ((TextColumn("name"),), ("product", "product_no"))


def test_a_sign_in_the_name_of_the_price_is_its_currency() -> None:
    assert find_columns(["Precio (€)"], overrides={}).currency_of_price == "EUR"
    assert find_columns(["Price £"], overrides={}).currency_of_price == "GBP"
    assert find_columns(["Precio *"], overrides={}).currency_of_price is None


def test_a_language_behind_a_name_is_the_language_of_the_texts() -> None:
    found = find_columns(["id", "title_en", "nombre_es", "description_es_mx", "description", "title_id"], overrides={})
    assert found.titles == (TextColumn("title_en", "en"), TextColumn("nombre_es", "es"))
    assert set(found.descriptions) == {TextColumn("description_es_mx", "es-MX"), TextColumn("description")}
    assert found.attribute == ("title_id",)


def test_numbered_pictures_come_in_their_order_after_the_main_one() -> None:
    found = find_columns(["image_10", "image_2", "image", "image_1"], overrides={})
    assert found.images == ("image", "image_1", "image_2", "image_10")


@pytest.mark.parametrize(
    ("names", "category"),
    [
        (["category", "article_type", "master_category"], ("master_category", "category", "article_type")),
        (["category", "category_path"], ("category_path",)),
        (["category_2", "category_1"], ("category_1", "category_2")),
        (["categoria", "subcategoria", "departamento"], ("departamento", "categoria", "subcategoria")),
        (["label"], ("label",)),
        (["colour"], ()),
    ],
)
def test_categories_are_a_path_or_levels(names: list[str], category: tuple[str, ...]) -> None:
    assert find_columns(names, overrides={}).category == category


def test_a_currency_in_the_name_of_the_price_is_its_currency() -> None:
    found = find_columns(["id", "title", "price_eur"], overrides={})
    assert (found.price, found.currency_of_price) == ("price_eur", "EUR")


def test_an_override_wins_and_frees_the_guess() -> None:
    found = find_columns(["id", "title", "name"], overrides={"title": "name"})
    assert found.titles == (TextColumn("name"),)
    assert found.attribute == ("title",)


def test_an_override_may_name_several_columns_or_none() -> None:
    names = ["id", "dept", "kind", "front", "back", "group"]
    found = find_columns(names, overrides={"category": "dept,kind", "image": "front, back", "group": ""})
    assert found.category == ("dept", "kind")
    assert found.images == ("front", "back")
    assert found.group is None
    assert found.attribute == ("group",)


def test_a_group_of_few_values_is_no_family() -> None:
    rows = [{"id": i, "title": "t", "group": ["Fruit", "Vegetables"][i % 2]} for i in range(80)]
    found = find_columns(["id", "title", "group"], overrides={}, sample=rows)
    assert (found.group, found.doubtful_group, found.attribute) == (None, "group", ("group",))
    families = [{"id": i, "title": "t", "group": f"family {i // 3}"} for i in range(80)]
    assert find_columns(["id", "title", "group"], overrides={}, sample=families).group == "group"
    assert find_columns(["id", "title", "group"], overrides={"group": "group"}, sample=rows).group == "group"


def test_an_unknown_field_or_column_is_refused_naming_what_exists() -> None:
    with pytest.raises(ValueError, match=r"no field 'titel'.* title, description"):
        check_fields({"titel": "name"})
    with pytest.raises(ValueError, match=r"no column 'nam' for title: the columns are id, name"):
        check_columns({"title": "nam"}, names=["id", "name"])
    check_columns({"title": "name", "group": "", "image": "id,name"}, names=["id", "name"])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("es", "es"),
        ("es_MX", "es-MX"),
        ("EN-us", "en-US"),
        ("Español", "es"),
        ("english", "en"),
        ("xx", None),
        ("?", None),
    ],
)
def test_languages_are_known_by_code_and_name(text: str, code: str | None) -> None:
    assert language_code(text) == code


@pytest.mark.parametrize(
    ("header", "fields"),
    [
        (
            "Product ID;Image;Name;Reference;Category;Price (tax excl.);Price (tax incl.);Quantity",
            "id = Product ID; title = Name; image = Image; price = Price (tax incl.); category = Category; ",
        ),
        (
            "ID de producto;Imagen;Nombre;Referencia;Categoría;Precio (sin IVA);Precio (IVA incl.)",
            "id = ID de producto; title = Nombre; image = Imagen; price = Precio (IVA incl.); category = Categoría; ",
        ),
        (
            "item_sku;brand_name;item_name;standard_price;main_image_url;other_image_url2;other_image_url1;parent_sku",
            "id = item_sku; title = item_name; image = main_image_url, other_image_url1, other_image_url2; "
            "price = standard_price; brand = brand_name; group = parent_sku",
        ),
        (
            "sku;name;description;price;categories;base_image;additional_images",
            "id = sku; title = name; description = description; image = base_image, additional_images; price = price; "
            "category = categories",
        ),
    ],
    ids=["prestashop", "prestashop in Spanish", "a marketplace", "magento"],
)
def test_headers_of_real_exports_are_understood(header: str, fields: str) -> None:
    assert find_columns(header.split(";"), overrides={}).text().startswith(fields)


def test_a_constant_counts_where_no_column_says_otherwise() -> None:
    found = find_columns(["title", "price"], overrides={"currency": "=€", "language": "= Spanish", "split": "=prueba"})
    assert found.constants == {"currency": "EUR", "language": "es", "split": "test"}
    assert (found.currency, found.price) == (None, "price")
    assert 'currency = "EUR" where not stated' in found.text()
    assert find_columns(["title", "currency"], overrides={"currency": "=EUR"}).currency == "currency"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("currency", "=quatloos", "'quatloos' for every product: that is no currency"),
        ("language", "=", "that is no language"),
        ("brand", "= ", "that is no brand"),
        ("id", "=1", "only currency, language, split, brand, domain can be the same for all"),
    ],
)
def test_a_constant_that_no_product_can_have_is_refused(field: str, value: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_fields({field: value})


def test_a_price_named_by_the_user_keeps_the_currency_in_its_name() -> None:
    assert find_columns(["title", "price_gbp"], overrides={"price": "price_gbp"}).currency_of_price == "GBP"
    assert find_columns(["title", "cost", "price_eur"], overrides={"price": "cost"}).currency_of_price is None
