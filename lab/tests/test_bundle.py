import json

import pytest

from mm_lab.bundle import BundleInfo, BundlePart, read_manifest, sha256_hex, write_manifest, write_part

INFO = BundleInfo(name="tiny", version="0.1.0", description="A test.")


def part(name: str, license_: str, path: str, data: bytes) -> BundlePart:
    return BundlePart(name=name, license=license_, files={path: (name, data)}, models={name: {"input": "x"}})


def test_parts_are_written_one_at_a_time_and_in_any_order(tmp_path):
    reading, seeing = part("ocr", "Apache-2.0", "ocr.onnx", b"r"), part("vision", "MIT", "vision.onnx", b"v")
    for folder, parts in ((tmp_path / "a", [reading, seeing]), (tmp_path / "b", [seeing, reading, seeing])):
        for one in parts:
            write_part(folder, INFO, one)
    assert (tmp_path / "a/manifest.json").read_bytes() == (tmp_path / "b/manifest.json").read_bytes()
    manifest = read_manifest(tmp_path / "a")
    assert manifest["license"] == "Apache-2.0 AND MIT"
    assert manifest["files"] == [
        {"path": "ocr.onnx", "role": "ocr", "bytes": 1, "sha256": sha256_hex(b"r")},
        {"path": "vision.onnx", "role": "vision", "bytes": 1, "sha256": sha256_hex(b"v")},
    ]


def test_a_part_that_changes_drops_its_old_files_models_and_the_metrics(tmp_path):
    write_part(tmp_path, INFO, part("ocr", "MIT", "old.onnx", b"1"))
    manifest = read_manifest(tmp_path)
    manifest["metrics"] = {"word_f1": 0.8}
    write_manifest(tmp_path, manifest)
    write_part(tmp_path, INFO, part("ocr", "MIT", "old.onnx", b"1"))
    assert read_manifest(tmp_path)["metrics"] == {"word_f1": 0.8}
    write_part(tmp_path, INFO, part("ocr", "MIT", "new.onnx", b"2"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["manifest.json", "new.onnx"]
    assert read_manifest(tmp_path)["metrics"] == {}


def test_two_parts_may_not_own_one_file(tmp_path):
    write_part(tmp_path, INFO, part("ocr", "MIT", "same.onnx", b"1"))
    with pytest.raises(ValueError, match=r"same\.onnx already belongs"):
        write_part(tmp_path, INFO, part("vision", "MIT", "same.onnx", b"2"))


def test_a_newer_manifest_is_refused(tmp_path):
    (tmp_path / "manifest.json").write_text(json.dumps({"schema": 2}))
    with pytest.raises(ValueError, match="schema 2"):
        read_manifest(tmp_path)
