"""Makes the text-reading part of the bundle from the published PP-OCRv6 models."""

import json
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import onnx

from mm_lab import onnx_graph
from mm_lab.bundle import BundleInfo, BundlePart, write_part
from mm_lab.ocr import settings
from mm_lab.ocr.prune import characters_of, class_count, latin_classes, prune_classes
from mm_lab.pinned_wheel import PinnedWheel
from mm_lab.weight_only import WeightForm, store_int8

INFO = BundleInfo(
    name="mobile-mm-llm-int2",
    version="0.1.0",
    description="Text reading for photos: PP-OCRv6 small detector and Latin recognizer with int8 weights.",
)

WHEEL = PinnedWheel(
    project="rapidocr",
    version="3.10.0",
    sha256="2fc34e26cd0f48514804a94f8832283039c7334076bff60768b1fed9ad068050",
)
DETECTOR_MEMBER = "rapidocr/models/PP-OCRv6_det_small.onnx"
RECOGNIZER_MEMBER = "rapidocr/models/PP-OCRv6_rec_small.onnx"
MEMBERS = {
    DETECTOR_MEMBER: "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
    RECOGNIZER_MEMBER: "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
}

LATIN_CLASSES = 369

_MODIFIED = "Modified from {name} of PaddleOCR (Apache-2.0); see NOTICE."


def import_ocr(folder: Path, *, wheel: Path | None = None, form: WeightForm = WeightForm.CAST_MUL) -> dict[str, Any]:
    """Fetch the published models, convert them, write them into the bundle `folder` and return its manifest."""
    return write_part(folder, INFO, ocr_part(WHEEL.read(MEMBERS, wheel), form))


def ocr_part(sources: dict[str, bytes], form: WeightForm = WeightForm.CAST_MUL) -> BundlePart:
    """Convert the published models (path in the wheel -> bytes) to the bundle's files."""
    detector = convert_detector(sources[DETECTOR_MEMBER], form)
    recognizer, characters = convert_recognizer(sources[RECOGNIZER_MEMBER], form)
    texts = resources.files("mm_lab.ocr") / "texts"
    files = {
        "LICENSE-PaddleOCR.txt": ("license", (texts / "LICENSE-PaddleOCR.txt").read_bytes()),
        "NOTICE": ("notice", (texts / "NOTICE").read_bytes()),
        "ocr-characters.json": ("ocr-characters", _json_bytes(characters)),
        "ocr-detector.onnx": ("ocr-detector", onnx_graph.serialize(detector)),
        "ocr-recognizer.onnx": ("ocr-recognizer", onnx_graph.serialize(recognizer)),
    }
    models = {
        "ocr-detector": {**_graph_names(detector), **settings.DETECTOR},
        "ocr-recognizer": {**_graph_names(recognizer), **settings.RECOGNIZER},
    }
    provenance = {
        "command": "mm-lab import-ocr",
        "source": {
            "package": WHEEL.project,
            "version": WHEEL.version,
            "sha256": WHEEL.sha256,
            "members": [{"path": path, "sha256": digest} for path, digest in sorted(MEMBERS.items())],
        },
        "tools": {name: metadata.version(name) for name in ("numpy", "onnx")},
    }
    return BundlePart(name="ocr", license="Apache-2.0", files=files, models=models, provenance=provenance)


def convert_detector(source: bytes, form: WeightForm) -> onnx.ModelProto:
    """Text detector: image [1, 3, height, width] -> text probability [1, 1, height, width]."""
    model = _load(source, form)
    store_int8(model, form=form)
    onnx_graph.strip(model, doc=_MODIFIED.format(name="PP-OCRv6_small_det"))
    onnx_graph.rename_dimensions(model.graph.input[0], ("batch", "", "height", "width"))
    onnx_graph.rename_dimensions(model.graph.output[0], ("batch", "one", "height", "width"))
    return model


def convert_recognizer(source: bytes, form: WeightForm) -> tuple[onnx.ModelProto, list[str]]:
    """Line recognizer: [batch, 3, 48, width] -> class probabilities [batch, steps, 369], and its characters."""
    model = _load(source, form)
    characters = characters_of(model)
    keep = latin_classes(characters)
    prune_classes(model, keep)
    if len(keep) != LATIN_CLASSES or class_count(model) != LATIN_CLASSES:
        raise ValueError(f"{len(keep)} Latin classes, expected {LATIN_CLASSES}: the source model changed")
    store_int8(model, form=form)
    onnx_graph.strip(model, doc=_MODIFIED.format(name="PP-OCRv6_small_rec"))
    onnx_graph.rename_dimensions(model.graph.input[0], ("batch", "", "", "width"))
    onnx_graph.rename_dimensions(model.graph.output[0], ("batch", "steps", ""))
    return model, [characters[index] for index in keep]


def _load(source: bytes, form: WeightForm) -> onnx.ModelProto:
    model = onnx.load_model_from_string(source)
    onnx_graph.constants_to_initializers(model)
    onnx_graph.remove_identities(model)
    if form is WeightForm.DEQUANTIZE:  # DequantizeLinear has an axis since opset 13
        model = onnx.version_converter.convert_version(model, 13)
        onnx_graph.constants_to_initializers(model)
    return model


def _graph_names(model: onnx.ModelProto) -> dict[str, Any]:
    return {"input": model.graph.input[0].name, "outputs": [output.name for output in model.graph.output]}


def _json_bytes(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=0) + "\n").encode()
