from dataclasses import replace

from vitrina.catalogue.product import Text
from vitrina.data.text import text_key
from vitrina.tasks import match
from vitrina.tasks.sameness import plain


def test_a_model_that_knows_believes_the_own_text_and_not_the_other(oracle, products):
    believed = match.answer(oracle, questions=match.pose(products, other="any", seed=0))
    assert (believed.own > 0.5).all()
    assert (believed.other < 0.5).all()


def test_the_hard_text_comes_from_the_narrowest_category(products):
    kind = {product.titles[0].text: product.category for product in products}
    questions = match.pose(products, other="category", seed=0)
    assert len(questions) == 30
    assert all(kind[question.own] == kind[question.other] for question in questions)
    easy = match.pose(products, other="any", seed=0)
    assert any(kind[question.own] != kind[question.other] for question in easy)


def test_a_category_of_one_text_looks_in_the_wider_one(products):
    alone = replace(products[0], category=("Shop", "rare"))
    question = match.pose([alone, products[1]], other="category", seed=0)[0]
    assert question.other == products[1].titles[0].text


def test_the_wrong_text_is_never_a_duplicate(products):
    same = [
        replace(product, titles=(Text("One  TITLE", "en"), Text(f"alias {product.id}"))) for product in products[:20]
    ]
    other = replace(products[20], titles=(Text("another"),))
    questions = match.pose([*same, other], other="any", seed=3)
    assert len(questions) == 21
    assert all(plain(question.own) != plain(question.other) for question in questions)


def test_where_every_text_is_the_same_nothing_is_asked(products):
    same = [replace(product, titles=(Text("title"),)) for product in products]
    assert match.pose(same, other="any", seed=0) == []


def test_the_seed_decides_the_wrong_texts(products):
    assert match.pose(products, other="any", seed=1) == match.pose(products, other="any", seed=1)
    assert match.pose(products, other="any", seed=1) != match.pose(products, other="any", seed=2)


def test_tasks_and_training_agree_on_what_is_the_same_text():
    texts = [
        "Camión  ROJO",
        "camión rojo",
        "camion rojo",
        "ﬁne 12.5",
        "FINE 12.5",
        "Straße",
        "strasse",
        "İ",
        "i̇",
        "ｘｌ",
        "XL",
    ]
    for one in texts:
        for other in texts:
            assert (plain(one) == plain(other)) == (text_key(one) == text_key(other))
