"""Every form of a picture gives the same result, and what is no picture is refused by code."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import PICTURES
from PIL import Image

from mobile_multimodal import MobileMultiModalError, MobileMultiModalLLM

SIGN = PICTURES / "low-contrast.png"
"""A PNG: every decoder gives the same pixels, so that results must be equal."""


def texts(model: MobileMultiModalLLM, image: object) -> list[tuple[str, float]]:
    return [(region.text, region.confidence) for region in model.extract_text(image)]  # type: ignore[arg-type]


def code(model: MobileMultiModalLLM, image: object) -> str:
    with pytest.raises(MobileMultiModalError) as caught:
        model.open(image)  # type: ignore[arg-type]
    assert caught.value.message
    assert caught.value.hint
    assert str(caught.value).startswith(f"[{caught.value.code}] ")
    return caught.value.code


def test_every_form_of_a_picture_gives_the_same_result(model: MobileMultiModalLLM):
    expected = texts(model, SIGN)
    assert expected
    array = cv2.imread(str(SIGN))
    assert array is not None
    data = SIGN.read_bytes()
    strided = np.zeros((array.shape[0], array.shape[1] * 2, 3), np.uint8)
    strided[:, ::2] = array
    forms = {
        "str": str(SIGN),
        "bytes": data,
        "bytearray": bytearray(data),
        "memoryview": memoryview(data),
        "picture": model.open(SIGN),
        "BGR array": array,
        "array with gaps": strided[:, ::2],
        "array in column order": np.asfortranarray(array),
        "BGRA array": cv2.cvtColor(array, cv2.COLOR_BGR2BGRA),
        "RGB array turned around": np.asarray(Image.open(SIGN).convert("RGB"))[:, :, ::-1],
        "PIL": Image.open(SIGN),
        "PIL RGBA": Image.open(SIGN).convert("RGBA"),
    }
    for name, image in forms.items():
        assert texts(model, image) == expected, name


def test_grey_in_every_form(model: MobileMultiModalLLM):
    array = cv2.imread(str(PICTURES / "page.png"), cv2.IMREAD_GRAYSCALE)
    assert array is not None
    expected = texts(model, cv2.cvtColor(array, cv2.COLOR_GRAY2BGR))
    assert expected
    assert texts(model, array) == expected
    assert texts(model, array[:, :, None]) == expected
    assert texts(model, Image.fromarray(array)) == expected


def test_transparency_shows_white_whatever_the_form(model: MobileMultiModalLLM):
    """Black words on nothing: black on black if transparency were ignored."""
    grey = cv2.imread(str(PICTURES / "page.png"), cv2.IMREAD_GRAYSCALE)
    assert grey is not None
    bgra = np.zeros((*grey.shape, 4), np.uint8)
    bgra[:, :, 3] = 255 - grey
    ok, encoded = cv2.imencode(".png", bgra)
    assert ok
    expected = texts(model, encoded.tobytes())
    assert len(expected) > 2
    assert texts(model, bgra) == expected
    assert texts(model, Image.open(BytesIO(encoded.tobytes()))) == expected


def test_the_cameras_rotation_is_applied_to_pil_pictures_too(model: MobileMultiModalLLM):
    turned = Image.open(PICTURES / "page.png").convert("RGB").rotate(90, expand=True)
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned by 90 degrees clockwise
    data = BytesIO()
    turned.save(data, "PNG", exif=exif)
    upright = Image.open(PICTURES / "page.png").size
    assert model.open(data.getvalue()).size == upright
    assert model.open(Image.open(data)).size == upright
    assert texts(model, Image.open(data)) == texts(model, data.getvalue())


def test_what_is_no_picture_is_refused_by_code(model: MobileMultiModalLLM, tmp_path: Path):
    text = tmp_path / "note.txt"
    text.write_text("just words, no picture at all")
    photo = (PICTURES / "rocket.jpg").read_bytes()
    assert code(model, tmp_path / "missing.jpg") == "file.unreadable"
    assert code(model, tmp_path) == "file.unreadable"
    assert code(model, text) == "image.unsupported_format"
    assert code(model, b"") == "image.empty"
    assert code(model, photo[: len(photo) // 2]) == "image.corrupt"
    assert code(model, cv2.imread(str(tmp_path / "missing.jpg"))) == "image.unsupported_type"
    assert code(model, 42) == "image.unsupported_type"
    assert code(model, Image.new("I", (8, 8))) == "image.unsupported_type"


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((8, 8, 3), np.float32),
        np.zeros((8, 8, 3), np.uint16),
        np.zeros((8, 8), bool),
        np.zeros((8, 8, 2), np.uint8),
        np.zeros((1, 8, 8, 3), np.uint8),
        np.zeros(64, np.uint8),
        np.zeros((0, 8, 3), np.uint8),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_arrays_that_are_no_pictures_are_refused_by_code(model: MobileMultiModalLLM, array: np.ndarray):
    assert code(model, array) == "image.unsupported_array"


def test_an_array_over_the_limits_is_refused(model: MobileMultiModalLLM):
    assert code(model, np.zeros((1, 16_385), np.uint8)) == "image.too_large"
    # Takes no memory: one byte, repeated by strides of 0.
    assert code(model, np.broadcast_to(np.uint8(0), (40_000, 40_000, 3))) == "image.too_large"


def test_a_name_that_is_not_unicode_is_refused_by_code(model: MobileMultiModalLLM):
    assert code(model, b"photo-\xff.jpg".decode("utf-8", "surrogateescape")) == "text.not_unicode"
