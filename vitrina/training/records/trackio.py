"""A run in trackio: a database below RUN/records/trackio."""

import contextlib
import io
import os
import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from PIL import Image

from vitrina.training.records.record import Moment, Record, settings_of
from vitrina.training.run_folder import RunFolder

PROJECT = "vitrina"


class TrackioRecord(Record):
    """Figures, pictures and the recipe as configuration, in one run of trackio however often ours is resumed.

    trackio gathers for half a second before it writes: so much of the record, and of nothing else, a killed process
    may lose.
    """

    NAME = "trackio"

    def __init__(self, folder: RunFolder, *, from_step: int) -> None:
        super().__init__(folder, from_step=from_step)
        # trackio reads its folder once, when it is imported.
        os.environ["TRACKIO_DIR"] = str(self._place.resolve())
        self._trackio = import_module("trackio")
        folder_of_trackio = Path(import_module("trackio.utils").TRACKIO_DIR)
        if folder_of_trackio.resolve() != self._place.resolve():
            raise ValueError(
                f"trackio writes to {folder_of_trackio} as long as this process lives: "
                f"record {folder.path} in another one"
            )
        with _quietly():
            self._run = self._trackio.init(
                project=PROJECT,
                name=re.sub(r"[^\w.-]", "-", folder.path.resolve().name),
                config=settings_of(folder.recipe),
                resume="allow",
                embed=False,
            )

    @staticmethod
    def check() -> None:
        if find_spec("trackio") is None:  # not imported yet: its folder is still to be told
            raise ImportError("the record trackio needs its package: pip install 'vitrina[trackio]'")

    @property
    def how_to_look(self) -> str:
        return f"look at it with: TRACKIO_DIR={self._place} trackio show --project {PROJECT}"

    def _send(self, moment: Moment) -> None:
        content: dict[str, object] = {**moment.figures}
        for name, png in moment.pictures.items():
            with Image.open(io.BytesIO(png)) as picture:
                content[name] = self._trackio.Image(picture.convert("RGB"))
        self._run.log(content, step=moment.step)
        self.last_step = moment.step
        self._note(step=moment.step)

    def _finish(self) -> None:
        with _quietly():
            self._trackio.finish()


def _quietly() -> contextlib.AbstractContextManager[object]:
    """trackio prints how to look at it; the command that prints for us says that itself."""
    return contextlib.redirect_stdout(io.StringIO())
