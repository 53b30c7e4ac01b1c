from dataclasses import replace

import pytest

from vitrina.catalogue.product import Product, Text
from vitrina.tasks import classify
from vitrina.tasks.fields import Field
from vitrina.tasks.prompts import TEMPLATES, singular, templated


def test_a_model_that_knows_names_every_class(oracle):
    pictures = [b"bag", b"shoe", b"hat", b"shoe"]
    assert classify.answer(oracle, pictures=pictures, prompts=[["bag"], ["hat"], ["shoe"]]).tolist() == [0, 2, 1, 2]


def test_a_class_is_the_mean_of_its_prompts(oracle):
    answers = classify.answer(oracle, pictures=[b"bag", b"sack", b"hat"], prompts=[["hat", "cap"], ["bag", "sack"]])
    assert answers.tolist() == [1, 1, 0]


def test_a_product_is_asked_at_the_chosen_level(products):
    assert classify.pose(products[4], field=Field(level=1)) == classify.Labelled("4", b"word4", "kind1")
    assert classify.pose(products[4], field=Field(level=2)) is None
    assert classify.pose(replace(products[4], pictures=()), field=Field(level=0)) is None


def test_a_product_is_asked_about_its_attributes(products):
    red = replace(products[4], attributes={"colour": "red"})
    assert classify.pose(red, field=Field.parse("attributes.colour")) == classify.Labelled("4", b"word4", "red")
    assert classify.pose(red, field=Field.parse("attributes.size")) is None


@pytest.mark.parametrize(
    ("language", "many", "one"),
    [
        ("en", "Watches", "Watch"),
        ("en", "Accessories", "Accessory"),
        ("en", "Sports Shoes", "Sports Shoe"),
        ("en", "Topwear", "Topwear"),
        ("en", "Dress", "Dress"),
        ("es", "Camisetas", "Camiseta"),
        ("es", "Pantalones cortos", "Pantalón corto"),
        ("es", "Leche y bebidas vegetales", "Leche y bebida vegetal"),
        ("es", "Lápices", "Lápiz"),
    ],
)
def test_prompts_speak_in_the_singular(language, many, one):
    assert singular(many, language=language) == one


def test_templates_hold_the_plain_name_and_repeat_nothing():
    prompts = templated("Bolsos", languages=["es", "en"])
    assert prompts[0] == "Bolsos"
    assert "Bolso de mujer" in prompts
    assert "a photo of Bolsos" in prompts
    assert len(set(prompts)) == len(prompts)


def test_templates_are_in_the_languages_of_the_titles():
    spanish = Product(id="1", titles=(Text("Jarrón", "es-ES"),))
    assert classify.prompt_languages([spanish]) == ["es"]
    assert classify.prompt_languages([Product(id="2", titles=(Text("Vase"),))]) == list(TEMPLATES)
