"""What the API answers."""

import io
import json
import re
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image
from serving.conftest import HERE
from serving.little_shop import BAG, BROKEN, ODD_ID, ColourIndex, jpeg, open_little_shop, product
from starlette.testclient import TestClient

from vitrina.catalogue.store import write_catalogue
from vitrina.serving.app import create_app
from vitrina.serving.shop import Shop


def ids(client: TestClient, address: str) -> list[str]:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return [card["hit"]["id"] for card in answer.json()["cards"]]


def test_words_find_in_both_languages(client: TestClient):
    assert set(ids(client, "/api/search?text=blue&top=2")) == {"mug-blue", "bag-blue"}
    assert set(ids(client, "/api/search?text=taza azul&top=2")) == {"mug-blue", "bag-blue"}


def test_a_picture_finds_and_words_beside_it_change_what_is_found(client: TestClient):
    handle = client.post("/api/pictures", content=jpeg("green")).json()["picture"]
    assert set(ids(client, f"/api/search?picture={handle}&top=2")) == {"mug-green", "bag-green"}
    assert set(ids(client, f"/api/search?picture={handle}&text=red&top=2")) == {"mug-red", "bag-red"}


def test_a_product_finds_its_likes_but_not_itself(client: TestClient):
    assert ids(client, "/api/search?like=mug-red&top=1") == ["bag-red"]
    assert ids(client, "/api/products/mug-red/neighbours?top=1") == ["bag-red"]
    assert set(ids(client, "/api/search?like=mug-red&text=yellow&top=2")) == {"mug-yellow", ODD_ID}


def test_pages_of_results_follow_each_other_without_gap_or_repeat(client: TestClient):
    whole = ids(client, "/api/search?text=red&top=8")
    assert whole == [id_ for skip in (0, 3, 6) for id_ in ids(client, f"/api/search?text=red&top=3&skip={skip}")]
    assert client.get("/api/search?text=red&top=3&skip=3").json()["is_more"]
    assert not client.get("/api/search?text=red&top=3&skip=6").json()["is_more"]


def test_without_a_question_all_products_come_those_with_pictures_first(client: TestClient):
    assert sorted(ids(client, "/api/search")) == sorted([*ids(client, "/api/search?text=red")])
    assert ids(client, "/api/search")[-1] == "bag-blue"


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        ("category=Home", 4),
        ("category=Fashion > Bags", 4),
        ("price_from=8&price_to=45", 4),
        ("language=es", 8),
        ("pictures=true", 7),
        ("category=Fashion&pictures=true&price_to=50", 2),
        ("category=No such", 0),
    ],
)
def test_filters_leave_what_they_say(client: TestClient, filters: str, left: int):
    assert len(ids(client, f"/api/search?text=red&{filters}")) == left
    assert client.get(f"/api/facets?{filters}").json()["matching"] == left


def test_facets_count_what_each_choice_would_leave_beside_the_others(client: TestClient):
    facets = client.get("/api/facets?category=Home&price_to=8").json()
    assert [(each["name"], each["count"]) for each in facets["categories"]] == [("Mugs", 3)]
    assert [(each["value"], each["count"]) for each in facets["parents"]] == [("Home", 3)]
    assert sum(facets["price_counts"]) == 4, "the price's own filter does not hide what it could be moved to"
    assert len(facets["price_steps"]) == len(facets["price_counts"]) + 1
    for choice in client.get("/api/facets").json()["categories"]:
        left = client.get("/api/search", params={"category": choice["value"]}).json()["matching"]
        assert left == choice["count"]


def test_prices_of_another_currency_are_not_compared(tmp_path: Path):
    import dataclasses

    shop, _ = open_little_shop(tmp_path / "c")
    foreign = dataclasses.replace(product("yen", BAG, "red", "7"), currency="JPY")
    write_catalogue(tmp_path / "c", [foreign])
    renewing = shop.renew()
    assert renewing is not None
    renewing.result()
    with TestClient(create_app(shop), base_url=HERE) as client:
        assert "yen" not in ids(client, "/api/search?price_to=8")
        assert "yen" in ids(client, "/api/search?text=red")


def test_a_product_is_told_whole(client: TestClient):
    told = client.get("/api/products/mug-blue").json()
    assert told["titles"] == [{"text": "Blue mug", "language": "en"}, {"text": "Taza blue", "language": "es"}]
    assert (told["price"], told["currency"], told["picture_count"]) == ("8", "EUR", 2)
    assert told["attributes"] == {"colour": "blue", "material": "clay"}


def test_any_id_can_be_asked_for(client: TestClient):
    at = f"/api/products/{quote(ODD_ID, safe='')}"
    assert client.get(at).json()["id"] == ODD_ID
    assert client.get(f"{at}/pictures/0").headers["content-type"] == "image/jpeg"
    assert client.get(f"{at}/neighbours?top=1").json()["cards"][0]["hit"]["id"] == "mug-yellow"


def test_pictures_come_small_and_whole(client: TestClient):
    whole = client.get("/api/products/mug-blue/pictures/1")
    assert Image.open(io.BytesIO(whole.content)).size == (84, 60)
    little = client.get("/api/products/mug-blue/pictures/1?width=160&version=x")
    assert max(Image.open(io.BytesIO(little.content)).size) <= 160
    assert "immutable" in little.headers["cache-control"]
    assert "immutable" not in whole.headers["cache-control"]
    assert client.get("/api/products/mug-blue/pictures/2").json()["code"] == "no_picture"


def learnt(client: TestClient, id_: str) -> list[dict]:
    """The labels of a product when the shop has learnt all that it asks."""
    while (told := client.get(f"/api/products/{id_}/labels").json())["is_learning"]:
        pass
    return told["labels"]


def test_labels_stand_beside_what_is_known(client: TestClient):
    labels = {each["question"]: each for each in learnt(client, "mug-red")}
    assert labels["colour"]["known"] == "red"
    assert labels["colour"]["guesses"][0]["label"] == "red"
    assert labels["colour"]["guesses"][0]["confidence"] > 0.5
    assert {"category", "colour"} <= labels.keys()


def test_own_words_are_tested_against_a_product(client: TestClient):
    (answer,) = client.get("/api/products/bag-green/labels?words=blue, green").json()["labels"]
    assert [each["label"] for each in answer["guesses"]] == ["green", "blue"]
    assert answer["known"] is None


def test_one_label_alone_leaves_nothing_to_choose(client: TestClient):
    answer = client.get("/api/products/bag-green/labels?words=blue")
    assert (answer.status_code, answer.json()["code"]) == (422, "one_label")


def test_a_mask_covers_what_the_word_names(client: TestClient):
    mask = client.get("/api/segment?product=mug-red&words=red, blue").json()
    numbers, lengths = np.array(mask["runs"]).reshape(-1, 2).T
    labels = np.repeat(numbers, lengths).reshape(mask["height"], mask["width"])
    red, blue = mask["regions"]
    assert red["share"] == pytest.approx((labels == 1).mean())
    assert red["share"] > 0.2
    x0, y0, x1, y1 = red["box"]
    assert (labels[y0:y1, x0:x1] == 1).sum() == (labels == 1).sum()
    assert (blue["share"], blue["box"]) == (0.0, None)


def test_an_uploaded_picture_can_be_asked_about_too(client: TestClient):
    handle = client.post("/api/pictures", content=jpeg("yellow")).json()["picture"]
    assert client.get(f"/api/segment?picture={handle}&words=yellow").json()["regions"][0]["share"] > 0.2
    assert client.get("/api/segment?words=red").json()["code"] == "bad_value"
    assert client.get(f"/api/segment?words=red&picture={handle}&product=mug-red").json()["code"] == "bad_value"


def test_a_cutout_is_transparent_but_for_the_thing(client: TestClient):
    answer = client.get("/api/cutout?product=mug-red&words=red")
    assert "attachment" in answer.headers["content-disposition"]
    with Image.open(io.BytesIO(answer.content)) as image:
        alpha = np.asarray(image)[..., 3]
    assert (image.format, alpha.max(), alpha.min()) == ("PNG", 255, 0)
    nothing = client.get("/api/cutout?product=mug-red&words=blue")
    assert (nothing.status_code, nothing.json()["code"]) == (422, "nothing_found")


def test_what_the_model_cannot_do_is_said_in_words(tmp_path: Path):
    shop, _ = open_little_shop(tmp_path / "c", can=())
    with TestClient(create_app(shop), base_url=HERE) as client:
        assert client.get("/api/about").json()["abilities"] == {
            "search": True, "neighbours": True, "labels": False, "masks": False, "cutout": False,
        }  # fmt: skip
        for address in ("products/mug-red/labels", "segment?product=mug-red&words=x", "cutout?product=mug-red&words=x"):
            answer = client.get(f"/api/{address}")
            assert (answer.status_code, answer.json()["code"]) == (501, "cannot")


def test_a_new_version_of_the_catalogue_is_picked_up_while_the_shop_is_open(fresh: tuple[Shop, ColourIndex]):
    shop, index = fresh
    with TestClient(create_app(shop), base_url=HERE) as client:
        assert shop.renew() is None
        write_catalogue(index.path, [product("bag-new", BAG, "green", "3")])
        renewing = shop.renew()
        assert renewing is not None
        renewing.result()
        assert "bag-new" in ids(client, "/api/search?text=green&top=3")
        assert client.get("/api/about").json()["products"] == 9


def test_a_new_version_that_is_damaged_leaves_the_old_one_open(fresh: tuple[Shop, ColourIndex]):
    shop, index = fresh
    (index.path / "manifest.json").write_text("{")
    renewing = shop.renew()
    assert renewing is not None
    renewing.result()
    assert shop.search(wanted("red")).cards
    assert shop.renew() is None, "what could not be read is not read again until it changes"


def wanted(text: str):
    from vitrina.serving.answers import Wanted

    return Wanted(text=text)


@pytest.mark.parametrize(
    "address",
    [
        "search?top=0", "search?top=101", "search?skip=-1", "search?price_from=x", "search?price_from=-1",
        "search?price_from=NaN", "search?language=no such", "search?picture=../../etc", "products/mug-red/pictures/x",
        "products/mug-red/pictures/0?width=5000", "segment?product=mug-red", "segment?product=mug-red&words=,",
        "segment?product=mug-red&words=" + ",".join("abcdefghijklmn"), f"search?text={'x' * 301}",
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_in_words(client: TestClient, address: str):
    answer = client.get(f"/api/{address}")
    assert answer.status_code == 422, answer.text
    assert len(answer.json()["message"]) > 5


def test_every_action_is_described(client: TestClient):
    described = client.get("/api/openapi.json").json()
    for path in (
        "/api/health", "/api/about", "/api/search", "/api/facets", "/api/pictures", "/api/products/{id}",
        "/api/products/{id}/labels", "/api/products/{id}/neighbours", "/api/segment", "/api/cutout",
    ):  # fmt: skip
        assert path in described["paths"]
    found = described["components"]["schemas"]
    assert {"hit", "titles", "picture_count"} <= found["Card"]["properties"].keys()
    assert {"id", "score", "title", "price"} <= found["Hit"]["properties"].keys()
    for path in described["paths"].values():
        for about in path.values():
            assert about["description"], "every route says what it is for"


def test_the_page_and_its_files_name_no_other_place(client: TestClient):
    for address in ["/", "/docs", "/product/x", *(f"/static/{name}" for name in static_names(client))]:
        text = client.get(address).text
        foreign = [each for each in re.findall(r"https?://[^\s\"'`)>]+", text) if "www.w3.org" not in each]
        assert not foreign, f"{address} names {foreign}"
        assert not re.search(r"\son\w+=|style=|<script>|javascript:", text), "nothing that the policy would block"


def static_names(client: TestClient) -> list[str]:
    from vitrina.serving.pages import static_files

    return sorted(static_files())


def test_both_languages_say_the_same_things(client: TestClient):
    source = client.get("/static/words.js").text
    english, spanish = (
        set(re.findall(r"(?<![\w\"])(\w+): [\"{]", source.split(f"const {name} = {{")[1].split("\n};")[0]))
        for name in ("ENGLISH", "SPANISH")
    )
    assert english - {"error"} <= spanish
    used = set()
    for name in static_names(client):
        used |= set(re.findall(r"\bsay\(\"(\w+)\"", client.get(f"/static/{name}").text))
    used |= set(re.findall(r"data-(?:word|label|title|placeholder)=\"(\w+)\"", client.get("/").text))
    assert used <= english


def test_the_page_speaks_the_browsers_language(client: TestClient):
    assert '<html lang="es">' in client.get("/", headers={"accept-language": "ca, es-MX;q=.9, en;q=.5"}).text
    assert '<html lang="en">' in client.get("/", headers={"accept-language": "fr"}).text
    assert json.loads(client.get("/api/health").text) == {"status": "open", "renewing": False}


def test_a_damaged_picture_of_the_catalogue_is_refused_in_words_everywhere(tmp_path: Path):
    shop, _ = open_little_shop(tmp_path / "catalogue", more=(BROKEN,))
    with TestClient(create_app(shop), base_url=HERE) as client:
        for address in (
            "products/broken/pictures/0?width=160",
            *(f"{what}?product=broken&words=red" for what in ("segment", "cutout")),
        ):
            answer = client.get(f"/api/{address}")
            assert (answer.status_code, answer.json()["code"]) == (422, "damaged")
        assert "broken" in ids(client, "/api/search?top=20")
