"""The generated pictures: strict RGB JPEGs that show the recorded kind's shape in the recorded colour."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
import simplejpeg

from vitrina.catalogue.pictures import canonicalise
from vitrina.catalogue.sample.article import Article, article
from vitrina.catalogue.sample.colours import PALETTE
from vitrina.catalogue.sample.figure import Line, Part
from vitrina.catalogue.sample.goods import figure
from vitrina.catalogue.sample.kinds import KINDS, MATERIAL_FACTORS, PATTERN_FACTORS
from vitrina.catalogue.sample.stage import PICTURE_PX
from vitrina.catalogue.sample.studio import photograph
from vitrina.catalogue.sample.textures import SUBSTANCES

MIXED = {"jar", "smartphone", "sunglasses"}
"""Kinds of which a good part has another colour than the recorded one: what is in the jar, the screen, the lenses."""


def some(kind: str, *, count: int = 1) -> list[Article]:
    """Articles of a kind, each of another family."""
    found: dict[int, Article] = {}
    number = 0
    while len(found) < count:
        facts = article(number, seed=17)
        if facts.kind.name == kind:
            found.setdefault(facts.family, facts)
        number += 1
    return list(found.values())


def shot(facts: Article, *, view: int) -> bytes:
    return photograph(facts, view=view).jpeg


def pixels(picture: bytes) -> np.ndarray:
    return simplejpeg.decode_jpeg(picture, strict=True).astype(np.float64)


def foreground(image: np.ndarray) -> np.ndarray:
    """Where the picture differs from all its corners: (h, w) bool."""
    corners = np.stack([image[0, 0], image[0, -1], image[-1, 0], image[-1, -1]])
    return np.abs(image[:, :, None] - corners).max(-1).min(-1) > 30


def outline(facts: Article) -> list[tuple[str, tuple[float, ...]]]:
    """The parts of an article's drawing and where they lie."""
    parts = [mark for mark in figure(facts).marks if isinstance(mark, Part)]
    return [(part.name, tuple(part.path.computeTightBounds())) for part in parts]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_gives_a_canonical_picture_with_something_in_its_middle(kind: str):
    for view, facts in enumerate(some(kind, count=3)):
        picture = shot(facts, view=view)
        assert simplejpeg.decode_jpeg_header(picture) == (PICTURE_PX, PICTURE_PX, "YCbCr", "420")
        assert canonicalise(picture) == picture
        image = pixels(picture)
        seen = foreground(image).mean()
        assert 0.04 < seen < 0.97, f"{seen:.0%} of the picture of {facts.attributes} is foreground"
        assert image.std() > 8


def test_a_picture_is_drawn_the_same_every_time_and_every_view_is_another_picture():
    facts = some("mug")[0]
    views = [shot(facts, view=view) for view in range(3)]
    assert [shot(facts, view=view) for view in reversed(range(3))] == views[::-1]
    assert len({hashlib.sha256(view).digest() for view in views}) == 3


def test_the_first_view_shows_the_whole_article():
    for kind in KINDS:
        for facts in some(kind, count=2):
            seen = foreground(pixels(shot(facts, view=0)))
            edge = np.concatenate([seen[0], seen[-1], seen[:, 0], seen[:, -1]])
            assert edge.mean() < 0.05, f"{facts.attributes} is cut by the frame"


def test_variants_of_a_family_have_one_shape_and_families_of_a_kind_differ():
    for kind in KINDS:
        first, second = some(kind, count=2)
        variant = article(first.family + 1, seed=17)
        other = replace(first, number=first.number + 1, colour="turquoise" if first.colour != "turquoise" else "red")
        assert outline(other) == outline(first)
        if variant.family == first.family:
            assert outline(variant) == outline(article(first.family, seed=17))
        assert outline(second) != outline(first)


@pytest.mark.parametrize("colour", sorted(PALETTE))
def test_a_plain_article_has_the_recorded_colour(colour: str):
    for kind in sorted(set(KINDS) - MIXED)[::3]:
        facts = replace(some(kind)[0], colour=colour, pattern="plain", accent=None)
        image = pixels(shot(facts, view=0))
        shown = image[foreground(image)]
        chroma = shown.max(1) - shown.min(1)
        if colour in ("black", "white", "grey"):
            assert np.median(chroma) < 20, f"{facts.attributes} is tinted"
            continue
        red, green, blue = shown.T
        angles = np.arctan2(np.sqrt(3) * (green - blue), 2 * red - green - blue)
        hue = np.degrees(np.angle((chroma * np.exp(1j * angles)).sum()))
        distance = abs((hue - PALETTE[colour].hue_degrees + 180) % 360 - 180)
        assert distance < 20, f"{facts.attributes} has a hue {distance:.0f} degrees away"


def test_black_grey_and_white_are_told_apart_by_lightness():
    facts = some("backpack")[0]
    level = {}
    for colour in ("black", "grey", "white"):
        image = pixels(shot(replace(facts, colour=colour, pattern="plain", accent=None), view=0))
        level[colour] = image[80:150, 80:144].mean()
    assert level["black"] + 40 < level["grey"] < level["white"] - 40


def test_patterns_and_materials_are_visible():
    facts = replace(some("cushion")[0], colour="red", accent="white")
    pictures = {pattern: pixels(shot(replace(facts, pattern=pattern), view=0)) for pattern in PATTERN_FACTORS}
    for pattern, image in pictures.items():
        if pattern != "plain":
            assert np.abs(image - pictures["plain"]).mean() > 2, f"{pattern} cannot be seen"
    plain = replace(facts, pattern="plain", accent=None)
    looks = {hashlib.sha256(shot(replace(plain, material=each), view=0)).digest() for each in MATERIAL_FACTORS}
    assert len(looks) == len(MATERIAL_FACTORS)


def test_every_material_has_a_look_and_every_mark_of_a_drawing_a_place():
    assert set(MATERIAL_FACTORS) <= set(SUBSTANCES)
    for kind in KINDS:
        for mark in figure(some(kind)[0]).marks:
            assert not mark.path.isEmpty()
            assert isinstance(mark, Line) or mark.finish.material in SUBSTANCES
