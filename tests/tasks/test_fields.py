import pytest

from vitrina.catalogue.product import Product, Text
from vitrina.tasks.fields import Field, family_of_product, nouns_of
from vitrina.tasks.labels import Label, Labels, Word
from vitrina.tasks.prompts import beside_nouns, templated


@pytest.mark.parametrize(
    "text", ["category", "category:1", "category:3", "attributes.colour", "attributes.Designed For"]
)
def test_a_field_is_read_as_it_is_written(text):
    assert str(Field.parse(text)) == text


@pytest.mark.parametrize("text", ["colour", "category:0", "category:x", "attributes.", "", "price"])
def test_what_is_no_field_is_refused_with_what_is(text):
    with pytest.raises(ValueError, match=r"name `category`.*`attributes\.NAME`"):
        Field.parse(text)


def test_a_quoted_attribute_is_the_one_without_quotes():
    assert Field.parse('attributes."Heel height"') == Field(attribute="Heel height")


def test_a_field_states_levels_paths_and_attributes():
    product = Product("1", category=("Home", "Kitchen", "Mugs"), attributes={"colour": "red"})
    asked = ("category", "category:2", "category:4", "attributes.colour", "attributes.size")
    assert [Field.parse(each).value(product) for each in asked] == [
        "Home > Kitchen > Mugs",
        "Kitchen",
        None,
        "red",
        None,
    ]
    assert Field().value(Product("2")) is None


def test_paths_that_end_alike_are_asked_for_with_the_level_before():
    paths = (("Men", "Shoes"), ("Women", "Shoes"), ("Home", "Mugs"))
    labels = Labels.of_field([Product(str(n), category=path) for n, path in enumerate(paths)], field=Field())
    assert labels.labels == (
        Label("Home > Mugs", (Word("Mugs"),)),
        Label("Men > Shoes", (Word("Shoes Men"),)),
        Label("Women > Shoes", (Word("Shoes Women"),)),
    )


@pytest.mark.parametrize(
    ("value", "noun", "language", "prompt"),
    [
        ("Red", "Shirts", "en", "Red Shirt"),
        ("Rojo", "Camisetas", "es", "Camiseta roja"),
        ("Rojo", "Bolsos", "es", "Bolso rojo"),
        ("Azul", "Camisetas", "es", "Camiseta azul"),
        ("Azul marino", "Camisetas", "es", "Camiseta azul marino"),
        ("XL", "Camisetas", "es", "Camiseta XL"),
    ],
)
def test_a_value_stands_beside_its_noun_as_titles_write_it(value, noun, language, prompt):
    assert beside_nouns(value, nouns=[noun], languages=[language]) == [value, prompt]


def test_attributes_are_asked_for_beside_the_commonest_nouns():
    products = [
        Product(str(n), category=("Shop", "Hats" if n else "Bags"), attributes={"c": "ab"[n % 2]}) for n in range(9)
    ]
    assert nouns_of(products, most=1) == ["Hats"]
    labels = Labels.of_field(products, field=Field(attribute="c"))
    assert labels.prompts("templates", languages=["en"])[0] == [["a", "a Hat", "a Bag"]]
    assert labels.prompts("plain", languages=["en"])[0] == [["a"]]


def test_own_templates_replace_the_houses_and_braces_in_names_are_text():
    assert templated("Mugs {x}", languages=["fr"], templates={"fr": ("une {}",)}) == ["une Mugs {x}"]
    assert templated("Mugs", languages=["fr"]) == ["Mugs"]


def test_a_label_twice_is_refused():
    with pytest.raises(ValueError, match="'a' stands there twice"):
        Labels.named(["a", "b", "a"])


def test_variants_are_one_family():
    assert family_of_product(Product("1", group="g")) == family_of_product(Product("2", group="g"))
    one, two = (Product(id_, titles=(Text(text),)) for id_, text in (("1", "Red  mug"), ("2", "red mug")))
    assert family_of_product(one) == family_of_product(two)
    assert family_of_product(Product("1")) != family_of_product(Product("2"))
