"""The bundle folder and its `manifest.json`.

A bundle is made of parts (text reading, captions, ...). Each part owns its files, model settings and provenance;
writing one part leaves the others as they are, so parts can be rebuilt one at a time, in any order.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SCHEMA = 1
MANIFEST = "manifest.json"
CONFIDENCE = "confidence"
"""Key of the fitted confidence among the model settings; it belongs to no part."""
_CONFIDENCE_ROLES = ("vision", "decoder", "text", "tokenizer")
_TEXT_ROLES = ("license", "notice", "card")


@dataclass(frozen=True)
class BundleInfo:
    """What the whole bundle is called."""

    name: str
    version: str
    description: str


@dataclass(frozen=True)
class BundlePart:
    """One part of a bundle.

    `files` maps a path inside the bundle to (role, bytes); `models` maps a model's role to its settings in the
    manifest; `license` is an SPDX expression for everything in the part.
    """

    name: str
    license: str
    files: dict[str, tuple[str, bytes]]
    models: dict[str, dict[str, Any]]
    provenance: dict[str, Any] = field(default_factory=dict[str, Any])


def sha256_hex(data: bytes) -> str:
    """SHA-256 of `data` in lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of `folder`, or an empty one when the folder has none yet."""
    path = folder / MANIFEST
    if not path.exists():
        return {"schema": SCHEMA, "files": [], "models": {}, "provenance": {}, "metrics": {}}
    manifest = json.loads(path.read_text(encoding="utf-8"))
    if manifest.get("schema") != SCHEMA:
        raise ValueError(f"{path}: schema {manifest.get('schema')!r}, this program writes schema {SCHEMA}")
    return manifest


def write_part(folder: Path, info: BundleInfo, part: BundlePart) -> dict[str, Any]:
    """Write one part's files into `folder`, replace that part in the manifest and return the manifest.

    Files the part owned before and no longer has are deleted. Metrics are dropped when any bytes change.
    """
    old = read_manifest(folder)
    owned = set(old["provenance"].get(part.name, {}).get("files", []))
    entries = {entry["path"]: entry for entry in old["files"] if entry["path"] not in owned}
    clash = sorted(entries.keys() & part.files.keys())
    if clash:
        raise ValueError(f"{clash[0]} already belongs to another part of the bundle")

    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(owned - part.files.keys()):
        (folder / path).unlink(missing_ok=True)
    for path, (role, data) in part.files.items():
        (folder / path).write_bytes(data)
        entries[path] = {"path": path, "role": role, "bytes": len(data), "sha256": sha256_hex(data)}

    old_models = {role for role, owner in _model_owners(old).items() if owner == part.name}
    models = {role: settings for role, settings in old["models"].items() if role not in old_models} | part.models
    provenance = dict(old["provenance"])
    provenance[part.name] = {
        "license": part.license,
        "files": sorted(part.files),
        "models": sorted(part.models),
        **part.provenance,
    }
    if _hashes(old["files"], _CONFIDENCE_ROLES) != _hashes(list(entries.values()), _CONFIDENCE_ROLES):
        models.pop(CONFIDENCE, None)  # fitted to other weights
        provenance.pop(CONFIDENCE, None)
    same_bytes = {e["sha256"] for e in old["files"]} >= {e["sha256"] for e in entries.values()}
    manifest = {
        "schema": SCHEMA,
        "name": info.name,
        "version": info.version,
        "license": join_licenses([part["license"] for part in provenance.values() if "license" in part]),
        "description": info.description,
        "files": [entries[path] for path in sorted(entries)],
        "models": dict(sorted(models.items())),
        "provenance": dict(sorted(provenance.items())),
        "metrics": old["metrics"] if same_bytes else {},
    }
    write_manifest(folder, manifest)
    return manifest


def join_licenses(expressions: Iterable[str]) -> str:
    """One SPDX expression that asks for all of them, each licence once."""
    return " AND ".join(sorted({one for expression in expressions for one in expression.split(" AND ")}))


def check_files(folder: Path) -> None:
    """Compare every file with its hash in the manifest; the first that differs is an error that names it."""
    if not (folder / MANIFEST).exists():
        raise FileNotFoundError(f"{folder} has no {MANIFEST}")
    for entry in read_manifest(folder)["files"]:
        path = folder / entry["path"]
        if not path.exists():
            raise FileNotFoundError(f"{path} is missing; fetch the folder again")
        if sha256_hex(path.read_bytes()) != entry["sha256"]:
            raise ValueError(f"{path} is damaged: its SHA-256 is not that of the manifest; fetch it again")


def bundle_digest(folder: Path) -> str:
    """What a measurement of the bundle depends on: its files and model settings, not its other texts."""
    manifest = read_manifest(folder)
    files = sorted((e["role"], e["sha256"]) for e in manifest["files"] if e["role"] not in _TEXT_ROLES)
    return sha256_hex(json.dumps([files, manifest["models"]], sort_keys=True).encode())


def set_confidence(folder: Path, confidence: dict[str, Any], provenance: dict[str, Any]) -> dict[str, Any]:
    """Write the fitted confidence into the manifest and return it. Metrics are dropped: they were of the old one."""
    manifest = read_manifest(folder)
    manifest["models"] = dict(sorted({**manifest["models"], CONFIDENCE: confidence}.items()))
    manifest["provenance"] = dict(sorted({**manifest["provenance"], CONFIDENCE: provenance}.items()))
    manifest["metrics"] = {}
    write_manifest(folder, manifest)
    return manifest


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Write `manifest` in the one form that is stable to the byte."""
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8", newline="\n")


def _hashes(files: list[dict[str, Any]], roles: tuple[str, ...]) -> set[str]:
    return {entry["sha256"] for entry in files if entry["role"] in roles}


def _model_owners(manifest: dict[str, Any]) -> dict[str, str]:
    return {role: name for name, part in manifest["provenance"].items() for role in part.get("models", [])}
