"""What a session ran on: versions and machine, without names of people or places."""

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import numpy
import pyarrow
import safetensors
import tokenizers
import torch

from vitrina.recipes.recipe import version
from vitrina.training.engine import Engine


def environment(engine: Engine, *, from_step: int) -> dict[str, Any]:
    """The versions and the machine of a session that starts after `from_step` steps."""
    return {
        "from_step": from_step,
        "vitrina": version(),
        "commit": _commit(Path(__file__).parents[2]),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "pyarrow": pyarrow.__version__,
        "tokenizers": tokenizers.__version__,
        "safetensors": safetensors.__version__,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name(engine.device) if engine.device.type == "cuda" else "cpu",
        "cuda": torch.version.cuda,
        "processes": engine.world,
    }


def _processor() -> str:
    """The processor's name as Linux tells it, else the platform's word for it."""
    path = Path("/proc/cpuinfo")
    if path.exists():
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _commit(checkout: Path) -> str | None:
    """The git commit of the code where it runs from a checkout, marked where it was edited since."""
    if not (checkout / ".git").exists():
        return None
    try:
        done = subprocess.run(
            ["git", "-C", str(checkout), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
