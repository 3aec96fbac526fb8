"""The base checkpoint: a float model as fp16 safetensors, to fine-tune from. Nothing in it is executable.

A folder with ``model.safetensors`` (tensors ``network.*`` and ``trunk.*``), ``config.json``, ``vocabulary.json``,
the licences and a ``manifest.json`` with the hash of each.
"""

from __future__ import annotations

import dataclasses
import json
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from mm_lab.bundle import BundleInfo, BundlePart, check_files, write_part
from mm_lab.data.vocabulary import Vocabulary
from mm_lab.model.network import Network, NetworkConfig
from mm_lab.release.licences import LICENSE, licence_files
from mm_lab.train.checkpoint import Model, load_model

MAX_BYTES = 45_000_000
_WEIGHTS, _CONFIG, _WORDS = "model.safetensors", "config.json", "vocabulary.json"
_INFO = BundleInfo(
    name="mobile-mm-llm-base",
    version="0.3.0",
    description="Float checkpoint of the captioning model, to fine-tune from.",
)


def write_base(checkpoint: Path, folder: Path) -> dict[str, Any]:
    """Entry point of ``mm-lab release base``: writes the folder and returns its manifest."""
    model = load_model(checkpoint)
    if model.two_bit:
        raise ValueError(f"{checkpoint} is a two-bit model; the base is made from the float model it started as")
    part = BundlePart("base", LICENSE, base_files(model), {}, _provenance(model))
    size = sum(len(data) for _, data in part.files.values())
    if size > MAX_BYTES:
        raise ValueError(f"the base checkpoint has {size:,} bytes, the limit is {MAX_BYTES:,}")
    return write_part(folder, _INFO, part)


def base_files(model: Model) -> dict[str, tuple[str, bytes]]:
    """Role and bytes by name. The trunk is always included, so that no other package is needed to load it."""
    tensors = {f"network.{name}": tensor for name, tensor in model.network.state_dict().items()}
    tensors |= {f"trunk.{name}": tensor for name, tensor in model.open_trunk().state_dict().items()}
    # Counters of batch norm are integers; everything else is rounded to fp16.
    compact = {n: (t.half() if t.is_floating_point() else t).contiguous() for n, t in tensors.items()}
    return {
        _WEIGHTS: ("weights", save_tensors(compact)),
        _CONFIG: ("config", _json(dataclasses.asdict(model.network.config))),
        _WORDS: ("vocabulary", _json(model.vocabulary.entries)),
        **licence_files(),
    }


def load_base(folder: Path) -> Model:
    """The float model of a base checkpoint. A file that is missing or changed is an error that names it."""
    check_files(folder)
    config = NetworkConfig(**json.loads((folder / _CONFIG).read_text(encoding="utf-8")))
    tensors = {name: _float(tensor) for name, tensor in load_tensors((folder / _WEIGHTS).read_bytes()).items()}
    network = Network(config)
    network.load_state_dict(_below(tensors, "network."))
    words = json.loads((folder / _WORDS).read_text(encoding="utf-8"))
    return Model(network, Vocabulary(words), {"origin": folder.name}, _below(tensors, "trunk."))


def load_any(path: Path) -> Model:
    """A base folder or a training checkpoint (model.pt)."""
    return load_base(path) if path.is_dir() else load_model(path)


def _float(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor


def _below(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _provenance(model: Model) -> dict[str, Any]:
    return {
        "command": "mm-lab release base",
        "training": {k: v for k, v in model.notes.items() if isinstance(v, str | int | float)},
        "weights": "fp16",
        "trunk": "ImageNet weights" if model.trunk is None else "tuned",
        "tools": {name: metadata.version(name) for name in ("safetensors", "torch")},
    }


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=True, indent=0) + "\n").encode()
