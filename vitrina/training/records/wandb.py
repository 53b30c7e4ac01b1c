"""A run in Weights & Biases, below RUN/records/wandb: kept there until it is sent, or sent as it goes."""

import io
import logging
import os
import secrets
import time
from datetime import datetime
from pathlib import Path

from PIL import Image

from vitrina.training.records.record import Moment, Record, settings_of
from vitrina.training.run_folder import RunFolder

log = logging.getLogger(__name__)

PROJECT = "vitrina"


class WandbRecord(Record):
    """Figures, pictures and the recipe as configuration, under one id however often the run is resumed.

    Offline, without network or login, unless WANDB_MODE or a WANDB_API_KEY say otherwise. W&B takes no step back:
    steps that it holds already are not sent again.
    """

    NAME = "wandb"

    def __init__(self, folder: RunFolder, *, from_step: int) -> None:
        super().__init__(folder, from_step=from_step)
        import wandb

        self._name = folder.path.resolve().name
        self._note(id=self._about.get("id") or secrets.token_hex(8))
        mode = os.environ.get("WANDB_MODE") or ("online" if os.environ.get("WANDB_API_KEY") else "offline")
        self._is_offline = mode != "online"
        if mode == "online" and wandb.api.api_key is None:
            raise ValueError(
                "WANDB_MODE is online and nobody is logged in: run `wandb login`, or set WANDB_MODE=offline"
            )
        if self._is_offline:
            log.info("W&B is offline; send the record later with: wandb sync %s/*-run-*", self._place)
        _wait_for_a_free_name(self._place)
        self._run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            name=self._name,
            id=self._about["id"],
            # Offline there is nothing to look the id up in, and W&B would say so every time.
            resume=None if self._is_offline else "allow",
            dir=str(self._place.parent),
            mode="offline" if self._is_offline else "online",
            config=settings_of(folder.recipe),
            settings=wandb.Settings(console="off", silent=True, save_code=False, disable_git=True),
        )

    @staticmethod
    def check() -> None:
        try:
            import wandb
        except ImportError as error:
            raise ImportError("the record wandb needs its package: pip install 'vitrina[wandb]'") from error
        assert wandb.__version__

    @property
    def how_to_look(self) -> str:
        if self._is_offline:
            return f"send it to W&B with: wandb sync {self._place}/*-run-*"
        return f"look at it under {self._run.url}"

    def _send(self, moment: Moment) -> None:
        import wandb

        content: dict[str, object] = {**moment.figures}
        for name, png in moment.pictures.items():
            with Image.open(io.BytesIO(png)) as picture:
                content[name] = wandb.Image(picture)
        self._run.log(content, step=moment.step)
        self.last_step = moment.step
        self._note(step=moment.step)

    def _finish(self) -> None:
        self._run.finish()


def _wait_for_a_free_name(folder: Path) -> None:
    """W&B names a session by id and second, and writes over another of the same second."""
    while any(folder.glob(f"*run-{datetime.now():%Y%m%d_%H%M%S}-*")):
        time.sleep(0.05)
