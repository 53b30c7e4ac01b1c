"""The generated catalogue as products: reproducible, related in families, priced by a known formula."""

import builtins
import math
import statistics
import sys
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from vitrina.catalogue.product import Product
from vitrina.catalogue.sample import PRICE_NOISE, draft, expected_price, product, write_sample
from vitrina.catalogue.sample.article import UNSEEN_SHARE, article
from vitrina.catalogue.sample.colours import PALETTE
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.kinds import KINDS
from vitrina.catalogue.sample.settings import PLAIN
from vitrina.catalogue.sample.truth import Photo, PictureTruth

MANY = 3000


NOTHING = PictureTruth("studio", (), (), b"", b"")


@pytest.fixture(scope="module")
def crowd() -> list[Product]:
    """Many products whose pictures are stand-ins: drawing them all would take half a minute."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(draft, "camera", lambda: lambda facts, view: Photo(f"picture {view}".encode(), NOTHING))
        return [product(number, seed=21) for number in range(MANY)]


def assert_share(count: int, total: int, share: float) -> None:
    """Within four standard deviations of a binomial share."""
    spread = math.sqrt(share * (1 - share) / total)
    assert abs(count / total - share) < 4 * spread, f"{count} of {total} is not {share}"


def test_a_product_depends_on_seed_and_number_alone():
    numbers = [0, 1, 5, 13, 29]
    forward = [product(number, seed=3) for number in numbers]
    backward = [product(number, seed=3) for number in reversed(numbers)]
    assert forward == backward[::-1]
    assert product(5, seed=4).attributes != product(5, seed=3).attributes


def test_a_larger_sample_begins_with_the_smaller_one_and_writing_twice_changes_nothing(tmp_path: Path):
    small, large = tmp_path / "small", tmp_path / "large"
    write_sample(small, products=6, seed=9)
    catalogue = write_sample(large, products=9, seed=9)
    assert catalogue.read(range(6)) == [product(number, seed=9) for number in range(6)]
    assert write_sample(large, products=9, seed=9).digest == catalogue.digest
    assert write_sample(small, products=9, seed=9).digest == catalogue.digest


def test_a_folder_with_other_products_is_refused_and_left_whole(tmp_path: Path):
    out = tmp_path / "shop"
    before = write_sample(out, products=4, seed=1)
    for products, seed in ((4, 2), (3, 1)):
        with pytest.raises(ValueError, match=r"already holds products.*another folder"):
            write_sample(out, products=products, seed=seed)
    assert write_sample(out, products=4, seed=1).digest == before.digest


def test_what_no_sample_can_be_is_refused_before_anything_is_written(tmp_path: Path):
    with pytest.raises(ValueError, match=r"share of 1\.5 cannot be damaged: give --damage"):
        write_sample(tmp_path / "shop", products=3, seed=1, damage=1.5)
    with pytest.raises(ValueError, match="give --workers 1 or more"):
        write_sample(tmp_path / "shop", products=3, seed=1, workers=0)
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="at least 1 product, not 0"):
        write_sample(tmp_path / "shop", products=0, seed=1)
    with pytest.raises(ValueError, match="numbered from 0"):
        product(-1, seed=1)


@pytest.mark.parametrize(
    ("failure", "mend"),
    [
        (ModuleNotFoundError("No module named 'skia'"), r"pip install 'vitrina\[sample\]'"),
        (ImportError("libGL.so.1: cannot open shared object file"), "apt-get install libgl1 libegl1 libfontconfig1"),
    ],
)
def test_what_drawing_lacks_is_said_with_its_command_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: ImportError, mend: str
):
    original = builtins.__import__

    def refuse(name: str, *rest: object) -> object:
        if name == "skia":
            raise failure
        return original(name, *rest)  # type: ignore[arg-type]

    monkeypatch.delitem(sys.modules, "skia", raising=False)
    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ImportError, match=mend):
        write_sample(tmp_path / "shop", products=3, seed=1)
    assert not (tmp_path / "shop").exists()


def test_variants_of_a_family_differ_in_colour_and_share_the_rest(crowd: list[Product]):
    families: dict[str | None, list[Product]] = defaultdict(list)
    for each in crowd:
        families[each.group].append(each)
    sizes = Counter(map(len, families.values()))
    assert {1, 2, 3, 4} <= set(sizes)
    shared = ("kind", "material", "pattern", "audience", "model")
    for variants in families.values():
        assert len({each.attributes["colour"] for each in variants}) == len(variants)
        assert len({each.split for each in variants}) == 1
        for name in shared:
            assert len({each.attributes.get(name) for each in variants}) == 1
        assert len({(each.brand, each.category, each.domain) for each in variants}) == 1


def test_every_kind_is_there_about_equally_often(crowd: list[Product]):
    heads = {each.group: each.attributes["kind"] for each in crowd}
    counts = Counter(heads.values())
    assert set(counts) == set(KINDS)
    for count in counts.values():
        assert_share(count, len(heads), 1 / len(KINDS))


def test_what_is_missing_has_the_promised_shares_and_never_all_is_missing(crowd: list[Product]):
    assert_share(sum(not each.pictures for each in crowd), MANY, PLAIN.pictureless)
    assert_share(sum(not each.texts for each in crowd), MANY, PLAIN.textless)
    assert all(each.pictures or each.texts for each in crowd)
    told = [each for each in crowd if each.texts]
    languages = Counter("+".join(sorted({text.language or "" for text in each.titles})) for each in told)
    assert set(languages) == set(PLAIN.languages)
    for language, share in PLAIN.languages.items():
        assert_share(languages[language], len(told), share)
    pictured = [each for each in crowd if each.pictures]
    for count, share in PLAIN.picture_counts.items():
        assert_share(sum(len(each.pictures) == count for each in pictured), len(pictured), share)


def test_splits_have_about_their_shares(crowd: list[Product]):
    splits = Counter({each.group: each.split for each in crowd}.values())
    for split, share in {"train": 0.8, "val": 0.1, "test": 0.1}.items():
        assert_share(splits[split], splits.total(), share)


def test_held_out_combinations_are_in_no_product_of_train_and_every_kind_and_colour_stays_common():
    many = [article(number, seed=8) for number in range(5000)]
    combinations = {split: Counter() for split in ("train", "val", "test")}
    for each in many:
        combinations[each.split][each.kind.name, each.colour, each.pattern] += 1
    train = combinations["train"]
    held_out = [each for each in many if each.split != "train"]
    unseen = [each for each in held_out if each.is_unseen]
    assert all(train[each.kind.name, each.colour, each.pattern] == 0 for each in unseen)
    assert_share(len(unseen), len(held_out), UNSEEN_SHARE)
    for axis, names in ((0, KINDS), (1, PALETTE)):
        counts = Counter(dict.fromkeys(names, 0))
        for combination, count in train.items():
            counts[combination[axis]] += count
        assert min(counts.values()) > 0.5 * train.total() / len(names)
    assert len({each.kind.name for each in unseen}) > 15 and len({each.colour for each in unseen}) > 8


def test_prices_are_the_expected_price_and_noise_of_the_known_size(crowd: list[Product]):
    errors = [math.log(float(each.price or 0) / expected_price(each)) for each in crowd]
    assert abs(statistics.fmean(errors)) < 4 * PRICE_NOISE / math.sqrt(MANY)
    # The spread's own standard error is sigma / sqrt(2 n); steps of 5 cents add a little on the cheapest goods.
    assert abs(statistics.pstdev(errors) - PRICE_NOISE) < 4 * PRICE_NOISE / math.sqrt(2 * MANY) + 0.0005
    assert all(each.price is not None and each.price % Decimal("0.05") == 0 for each in crowd)
    assert {each.currency for each in crowd} == {"EUR"}


def test_the_expected_price_is_the_product_of_its_factors():
    plain = Product(
        id="1",
        brand="Brewmoor",
        attributes={"kind": "mug", "material": "ceramic", "pattern": "plain", "size": "0.33 l"},
    )
    floral = Product(id="2", brand="Brewmoor", attributes={**plain.attributes, "pattern": "floral"})
    assert expected_price(plain) == pytest.approx(9.0 * 1.05)
    assert expected_price(floral) / expected_price(plain) == pytest.approx(1.18)
    with pytest.raises(ValueError, match=r"product '3' has no expected price: 'kind'"):
        expected_price(Product(id="3", brand="Brewmoor"))


def test_no_text_states_the_price(crowd: list[Product]):
    texts = [text.text for each in crowd for text in each.texts]
    assert not [text for text in texts if "€" in text or "EUR" in text or "euro" in text.lower()]


def test_draws_do_not_depend_on_their_neighbours():
    assert Draws(1, "a").uniform() != Draws(1, "b").uniform()
    assert Draws(1, 23).uniform() != Draws(12, 3).uniform() != Draws("1", 23).uniform()
    mean = statistics.fmean(Draws(5, "mean", at).uniform() for at in range(4000))
    assert abs(mean - 0.5) < 4 * math.sqrt(1 / 12 / 4000)
    stream = Draws(7, "golden")
    assert [stream.below(1000) for _ in range(5)] == GOLDEN


GOLDEN = [938, 134, 917, 950, 560]
"""The first draws of a key: should they change, so does every sample ever written."""


def test_an_article_far_away_is_as_quick_to_find_as_the_first():
    assert article(10**12, seed=1).number == 10**12
