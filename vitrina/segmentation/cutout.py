"""`vitrina cutout`: the pictures of a catalogue without their background."""

import io
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin
from tqdm import tqdm

from vitrina.catalogue.pictures import canonicalise
from vitrina.catalogue.store import Catalogue
from vitrina.catalogue.writer_lock import take_lock
from vitrina.evaluation.fingerprint import model_digest
from vitrina.models.checkpoint import write_bytes
from vitrina.segmentation.refine import Outline, outline, plain_background
from vitrina.segmentation.segment import locating
from vitrina.tasks.abilities import LocatesWords
from vitrina.tasks.looking import look
from vitrina.tasks.regions import box_of
from vitrina.tasks.segment import BACKGROUND, own_words, standing_out

BELIEF = 2.0
"""How many log-odds a deviation of a model's similarity is worth against the colours; set by hand."""

_MARK = "vitrina-cutout"
_METHOD = 1  # raised whenever the same picture would be cut out otherwise
_LOCK = ".vitrina-cutout.lock"
_ROWS = 64
_LISTED = 5


@dataclass(frozen=True)
class Cutouts:
    """What a run over a catalogue did: pictures cut out by how, found as they were, and those that were left out."""

    out: Path
    plain: int
    scenes: int
    kept: int
    left_out: tuple[str, ...]

    def text(self) -> str:
        """The counts, and what was left out with its reason."""
        lines = [
            f"{self.out}: {self.plain + self.scenes + self.kept:,} pictures without background",
            f"  {self.plain:,} from a background of one colour, {self.scenes:,} from a scene where the model found the "
            f"product, {self.kept:,} stood there already",
        ]
        if not self.plain + self.scenes + self.kept + len(self.left_out):
            lines = [f"{self.out}: no product has a picture, so there was nothing to cut out"]
        if self.left_out:
            lines.append(f"  {len(self.left_out):,} left out:")
            lines += [f"    {each}" for each in self.left_out[:_LISTED]]
            if len(self.left_out) > _LISTED:
                lines.append(f"    and {len(self.left_out) - _LISTED:,} more")
        return "\n".join(lines)


def cutout(
    run: str | os.PathLike[str],
    *,
    catalogue: Path,
    out: Path,
    words: Sequence[str] = (),
    margin: float | None = None,
) -> Cutouts:
    """Write every picture of a catalogue without its background: `out`/ID-0.png, ID-1.png … with transparency.

    The product is what `words` name, by default its own words (`own_words`); a background of one colour needs no words.
    With `margin` pictures are cut to the product and that share of its longer side around it; without, they keep their
    size. Each file is written whole or not at all, and bears what it was made from: run again, it goes on, and makes
    anew only what another picture, model or setting would change; a file of somebody else stays as it is. A picture in
    which nothing stands out is left out and reported. Raises ValueError where the run's model cannot locate words,
    where there is no catalogue, for a margin below 0 or above 1, and where another process is at work in `out`.
    """
    if margin is not None and not 0 <= margin <= 1:
        raise ValueError(f"a margin of {margin} is not a share from 0 to 1 of the product's longer side")
    opened = Catalogue.open(catalogue)
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out} is a file: name a folder for the pictures")
    model = locating(run)
    settings = f"{_METHOD} {model_digest(model, inputs=model.inputs)} {margin}"
    out.mkdir(parents=True, exist_ok=True)
    lock = out / _LOCK
    descriptor = take_lock(lock)
    if descriptor is None:
        raise ValueError(f"another process is writing into {out}: wait until it is done, or name another folder")
    try:
        return _all(opened, model=model, out=out, words=words, margin=margin, settings=settings)
    finally:
        lock.unlink(missing_ok=True)
        os.close(descriptor)


def cutout_picture(model: LocatesWords, *, picture: bytes, words: Sequence[str], margin: float | None = None) -> bytes:
    """One picture without its background, as a PNG with transparency, in the size of the picture as stored.

    `words` say what the product is; they may be missing where the background is of one colour. With `margin` the
    picture is cut to the product. Raises ValueError where the picture cannot be read, and where nothing in it stands
    out.
    """
    pixels = _pixels(canonicalise(picture))
    return _png(pixels, found=_outlined(model, pixels=pixels, picture=picture, words=words), margin=margin, stamp="")


def file_name(product: str, number: int) -> str:
    """The name of a product's picture: its id, of which signs that no disk takes are written as their codes.

    >>> file_name("a/b 7", 0)
    'a%2Fb%207-0.png'
    """
    safe = re.sub(r"[^\w.-]|^[.]", lambda sign: "".join(f"%{byte:02X}" for byte in sign.group().encode()), product)
    if len(safe.encode()) > 120:
        safe = f"{safe.encode()[:80].decode(errors='ignore')}-{blake2b(product.encode(), digest_size=8).hexdigest()}"
    return f"{safe}-{number}.png"


def _all(
    catalogue: Catalogue, *, model: LocatesWords, out: Path, words: Sequence[str], margin: float | None, settings: str
) -> Cutouts:
    """Go through the catalogue's pictures in order."""
    counts: Counter[str] = Counter()
    left_out: list[str] = []
    pictures = int(np.sum(catalogue.facts()["picture_count"].to_numpy()))
    with tqdm(total=pictures, desc="cutting out", unit="picture", disable=None, delay=2) as bar:
        for start in range(0, len(catalogue), _ROWS):
            for product in catalogue.read(range(start, min(start + _ROWS, len(catalogue)))):
                asked = tuple(words) or own_words(product)
                for number, picture in enumerate(product.pictures):
                    path = out / file_name(product.id, number)
                    stamp = _stamp(picture, words=asked, settings=settings)
                    bar.update()
                    if _is_of_another(path):
                        left_out.append(f"{product.id}, picture {number}: {path.name} is a file of yours; move it away")
                        continue
                    try:
                        counts[
                            _cut_out(path, model=model, picture=picture, words=asked, margin=margin, stamp=stamp)
                        ] += 1
                    except ValueError as error:
                        path.unlink(missing_ok=True)  # it would show another picture, or another product
                        left_out.append(f"{product.id}, picture {number}: {error}")
    return Cutouts(out, counts["plain"], counts["scene"], counts["kept"], tuple(left_out))


def _cut_out(
    path: Path, *, model: LocatesWords, picture: bytes, words: Sequence[str], margin: float | None, stamp: str
) -> str:
    """Write one picture unless it stands there; how it was found, or `kept`."""
    if _stamp_of(path) == stamp:
        return "kept"
    pixels = _pixels(picture)
    found = _outlined(model, pixels=pixels, picture=picture, words=words)
    write_bytes(path, content=_png(pixels, found=found, margin=margin, stamp=stamp))
    return found.ground


def _outlined(model: LocatesWords, *, pixels: np.ndarray, picture: bytes, words: Sequence[str]) -> Outline:
    """The product in a picture, with the model's help where the background is not of one colour."""
    is_plain = plain_background(pixels) is not None
    if not is_plain and not words:
        raise ValueError("its background is not of one colour, and no words say what the product is: name some")
    belief = None if is_plain else _belief(model, picture=picture, words=words)
    found = outline(pixels, belief=belief)
    if not (found.alpha > 127).any():
        raise ValueError("nothing in it stands out from its background")
    return found


def _belief(model: LocatesWords, *, picture: bytes, words: Sequence[str]) -> np.ndarray:
    """(rows, columns) log-odds that a place shows one of the words."""
    return BELIEF * (standing_out(look(model, picture=picture, words=words)).max(axis=0) - BACKGROUND)


def _png(pixels: np.ndarray, *, found: Outline, margin: float | None, stamp: str) -> bytes:
    """The picture with its outline as transparency; what cannot be seen is empty."""
    shown = np.dstack([np.where(found.alpha[..., None] > 0, pixels, 0).astype(np.uint8), found.alpha])
    if margin is not None:
        box = box_of(found.alpha > 0)
        assert box is not None, "an outline without a pixel is refused before"
        reach = round(margin * max(box[2] - box[0], box[3] - box[1]))
        shown = np.pad(shown[box[1] : box[3], box[0] : box[2]], ((reach, reach), (reach, reach), (0, 0)))
    about = PngImagePlugin.PngInfo()
    if stamp:
        about.add_text(_MARK, stamp)
    out = io.BytesIO()
    Image.fromarray(shown, mode="RGBA").save(out, "PNG", pnginfo=about)
    return out.getvalue()


def _stamp(picture: bytes, *, words: Sequence[str], settings: str) -> str:
    """What a file is made from: the picture, the words, the model and the settings."""
    return blake2b(picture + f"\n{list(words)}\n{settings}".encode(), digest_size=16).hexdigest()


def _stamp_of(path: Path) -> str | None:
    """What a file says it was made from; None where there is none, or none of ours, or it is damaged."""
    try:
        with Image.open(path, formats=("PNG",)) as image:
            image.load()
            found = image.info.get(_MARK)
    except (OSError, ValueError, SyntaxError):
        return None
    return found if isinstance(found, str) else None


def _is_of_another(path: Path) -> bool:
    """Whether a file stands there that bears no mark of ours; a damaged one of ours still bears it."""
    try:
        with Image.open(path, formats=("PNG",)) as image:
            return _MARK not in image.info
    except FileNotFoundError:
        return False
    except (OSError, ValueError, SyntaxError):
        return True


def _pixels(picture: bytes) -> np.ndarray:
    try:
        with Image.open(io.BytesIO(picture)) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError) as error:
        raise ValueError("it cannot be read: its file is damaged, or no picture") from error
