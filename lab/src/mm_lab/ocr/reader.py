"""The reference pipeline: the bundle's two models in NumPy, OpenCV and ONNX Runtime, as the app computes them."""

import json
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

from mm_lab.bundle import read_manifest
from mm_lab.ocr import geometry
from mm_lab.ocr.detector import Detector
from mm_lab.ocr.recognizer import Recognizer, split_words
from mm_lab.ocr.types import Image, Region


class Reader:
    """Reads the text of pictures."""

    def __init__(self, bundle: Path, *, threads: int = 2) -> None:
        manifest = read_manifest(bundle)
        paths = {entry["role"]: bundle / entry["path"] for entry in manifest["files"]}
        characters = json.loads(paths["ocr-characters"].read_text(encoding="utf-8"))
        models = manifest["models"]
        self.detector = Detector(session(paths["ocr-detector"], threads), models["ocr-detector"])
        self.recognizer = Recognizer(session(paths["ocr-recognizer"], threads), models["ocr-recognizer"], characters)

    @property
    def max_side(self) -> int:
        """Longest side the detector sees."""
        return self.detector.settings["max_side"]

    def read(self, image: Image, max_side: int) -> list[Region]:
        """Lines of text in `image`, in the order the detector gives them."""
        quads = [found.quad for found in self.detector.find(image, max_side)]
        crops = [geometry.crop(image, quad) for quad in quads]
        lines = [self.recognizer.read(picture) for picture, _ in crops]
        return [
            Region(line.text, quad, line.confidence, split_words(line, quad, turned))
            for line, quad, (_, turned) in zip(lines, quads, crops, strict=True)
            if line.confidence >= self.recognizer.settings["min_confidence"] and line.text.strip()
        ]

    def read_line(self, image: Image) -> str:
        """Text of a picture that is one line, without looking for text first."""
        return self.recognizer.read(image).text


def session(model: Path, threads: int) -> onnxruntime.InferenceSession:
    """A session on the CPU with `threads` threads inside an operator."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def load_image(path: Path) -> Image:
    """Decode a picture to blue-green-red bytes, without turning it by its EXIF orientation (as the quads expect)."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None:
        raise ValueError(f"{path} is not a picture OpenCV can decode")
    return np.ascontiguousarray(image, dtype=np.uint8)
