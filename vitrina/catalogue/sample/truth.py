"""What is true of a product of the sample and of its pictures: the types of the ground truth."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels of the stored picture; x1 and y1 lie just outside."""

Setting = Literal["studio", "shelf", "room"]
Language = Literal["en", "es"]


@dataclass(frozen=True)
class PartTruth:
    """A visible part of an object, such as a handle or a print. `object` is its object's place in the picture's list;
    `text` what is printed there."""

    name: str
    object: int
    box: Box
    area_px: int
    text: str | None = None


@dataclass(frozen=True)
class ObjectTruth:
    """An object in a picture: one article, or one shoe of a pair.

    `article` is the number of its article in the sample (that of the picture's own product, or another);
    `visible_share` what occlusion and the edge left of it.
    """

    article: int
    kind: str
    attributes: Mapping[str, str]
    box: Box
    area_px: int
    visible_share: float


@dataclass(frozen=True)
class PictureTruth:
    """What one picture shows, front objects over back ones.

    `object_mask` and `part_mask` are grey 8-bit PNGs of the picture's size: 0 is background (or no named part), i + 1
    is `objects[i]` or `parts[i]`. Every object and part listed has at least one visible pixel.
    """

    setting: Setting
    objects: tuple[ObjectTruth, ...]
    parts: tuple[PartTruth, ...]
    object_mask: bytes
    part_mask: bytes


@dataclass(frozen=True)
class Photo:
    """A picture of the sample, an RGB JPEG, and what it shows."""

    jpeg: bytes
    truth: PictureTruth


@dataclass(frozen=True)
class Phrase:
    """Words that point at one thing in a picture and at no other. `boxes` holds one box, or two for a pair."""

    text: str
    language: Language
    boxes: tuple[Box, ...]


@dataclass(frozen=True)
class Question:
    """A question about one picture, with its one right answer."""

    question: str
    answer: str
    language: Language
    about: Literal["attribute", "count", "comparison", "yes/no", "spatial"]


@dataclass(frozen=True)
class Edit:
    """The same product before and after one attribute is changed, from the same viewpoint under the same light.

    `before` and `after` are its values; `source` and `target` the two pictures (RGB JPEG); `changed_mask` a grey PNG,
    255 where the object's pixels may differ.
    """

    attribute: str
    before: str
    after: str
    source: bytes
    target: bytes
    changed_mask: bytes


@dataclass(frozen=True)
class Damage:
    """One thing that was spoilt on purpose.

    `where` is `title 0`, `description 1`, `picture 2`, or a field of the product; `before` the clean text or value,
    `clean_picture` the clean JPEG where a picture was spoilt.
    """

    what: str
    where: str
    before: str | None = None
    clean_picture: bytes | None = None
