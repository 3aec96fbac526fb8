"""Licence and notice of everything trained here, as files that travel with the weights."""

from __future__ import annotations

from importlib import resources

# Trained on photos and captions released for research: no licence we could grant covers other uses.
LICENSE = "Apache-2.0 AND LicenseRef-research-data"

_ROLES = {
    "LICENSE-Apache-2.0.txt": "license",
    "LICENSE-research-data.txt": "license",
    "NOTICE-vision-language.txt": "notice",
}


def licence_files() -> dict[str, tuple[str, bytes]]:
    """Role and bytes by file name, as a bundle part holds them."""
    texts = resources.files("mm_lab.release") / "texts"
    return {name: (role, (texts / name).read_bytes()) for name, role in _ROLES.items()}
