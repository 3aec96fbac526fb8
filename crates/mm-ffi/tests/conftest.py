"""The tests run against the installed wheel, on the pictures of the repository."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import mobile_multimodal
from mobile_multimodal import MobileMultiModalLLM

ROOT = Path(__file__).resolve().parents[3]
PICTURES = ROOT / "tests" / "golden" / "ocr"
TINY = ROOT / "crates" / "mm-core" / "tests" / "fixtures" / "tiny"


def pytest_configure() -> None:
    installed = Path(mobile_multimodal.__file__)
    assert installed.is_relative_to(sys.prefix), f"not the installed wheel: {installed}"


@pytest.fixture(scope="session")
def model() -> MobileMultiModalLLM:
    return MobileMultiModalLLM.from_pretrained("mobile-mm-llm-int2", threads=2)


@pytest.fixture(scope="session")
def speaking(model: MobileMultiModalLLM) -> MobileMultiModalLLM:
    """The packed bundle, where it does more than read text: decided by the repository's, so that a gap is an error."""
    manifest = json.loads((ROOT / "models" / "mobile-mm-llm-int2" / "manifest.json").read_text("utf-8"))
    if "vision" not in manifest["models"]:
        pytest.skip("the packed bundle reads text only")
    return model
