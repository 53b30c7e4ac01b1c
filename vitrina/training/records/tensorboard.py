"""A run in TensorBoard: event files below RUN/records/tensorboard."""

import io
import time
from typing import Any

from PIL import Image

from vitrina.recipes.recipe import describe
from vitrina.recipes.settings import settings
from vitrina.training.records.record import Moment, Record, without_folders
from vitrina.training.run_folder import RunFolder

_SECONDS_BETWEEN_FLUSHES = 10.0


class TensorBoardRecord(Record):
    """Scalars, pictures, the recipe as hyperparameters, and a page that draws each loss with its chance level."""

    NAME = "tensorboard"

    def __init__(self, folder: RunFolder, *, from_step: int) -> None:
        super().__init__(folder, from_step=from_step)
        from torch.utils.tensorboard import SummaryWriter

        is_new = not self._about
        self.last_step = min(self.last_step, from_step)
        # TensorBoard drops what earlier event files hold from the purged step on.
        self._writer = SummaryWriter(
            str(self._place), purge_step=None if is_new else self.last_step + 1, flush_secs=3600, max_queue=1000
        )
        self._flushed = time.monotonic()
        if is_new:
            self._introduce(folder)
        self._note(step=self.last_step)

    @staticmethod
    def check() -> None:
        try:
            import tensorboard
        except ImportError as error:
            raise ImportError("the record tensorboard needs its package: pip install 'vitrina[tensorboard]'") from error
        assert tensorboard.__version__

    @property
    def how_to_look(self) -> str:
        return f"look at it with: tensorboard --logdir {self._place}"

    def _introduce(self, folder: RunFolder) -> None:
        """What stands once: the recipe, as text and as hyperparameters, and the page of losses."""
        from torch.utils.tensorboard.summary import hparams

        recipe = without_folders(folder.recipe)
        self._writer.add_text("recipe", "\n".join(f"    {line}" for line in describe(recipe).splitlines()), 0)
        plain = {each.name: _plain(each.value) for each in settings(recipe)}
        for summary in hparams(plain, {"all/loss": 0.0}):
            self._file_writer().add_summary(summary)
        charts = {name: ["Multiline", [f"{name}/loss", f"{name}/chance"]] for name in recipe.weights}
        self._writer.add_custom_scalars({"losses beside chance": charts})

    def _send(self, moment: Moment) -> None:
        for name, value in moment.figures.items():
            self._writer.add_scalar(name, value, moment.step)
        for name, png in moment.pictures.items():
            self._add_picture(name, png=png, step=moment.step)
        self.last_step = moment.step
        if time.monotonic() - self._flushed > _SECONDS_BETWEEN_FLUSHES:
            self._flush()

    def _add_picture(self, name: str, *, png: bytes, step: int) -> None:
        """As it is: TensorBoard's own way encodes it once more."""
        from tensorboard.compat.proto.summary_pb2 import Summary  # type: ignore[attr-defined]  # generated

        with Image.open(io.BytesIO(png)) as picture:
            width, height = picture.size
        image = Summary.Image(encoded_image_string=png, width=width, height=height, colorspace=3)
        self._file_writer().add_summary(Summary(value=[Summary.Value(tag=name, image=image)]), step)

    def _flush(self) -> None:
        """Only what lies in the file counts as recorded."""
        self._writer.flush()
        self._flushed = time.monotonic()
        self._note(step=self.last_step)

    def _finish(self) -> None:
        self._flush()
        self._writer.close()

    def _file_writer(self) -> Any:
        assert self._writer.file_writer is not None, "the writer is open"
        return self._writer.file_writer


def _plain(value: object) -> bool | int | float | str:
    """A setting as TensorBoard takes it: a number, a truth or a text."""
    return value if isinstance(value, bool | int | float | str) else str(value)
