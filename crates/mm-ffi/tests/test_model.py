"""Opening bundles, sharing a model between threads, and finding the runtime."""

from __future__ import annotations

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import PICTURES

from mobile_multimodal import MobileMultiModalError, MobileMultiModalLLM
from mobile_multimodal._locate import runtime_library


def opened(name: str | Path, **options: object) -> str:
    with pytest.raises(MobileMultiModalError) as caught:
        MobileMultiModalLLM.from_pretrained(name, **options)  # type: ignore[arg-type]
    return caught.value.code


def test_bundles_that_cannot_be_opened_are_errors_by_code(model: MobileMultiModalLLM, tmp_path: Path):
    assert opened("no-such-bundle") == "bundle.not_found"
    assert opened("mobile-mm-llm-int2", provider="gpu") == "runtime.provider_unavailable"
    bundle = tmp_path / "mobile-mm-llm-int2"
    shutil.copytree(model.info().path, bundle)
    (bundle / "stray.txt").write_text("x")
    assert opened(bundle) == "bundle.file_extra"
    (bundle / "stray.txt").unlink()
    detector = bundle / "ocr-detector.onnx"
    whole = detector.read_bytes()
    detector.write_bytes(whole[:-1])
    assert opened(bundle) == "bundle.checksum_mismatch"
    detector.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    damaged = MobileMultiModalLLM.from_pretrained(bundle)
    with pytest.raises(MobileMultiModalError) as caught:
        damaged.extract_text(PICTURES / "page.png")
    assert caught.value.code == "bundle.checksum_mismatch"
    (bundle / "manifest.json").write_text("{}")
    assert opened(bundle) == "bundle.manifest_invalid"


def test_a_folder_of_ones_own_comes_before_the_packed_bundle(
    model: MobileMultiModalLLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shutil.copytree(model.info().path, tmp_path / "mobile-mm-llm-int2")
    monkeypatch.setenv("MM_MODELS", str(tmp_path))
    found = MobileMultiModalLLM.from_pretrained("mobile-mm-llm-int2").info().path
    assert Path(found) == tmp_path / "mobile-mm-llm-int2"


def test_threads_share_a_model(model: MobileMultiModalLLM):
    names = ["street-sign.jpg", "page.png", "low-contrast.png", "empty.jpg"]
    alone = {name: model.read_text(PICTURES / name).text for name in names}
    assert len(set(alone.values())) == len(names)
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda name: model.read_text(PICTURES / name).text, names * 3))
    assert together == [alone[name] for name in names * 3]


def test_without_a_runtime_the_error_says_what_to_install(tmp_path: Path):
    program = """
import os
os.environ["ORT_DYLIB_PATH"] = "no-such-library"
from mobile_multimodal import MobileMultiModalError, MobileMultiModalLLM
model = MobileMultiModalLLM.from_pretrained()
try:
    model.info()
except MobileMultiModalError as error:
    print(error.code, error.hint)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.startswith("runtime.library_missing install onnxruntime")


@pytest.mark.parametrize(
    ("platform", "names", "expected"),
    [
        ("linux", ["libonnxruntime.so.1.31.0", "libonnxruntime.so.1.32.0"], "libonnxruntime.so.1.32.0"),
        ("linux", ["libonnxruntime_providers_shared.so", "onnxruntime_pybind11_state.so"], None),
        (
            "darwin",
            ["libonnxruntime.1.32.0.dylib", "libonnxruntime_providers_shared.dylib"],
            "libonnxruntime.1.32.0.dylib",
        ),
        ("win32", ["onnxruntime.dll", "onnxruntime_providers_shared.dll"], "onnxruntime.dll"),
    ],
)
def test_the_runtime_is_found_by_its_name_on_each_system(
    tmp_path: Path, platform: str, names: list[str], expected: str | None
):
    for name in names:
        (tmp_path / name).touch()
    found = runtime_library(tmp_path, platform)
    assert (found.name if found else None) == expected
