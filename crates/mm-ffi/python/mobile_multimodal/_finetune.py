"""Fine-tuning lives in the lab, which brings PyTorch; this package only hands over to it."""

from __future__ import annotations

import importlib
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from .errors import MobileMultiModalError

INSTALL = 'install the lab from a clone of the repository: pip install "./lab[train]"'
WEIGHTS = "model.safetensors"
"""What a base checkpoint has and a bundle for devices has not."""

Progress = Callable[[int, int, float], None]
"""Called after every step with the steps done, the steps in all, and the loss."""


def run(
    base: Path,
    train_data: str | os.PathLike[str],
    tasks: Sequence[str],
    epochs: int,
    learning_rate: float,
    *,
    output: str | os.PathLike[str] | None,
    progress: Progress | None,
) -> Path:
    """Calls `mm_lab.finetune.finetune`; see `MobileMultiModalLLM.finetune` for what fails."""
    try:
        lab = importlib.import_module("mm_lab.finetune")
    except ModuleNotFoundError as error:
        message = f"fine-tuning needs the package {error.name}, which is not installed"
        raise MobileMultiModalError("lab.missing", message, INSTALL) from error
    if not (base / WEIGHTS).is_file():
        hint = 'open the base checkpoint: from_pretrained("mobile-mm-llm-base")'
        raise MobileMultiModalError("finetune.not_a_base", f"{base} holds no weights that can be trained", hint)
    chosen = {} if output is None else {"output": Path(output)}
    # What the lab has to say meanwhile, for example that a task is left out, is for the person who waits.
    report = logging.getLogger("mobile_multimodal").warning
    try:
        return lab.finetune(
            Path(train_data), list(tasks), epochs, learning_rate, progress=progress, base=base, report=report, **chosen
        )
    except FileNotFoundError as error:
        hint = "the lab's README says what a folder of training data holds"
        raise MobileMultiModalError("finetune.no_data", str(error), hint) from error
    except ValueError as error:
        raise MobileMultiModalError("finetune.invalid", str(error)) from error
