from pathlib import Path

import pytest

from vitrina.training.loop import train
from vitrina.training.machine import Machine

from .little import little_clip, little_codebook, shop


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shop(tmp_path_factory.mktemp("training"))


@pytest.fixture(scope="session")
def codebook(catalogue: Path) -> Path:
    """A finished run of a codebook; not to be changed."""
    run = catalogue.parent / "codebook"
    train(little_codebook("steps=3"), catalogues=[catalogue], run=run, machine=Machine(workers=0, device="cpu"))
    return run


@pytest.fixture(scope="session")
def clip(catalogue: Path) -> Path:
    """A finished run of a dual encoder with a moving average; not to be changed."""
    run = catalogue.parent / "dual-encoder"
    train(little_clip("ema_decay=0.9"), catalogues=[catalogue], run=run, machine=Machine(workers=0, device="cpu"))
    return run
