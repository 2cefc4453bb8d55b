# ruff: noqa: INP001 - beside scripts, not in a package
"""Takes pinned files out of npm packages and writes a manifest of them.

The scripts `update_graphiql.py` and `update_dashboard.py` say which. Needs
`npm` on the path. A manifest says where each file came from, under which
licence, and which bytes it must have; a test holds the files to it.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

SOURCE_MAP = re.compile(rb"^//# sourceMappingURL=.*\n?", re.MULTILINE)
"""A source map is not shipped, so browsers must not look for it."""


@dataclass(frozen=True)
class Pinned:
    """A package on npm, and what is taken from it.

    Attributes:
        name: On npm.
        version: Exactly.
        files: From the path in the package to our file name.
        licence_file: Its text, in the package.
        imports: What its modules import by bare names, which browsers do not know, and the file beside them that it is.
    """

    name: str
    version: str
    files: dict[str, str]
    licence_file: str = "LICENSE"
    imports: dict[str, str] = field(default_factory=dict[str, str])


def vendor(target: Path, packages: Sequence[Pinned]) -> None:
    """Write the files of packages, their licences and `manifest.json` to a folder.

    Raises:
        subprocess.CalledProcessError: npm has not got a package.
        FileNotFoundError: A package does not have a file.
    """
    entries: list[dict[str, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        for pinned in packages:
            entries += _fetch(target, pinned, Path(folder))
    (target / "manifest.json").write_text(json.dumps({"files": entries}, indent=2) + "\n")
    sys.stdout.write(f"{len(entries)} files written to {target}\n")


def _fetch(target: Path, pinned: Pinned, folder: Path) -> list[dict[str, str]]:
    """Write the files of one package; returns what the manifest says of them."""
    packed = subprocess.run(  # noqa: S603 - a fixed command with pinned names
        ["npm", "pack", "--silent", "--pack-destination", str(folder), f"{pinned.name}@{pinned.version}"],  # noqa: S607
        check=True,
        capture_output=True,
        text=True,
    )
    with tarfile.open(folder / packed.stdout.split()[-1]) as archive:

        def member(path: str) -> bytes:
            found = archive.extractfile(f"package/{path}")
            if found is None:
                raise FileNotFoundError(path)
            return found.read()

        licence = json.loads(member("package.json"))["license"]
        licence_file = f"licences/{pinned.name.removeprefix('@').replace('/', '-')}.txt"
        _write(target / licence_file, member(pinned.licence_file))
        entries: list[dict[str, str]] = []
        for path, file in pinned.files.items():
            content = _with_imports(SOURCE_MAP.sub(b"", member(path)), pinned.imports)
            _write(target / file, content)
            entries.append(
                {
                    "file": file,
                    "package": pinned.name,
                    "version": pinned.version,
                    "path": path,
                    "licence": licence,
                    "licenceFile": licence_file,
                    "sha256": hashlib.sha256(content).hexdigest(),
                    **({"imports": pinned.imports} if pinned.imports else {}),
                }
            )
        return entries


def _with_imports(content: bytes, imports: dict[str, str]) -> bytes:
    """A module that imports files beside it instead of bare names."""
    for name, file in imports.items():
        content = re.sub(rb'(\bfrom\s*)"%b"' % re.escape(name).encode(), rb'\1"./%b"' % file.encode(), content)
    return content


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
