"""Finds what the library needs beside itself: ONNX Runtime and the model bundles."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import platformdirs

LIBRARY_VARIABLE = "ORT_DYLIB_PATH"


def use_installed_runtime() -> None:
    """Points the core at the library inside the `onnxruntime` package, unless `$ORT_DYLIB_PATH` names another.

    The package itself is not imported, which would take longer than loading a model. Where there is none the core
    goes on looking in its own places and says so if it finds nothing.
    """
    if os.environ.get(LIBRARY_VARIABLE):
        return
    spec = importlib.util.find_spec("onnxruntime")
    if spec is None or spec.origin is None:
        return
    library = runtime_library(Path(spec.origin).parent / "capi", sys.platform)
    if library is not None:
        # The core reads the environment, when its first model is loaded. Child processes find the same library.
        os.environ[LIBRARY_VARIABLE] = str(library)


def runtime_library(folder: Path, platform: str) -> Path | None:
    """The runtime among the libraries in `folder`: the newest, and not one of its provider plugins."""
    pattern = {"win32": "onnxruntime.dll", "darwin": "libonnxruntime*.dylib"}.get(platform, "libonnxruntime.so*")
    found = sorted(path for path in folder.glob(pattern) if "_providers" not in path.name)
    return found[-1] if found else None


def app_data() -> str:
    """The user's data folder of this product; bundles lie in its `models`."""
    return platformdirs.user_data_dir("mobile-multimodal", appauthor=False)


def packed_models() -> list[str]:
    """The folder with the bundle that came with the wheel."""
    return [str(Path(__file__).parent / "models")]
