"""The same product before and after one attribute is changed: pairs for learning to edit pictures."""

import io
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import simplejpeg
from PIL import Image, ImageFilter

from vitrina.catalogue.sample.article import Article
from vitrina.catalogue.sample.colours import PALETTE, contrasting
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.figure import Line, Sheet, Word
from vitrina.catalogue.sample.goods import figure
from vitrina.catalogue.sample.masks import grey_png
from vitrina.catalogue.sample.studio import studio_photo
from vitrina.catalogue.sample.truth import Edit, Photo

_LATER_SHARE = 0.4
"""Share of the edits that are seen in a later studio view: other grounds, props, a part hidden."""

_LEAST_CHANGED_PX = 30
_LEAST_STEP = 24
"""An edit that changes fewer pixels than this by at least this step of 255 is not worth calling one."""

_EDGE_PX = 5
"""Side of the square by which the mask is grown: the outline's soft edge belongs to what may change."""


def edit_pair(article: Article, *, attribute: str) -> Edit | None:
    """The article and the same article with another colour, pattern, material, or value of the named feature.

    Viewpoint, light, background and whatever hides the article are the same in both pictures. Outside the mask only
    the shadow differs, where the outline or how clear the material is changes, and what JPEG makes of the pixels next
    to the mask. A change of colour, pattern or material leaves the drawing's outlines as they are.

    None where the article has no other value for the attribute, or none that can be seen and changes nothing else: an
    article with a print on a plain front is given no pattern. Raises ValueError for an attribute that articles of the
    kind do not have.
    """
    known = ("colour", "pattern", "material", *article.features)
    if attribute not in known:
        raise ValueError(f"a {article.kind.name} has no attribute {attribute!r}: it has {', '.join(known)}")
    draws = Draws(article.seed, "edit", attribute, article.number)
    own = figure(article)
    for changed in _changes(article, attribute, draws):
        # Train never shows a combination that is kept for the test.
        if article.split == "train" and changed.is_unseen:
            continue
        sheet = figure(changed)
        if attribute in article.features or _outlines(sheet) == _outlines(own):
            view = 1 if draws.chance(_LATER_SHARE) else 0
            source, target = (studio_photo(article, each, framed=(own, sheet), view=view) for each in (own, sheet))
            if not _differ(source, target):
                continue
            return Edit(
                attribute=attribute,
                before=article.attributes[attribute],
                after=changed.attributes[attribute],
                source=source.jpeg,
                target=target.jpeg,
                changed_mask=_union(source, target, number=article.number),
            )
    return None


def _changes(article: Article, attribute: str, draws: Draws) -> Iterator[Article]:
    """The article with each other value of the attribute, in random order."""
    match attribute:
        case "colour":
            others = [name for name in PALETTE if name != article.colour]
            if article.accent is not None:
                others = [name for name in others if article.accent in contrasting(name)]
            for name in draws.shuffled(others):
                yield replace(article, colour=name)
        case "pattern":
            for name in draws.shuffled([name for name in article.kind.patterns if name != article.pattern]):
                accent = article.accent or draws.choice(contrasting(article.colour))
                yield replace(article, pattern=name, accent=None if name == "plain" else accent)
        case "material":
            for name in draws.shuffled([name for name in article.kind.materials if name != article.material]):
                yield replace(article, material=name)
        case _:
            values = article.kind.features[attribute]
            for name in draws.shuffled([name for name in values if name != article.features[attribute]]):
                yield replace(article, features={**article.features, attribute: name})


def _outlines(sheet: Sheet) -> list[tuple[str, tuple[float, ...]]]:
    """The names and the places of all parts and words."""
    return [
        (mark.text if isinstance(mark, Word) else mark.name, tuple(mark.path.getBounds()))
        for mark in sheet.marks
        if isinstance(mark, Word) or not isinstance(mark, Line)
    ]


def _differ(source: Photo, target: Photo) -> bool:
    """Whether the change can be seen."""
    before, after = (simplejpeg.decode_jpeg(photo.jpeg).astype(np.int16) for photo in (source, target))
    return int((np.abs(before - after).max(-1) >= _LEAST_STEP).sum()) >= _LEAST_CHANGED_PX


def _union(source: Photo, target: Photo, *, number: int) -> bytes:
    """Where the article is in either picture, grown by its soft edge."""
    seen = np.zeros((1, 1), bool)
    for photo in (source, target):
        mask = np.asarray(Image.open(io.BytesIO(photo.truth.object_mask)))
        own = [at + 1 for at, thing in enumerate(photo.truth.objects) if thing.article == number]
        seen = seen | np.isin(mask, own)
    grown = Image.fromarray(seen.astype(np.uint8) * 255).filter(ImageFilter.MaxFilter(_EDGE_PX))
    return grey_png(np.asarray(grown))
