"""What the documentation promises, as written there."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest
from conftest import PICTURES, ROOT

from mobile_multimodal import MobileMultiModalError, MobileMultiModalLLM

TEXTS = ("street-sign.jpg", "receipt.jpg", "page.png", "rotated-label.jpg")


@pytest.mark.parametrize("name", TEXTS)
def test_text_is_what_the_reference_says(model: MobileMultiModalLLM, name: str):
    expected = (PICTURES / f"{name}.txt").read_text("utf-8").strip()
    assert model.read_text(PICTURES / name).text.strip() == expected


def test_regions_read_as_dictionaries_and_as_attributes(model: MobileMultiModalLLM):
    page = model.read_text(PICTURES / "receipt.jpg")
    regions = model.extract_text(PICTURES / "receipt.jpg")
    assert len(regions) > 3
    for region, same in zip(regions, page.regions, strict=True):
        assert region == same
        assert region["text"] == region.text
        assert region["bbox"] == region.bbox
        assert len(region.bbox) == 4
        assert all(0 <= x <= page.width and 0 <= y <= page.height for x, y in region["bbox"])
        assert 0 < region["confidence"] <= 1
        assert " ".join(word["text"] for word in region.words) == region.text
    assert json.loads(json.dumps(page.as_dict()))["regions"][0]["words"][0]["text"] == regions[0].words[0].text
    with pytest.raises(KeyError):
        regions[0]["colour"]


def test_a_picture_without_text_has_no_regions(model: MobileMultiModalLLM):
    assert model.extract_text(PICTURES / "empty.jpg") == []


def python_blocks(path: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", path.read_text("utf-8"), re.DOTALL)


def test_the_published_quick_start_runs_as_written(speaking: MobileMultiModalLLM, tmp_path: Path):
    del speaking
    quick_start = python_blocks(ROOT / "crates" / "mm-ffi" / "README.md")[0]
    for name in re.findall(r'imread\("(.+?)"\)', quick_start):
        (tmp_path / name).write_bytes((PICTURES / "fire-engine.jpg").read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", quick_start], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) >= 3


def test_nothing_optional_and_no_network_is_needed(tmp_path: Path):
    """In a program of its own: neither NumPy, PIL nor onnxruntime is imported, and a socket would be an error."""
    program = f"""
import socket, sys
def refuse(*args, **kwargs): raise AssertionError("network")
socket.socket = socket.create_connection = socket.getaddrinfo = refuse
from mobile_multimodal import MobileMultiModalLLM
model = MobileMultiModalLLM.from_pretrained("mobile-mm-llm-int2")
assert model.extract_text({str(PICTURES / "street-sign.jpg")!r})
heavy = {{"numpy", "PIL", "onnxruntime", "cv2"}} & set(sys.modules)
assert not heavy, heavy
"""
    environment = {key: value for key, value in os.environ.items() if key not in {"ORT_DYLIB_PATH", "MM_MODELS"}}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_bundle_is_the_one_in_the_wheel(model: MobileMultiModalLLM):
    info = model.info()
    manifest = json.loads((ROOT / "models" / "mobile-mm-llm-int2" / "manifest.json").read_text("utf-8"))
    assert (info.name, info.version, info.license) == (manifest["name"], manifest["version"], manifest["license"])
    assert info.bundle_bytes == sum(file["bytes"] for file in manifest["files"]) <= 35_000_000
    assert Path(info.path).is_relative_to(sys.prefix)
    assert {"read_text"} <= set(info.tasks)
    assert (info.threads, info.provider, info.notices) == (2, "auto", [])
    assert "Build Info" in info.runtime


def finetune_code(model: MobileMultiModalLLM, folder: Path) -> str:
    with pytest.raises(MobileMultiModalError) as caught:
        model.finetune(train_data=folder, tasks=["captioning", "ocr"], epochs=10, learning_rate=1e-4)
    assert caught.value.hint
    return caught.value.code


def test_finetune_says_what_to_install(model: MobileMultiModalLLM, tmp_path: Path):
    assert finetune_code(model, tmp_path) == "lab.missing"


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """Stands for the lab, which is not installed here; remembers what it is asked."""
    asked: list[dict[str, object]] = []

    def finetune(train_data: Path, tasks: Sequence[str], epochs: int, learning_rate: float, **options: object) -> Path:
        if not (train_data / "train.csv").exists():
            raise FileNotFoundError(f"{train_data} holds no training data")
        asked.append({"tasks": tasks, "epochs": epochs, "learning_rate": learning_rate, **options})
        return Path("model.pt")

    module = ModuleType("mm_lab.finetune")
    module.finetune = finetune  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mm_lab", ModuleType("mm_lab"))
    monkeypatch.setitem(sys.modules, "mm_lab.finetune", module)
    return asked


def test_finetune_hands_over_to_the_lab(
    model: MobileMultiModalLLM, lab: list[dict[str, object]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert finetune_code(model, tmp_path) == "finetune.not_a_base"
    base = tmp_path / "mobile-mm-llm-base"
    base.mkdir()
    weights = b"weights"
    (base / "model.safetensors").write_bytes(weights)
    digest = hashlib.sha256(weights).hexdigest()
    entry = {"path": "model.safetensors", "role": "weights", "bytes": len(weights), "sha256": digest}
    manifest = {"schema": 1, "name": base.name, "version": "1", "license": "MIT", "files": [entry]}
    (base / "manifest.json").write_text(json.dumps(manifest))
    monkeypatch.setenv("MM_MODELS", str(tmp_path))
    opened = MobileMultiModalLLM.from_pretrained("mobile-mm-llm-base")
    assert opened.info().tasks == []
    assert finetune_code(opened, tmp_path) == "finetune.no_data"
    (tmp_path / "train.csv").touch()
    result = opened.finetune(train_data=tmp_path, tasks=["captioning", "ocr"], epochs=10, learning_rate=1e-4)
    assert result == Path("model.pt")
    assert lab[0] | {"report": None} == {
        "tasks": ["captioning", "ocr"],
        "epochs": 10,
        "learning_rate": 1e-4,
        "progress": None,
        "base": base,
        "report": None,
    }
