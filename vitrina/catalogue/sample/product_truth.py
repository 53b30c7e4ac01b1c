"""What is true of a product of the sample, whatever its row in the catalogue says."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from vitrina.catalogue.product import Text
from vitrina.catalogue.sample.truth import Damage, Edit, Language, Phrase, PictureTruth, Question


@dataclass(frozen=True)
class ProductTruth:
    """The facts of one product and what was done to its row.

    `article` is the number of the article whose facts these are: the product's own, or that of the product it
    duplicates. `is_unseen` says that no product of the train split combines its kind, colour and pattern. `price` is
    the clean price, None where the shop does not state one; `expected_price` what it is drawn around. `titles` and
    `descriptions` are the clean texts; `slips` the typing errors that any shop makes, `damages` what was spoilt on
    purpose. `pictures` is how many it has.
    """

    number: int
    id: str
    article: int
    family: int
    split: str
    attributes: Mapping[str, str]
    brand: str
    category: tuple[str, ...]
    domain: str
    is_unseen: bool
    price: Decimal | None
    currency: str
    expected_price: float
    titles: tuple[Text, ...]
    descriptions: tuple[Text, ...]
    pictures: int
    slips: tuple[Damage, ...] = ()
    damages: tuple[Damage, ...] = ()


@dataclass(frozen=True)
class ToldEdit:
    """An edit pair with the instruction for it in two languages."""

    pair: Edit
    english: str
    spanish: str


@dataclass(frozen=True)
class Spoken:
    """A description of a product or a search query for it, spoken by a machine: a WAV of 16 kHz, one channel."""

    what: Literal["description", "query"]
    text: str
    language: Language
    wav: bytes


@dataclass(frozen=True)
class PictureKnown:
    """All that is known of one picture of a product.

    `truth`, `phrases` and `questions` are about the clean picture; `damages` say where the catalogue holds another.
    """

    number: int
    truth: PictureTruth
    phrases: tuple[Phrase, ...]
    questions: tuple[Question, ...]
    damages: tuple[Damage, ...]
