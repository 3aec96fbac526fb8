"""Fine-tuning of the base checkpoint on a person's own photos, as the SDK and ``mm-lab finetune`` offer it."""

from mm_lab.finetune.run import FinetuneSettings, finetune

__all__ = ["FinetuneSettings", "finetune"]
