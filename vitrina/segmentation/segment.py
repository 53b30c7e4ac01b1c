"""`vitrina segment`: a picture with the pixels of some words painted."""

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from vitrina.catalogue.pictures import MAX_ENCODED_BYTES, canonicalise
from vitrina.models.checkpoint import write_bytes
from vitrina.models.clip import Clip
from vitrina.models.flava import Flava
from vitrina.models.groupvit import GroupViT
from vitrina.segmentation.overlay import label_mask, overlay
from vitrina.tasks.abilities import LocatesWords
from vitrina.tasks.looking import Window
from vitrina.tasks.segment import Masks, masks
from vitrina.training.load import load


@dataclass(frozen=True)
class Segmented:
    """What was found in a picture and where it was written."""

    masks: Masks
    out: Path
    mask_out: Path | None

    def text(self) -> str:
        """The share of each word, the most first, and the files."""
        shares = sorted(((self.masks.share(word), word) for word in self.masks.words), key=lambda each: -each[0])
        width = max(len(word) for _, word in shares)
        found = [f"  {word:<{width}}  {share:6.1%} of the picture" for share, word in shares]
        files = [f"{self.out}: the picture with its masks"]
        if self.mask_out is not None:
            files.append(f"{self.mask_out}: the label of every pixel, 0 background, 1 {self.masks.words[0]} …")
        nothing = [] if shares[0][0] else ["nothing in the picture stands out as any of these: try other words"]
        return "\n".join([*found, *nothing, *files])


def segment(
    run: str | os.PathLike[str],
    *,
    image: Path,
    words: Sequence[str],
    out: Path,
    mask_out: Path | None = None,
    window: Window | None = None,
) -> Segmented:
    """Paint the pixels of each word into a picture: writes `out`, a PNG with a legend, whole or not at all.

    `mask_out` takes the labels as a palette PNG of 8 bits. `window` looks at a large picture piece by piece. Raises
    ValueError where the run's model cannot locate words, for no words, and for a picture that cannot be read; its
    message names the mend.

    >>> print(segment("runs/groupvit", image=Path("look.jpg"), words=["shoe", "bag"], out=Path("look.png")).text())
    ... # doctest: +SKIP
      shoe   4.1% of the picture
    """
    for each in (out, *([] if mask_out is None else [mask_out])):
        if each.suffix.lower() != ".png":
            raise ValueError(f"{each}: what is written is a PNG: name a file that ends in .png")
    files = [each.resolve() for each in (image, out, mask_out) if each is not None]
    if len(set(files)) < len(files):
        raise ValueError(f"{files[-1]} is named for two things: name another file for what is written")
    picture = read_picture(image)
    model = locating(run)
    found = masks(model, picture=picture, words=words, window=window)
    labels = None if mask_out is None else label_mask(found)
    with Image.open(io.BytesIO(picture)) as opened:
        painted = overlay(opened, masks=found)
    for path, content in ((out, painted), (mask_out, labels)):
        if path is not None and content is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(path, content=content)
    return Segmented(found, out, mask_out)


def locating(run: str | os.PathLike[str]) -> Flava | Clip | GroupViT:
    """The model of a run, which must say where words stand in a picture. ValueError where it cannot."""
    model = load(run)
    if not isinstance(model, LocatesWords):
        raise ValueError(
            f"{run} holds a {type(model).__name__}, which cannot say where a word stands in a picture: name a run of "
            "clip, flava or groupvit"
        )
    return model


def read_picture(path: Path) -> bytes:
    """A picture file as a catalogue would store it. ValueError, naming the file, where it cannot be read."""
    try:
        if path.stat().st_size > MAX_ENCODED_BYTES:
            raise ValueError(f"it has more than {MAX_ENCODED_BYTES:,} bytes")
        return canonicalise(path.read_bytes())
    except FileNotFoundError:
        raise ValueError(f"{path}: there is no such picture; check the path") from None
    except IsADirectoryError:
        raise ValueError(f"{path} is a folder: name one picture in it") from None
    except ValueError as error:
        raise ValueError(
            f"{path} cannot be read as a picture: {error}; name a JPEG, PNG or WebP of 64 million pixels or fewer"
        ) from error
