"""What every record of a run shares: it is written step by step, and remembers how far it came."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vitrina.recipes.plain import to_plain
from vitrina.recipes.recipe import Recipe
from vitrina.training.run_folder import RunFolder


@dataclass
class Moment:
    """All that is recorded of one step."""

    step: int
    figures: dict[str, float] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict)


class Record(ABC):
    """One record, below `folder`/records; a subclass says how a moment is sent and what follows the last one.

    What comes for one step is gathered and sent when the next step begins, so that a step is written once. Steps that
    the record holds already are not written again. `last_step` is the last one that it holds; the run goes on after
    `from_step`.
    """

    NAME: str

    def __init__(self, folder: RunFolder, *, from_step: int) -> None:
        self._place = folder.path / "records" / self.NAME
        self._place.mkdir(parents=True, exist_ok=True)
        self._progress = self._place / "vitrina.json"
        self._about = self._read()
        self.last_step = int(self._about.get("step", 0))
        self._from_step = from_step
        self._moment: Moment | None = None

    @staticmethod
    @abstractmethod
    def check() -> None:
        """Raise ImportError, which names the extra to install, where the package is missing."""

    @property
    @abstractmethod
    def how_to_look(self) -> str:
        """What to type to look at the record."""

    def write(self, step: int, figures: Mapping[str, float]) -> None:
        """Take in figures of a step by their names."""
        moment = self._at(step)
        if moment is not None:
            moment.figures |= figures

    def draw(self, step: int, *, name: str, png: bytes) -> None:
        """Take in a picture of a step."""
        moment = self._at(step)
        if moment is not None:
            moment.pictures[name] = png

    def close(self) -> None:
        """Send what is left; afterwards it lies on the disk."""
        try:
            self._pass_on()
        finally:
            self._finish()

    @abstractmethod
    def _send(self, moment: Moment) -> None:
        """Hand one moment to the library, and note how far the record came where that is sure."""

    @abstractmethod
    def _finish(self) -> None:
        """End the library's record."""

    def _at(self, step: int) -> Moment | None:
        """Where what belongs to `step` is gathered; None where the record holds that step already."""
        if step <= self.last_step:
            return None
        if self._moment is None or self._moment.step != step:
            self._pass_on()
            self._moment = Moment(step)
        return self._moment

    def _pass_on(self) -> None:
        if self._moment is not None:
            moment, self._moment = self._moment, None
            self._send(moment)

    def _note(self, **about: Any) -> None:
        """Keep `about` beside the record: a killed process leaves the file whole, with what stood last."""
        self._about |= about
        temporary = self._progress.with_name(".writing-vitrina.json")
        temporary.write_text(json.dumps(self._about), encoding="utf-8")
        temporary.replace(self._progress)

    def _read(self) -> dict[str, Any]:
        if not self._progress.exists():
            return {}
        try:
            about = json.loads(self._progress.read_text(encoding="utf-8"))
            return {**about, "step": int(about.get("step", 0))}
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"{self._progress} is damaged ({error}): remove {self._place}, and the record is written anew"
            ) from error


def settings_of(recipe: Recipe) -> dict[str, Any]:
    """A recipe as plain values for a record, without the folders of this machine."""
    return to_plain(without_folders(recipe))


def without_folders(recipe: Recipe) -> Recipe:
    """The recipe with the names of the codebook and the start where it has their paths."""
    codebook = None if recipe.codebook is None else Path(recipe.codebook).name
    start = recipe.start
    if start is not None and (Path(start).is_absolute() or start.startswith((".", "~"))):
        start = Path(start).name
    return replace(recipe, codebook=codebook, start=start)
