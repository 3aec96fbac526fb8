"""Writes every step of reading two small drawn pictures, for the app's own pipeline to be held against.

Lossless pictures (PNG) hold bytes; `.npy` files hold floats, cut to a window [y, x, height, width] where the whole is
large; `index.json` holds the small numbers and says where each window lies. The probability map is stored in 8 bits,
and the quads are those of the stored map, so that post-processing can be replayed exactly.
"""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from mm_lab.ocr import geometry
from mm_lab.ocr.reader import Reader
from mm_lab.ocr.recognizer import split_words
from mm_lab.ocr.types import Image, Word

DETECTOR_WINDOW = (40, 12, 48, 80)  # y, x, height, width
LINE_WINDOW = (0, 0, 48, 64)


def draw_sign() -> Image:
    """A tilted sign of three lines: 330 x 210 pixels, neither side a multiple of 32."""
    sheet = Picture.new("RGB", (330, 210), (206, 214, 196))
    draw = ImageDraw.Draw(sheet)
    draw.text((40, 40), "OPEN DAILY", font=ImageFont.load_default(38), fill=(24, 30, 72))
    draw.text((44, 100), "9 am to 5:30 pm", font=ImageFont.load_default(26), fill=(96, 24, 30))
    draw.text((44, 146), "Books & Maps", font=ImageFont.load_default(22), fill=(20, 20, 20))
    return _to_bgr(sheet.rotate(7, Picture.Resampling.BICUBIC, fillcolor=(206, 214, 196)))


def draw_strip() -> Image:
    """One line that runs downwards: 96 x 300 pixels."""
    sheet = Picture.new("RGB", (300, 96), (250, 244, 230))
    draw = ImageDraw.Draw(sheet)
    draw.text((24, 24), "PLATFORM 12", font=ImageFont.load_default(36), fill=(0, 60, 40))
    return _to_bgr(sheet.transpose(Picture.Transpose.ROTATE_270))


DRAWINGS = {"sign": draw_sign, "strip": draw_strip}


def write_reference(bundle: Path, out: Path) -> None:
    """Run the reference pipeline on both drawings and write each step below `out`."""
    reader = Reader(bundle, threads=1)
    out.mkdir(parents=True, exist_ok=True)
    cases = [_write_case(reader, name, draw(), out) for name, draw in DRAWINGS.items()]
    text = json.dumps({"bundle": bundle.name, "color_order": "RGB in every PNG", "cases": cases}, indent=1)
    (out / "index.json").write_text(text + "\n", encoding="utf-8")


def _write_case(reader: Reader, name: str, image: Image, out: Path) -> dict[str, Any]:
    detector, recognizer = reader.detector, reader.recognizer
    height, width = image.shape[:2]
    max_side = reader.max_side
    size = detector.input_size(width, height, max_side)
    _png(out / f"{name}.png", image)
    _png(out / f"{name}-resized.png", np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), np.uint8))
    tensor = detector.prepare(image, max_side)
    _npy(out / f"{name}-detector-input.npy", _window(tensor[0], DETECTOR_WINDOW))
    probability = detector.probabilities(tensor)
    _npy(out / f"{name}-probability.npy", _window(probability, DETECTOR_WINDOW))
    stored = np.rint(probability * 255).astype(np.uint8)
    stored[stored == round(detector.settings["threshold"] * 255)] -= 1  # no value on the threshold: no rounding decides
    _png(out / f"{name}-probability.png", stored)
    found = detector.quads(stored.astype(np.float32) / np.float32(255), width, height)

    lines: list[dict[str, Any]] = []
    for index, one in enumerate(found):
        stem = f"{name}-line{index}"
        crop, turned = geometry.crop(image, one.quad)
        line_input, filled = recognizer.prepare(crop)
        probabilities = recognizer.probabilities(line_input)
        line = recognizer.decode(probabilities, filled / line_input.shape[-1])
        _png(out / f"{stem}-crop.png", crop)
        _npy(out / f"{stem}-input.npy", _window(line_input[0], LINE_WINDOW))
        _npy(out / f"{stem}-probabilities.npy", probabilities)
        lines.append(
            {
                "quad": one.quad.tolist(),
                "score": one.score,
                "crop": f"{stem}-crop.png",
                "turned": turned,
                "input": {"file": f"{stem}-input.npy", "shape": list(line_input.shape), "window": LINE_WINDOW},
                "filled_width": filled,
                "probabilities": f"{stem}-probabilities.npy",
                "classes": probabilities.argmax(axis=1).tolist(),
                "text": line.text,
                "confidence": line.confidence,
                "positions": line.positions,
                "words": [_word(word) for word in split_words(line, one.quad, turned)],
            }
        )
    return {
        "image": f"{name}.png",
        "width": width,
        "height": height,
        "max_side": max_side,
        "resized": {"file": f"{name}-resized.png", "width": size[0], "height": size[1]},
        "detector_input": {
            "file": f"{name}-detector-input.npy",
            "shape": list(tensor.shape),
            "window": DETECTOR_WINDOW,
        },
        "probability": {
            "bytes": f"{name}-probability.png",
            "file": f"{name}-probability.npy",
            "window": DETECTOR_WINDOW,
        },
        "lines": lines,
    }


def _word(word: Word) -> dict[str, Any]:
    return {"text": word.text, "quad": word.quad.tolist()}


def _window(array: NDArray[np.float32], window: tuple[int, int, int, int]) -> NDArray[np.float32]:
    y, x, height, width = window
    return array[..., y : y + height, x : x + width]


def _to_bgr(picture: Picture.Image) -> Image:
    return np.ascontiguousarray(np.asarray(picture, dtype=np.uint8)[..., ::-1])


def _png(path: Path, image: NDArray[np.uint8]) -> None:
    if not cv2.imwrite(str(path), image, [cv2.IMWRITE_PNG_COMPRESSION, 9]):
        raise OSError(f"cannot write {path}")


def _npy(path: Path, array: NDArray[np.float32]) -> None:
    np.save(path, np.ascontiguousarray(array, dtype=np.float32), allow_pickle=False)
