"""Fine-tuning lives in the lab, which brings PyTorch; this package only hands over to it."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .errors import MobileMultiModalError

INSTALL = 'install the lab from a clone of the repository: pip install "./lab[train]"'


def run(
    checkpoint: str,
    train_data: str | os.PathLike[str],
    tasks: Sequence[str],
    epochs: int,
    learning_rate: float,
    *,
    output: str | os.PathLike[str] | None,
    progress: Callable[[Any], None] | None,
) -> Path:
    """Calls `mm_lab.finetune`; fails with `lab.missing` where there is none, or where it lacks its own packages."""
    try:
        lab = importlib.import_module("mm_lab.finetune")
    except ModuleNotFoundError as error:
        message = f"fine-tuning needs the package {error.name}, which is not installed"
        raise MobileMultiModalError("lab.missing", message, INSTALL) from error
    return lab.finetune(
        checkpoint=checkpoint,
        train_data=Path(train_data),
        tasks=list(tasks),
        epochs=epochs,
        learning_rate=learning_rate,
        output=None if output is None else Path(output),
        progress=progress,
    )
