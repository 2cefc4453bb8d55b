# ruff: noqa: INP001 - a script, not a module
"""Fetch the pinned builds of GraphiQL and what it stands on from npm into the package.

    python tools/update_graphiql.py

Needs `npm` on the path. To take a newer version, change `PINNED`, run this,
look at the page in a browser, and commit what changed. The files go to
`kernel/synthetic/graphql/static/graphiql`, their licences beside them, and
`manifest.json` says where each came from and which bytes it must have; a test
holds the files to it.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "kernel/synthetic/graphql/static/graphiql"


@dataclass(frozen=True)
class Pinned:
    """A package on npm, and what is taken from it: from the path in it to our file name."""

    name: str
    version: str
    files: dict[str, str]
    licence_file: str = "LICENSE"


PINNED = (
    Pinned(
        "graphiql",
        "3.9.0",
        {"graphiql.min.js": "graphiql.min.js", "graphiql.min.css": "graphiql.min.css"},
    ),
    Pinned("react", "18.3.1", {"umd/react.production.min.js": "react.production.min.js"}),
    Pinned("react-dom", "18.3.1", {"umd/react-dom.production.min.js": "react-dom.production.min.js"}),
    Pinned("graphql-ws", "5.16.2", {"umd/graphql-ws.min.js": "graphql-ws.min.js"}, "LICENSE.md"),
)


def fetch(pinned: Pinned, folder: Path) -> list[dict[str, str]]:
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
        licence_file = f"licences/{pinned.name}.txt"
        (TARGET / "licences").mkdir(exist_ok=True)
        (TARGET / licence_file).write_bytes(member(pinned.licence_file))
        entries: list[dict[str, str]] = []
        for path, file in pinned.files.items():
            # A source map is not shipped, so browsers must not look for it.
            lines = member(path).splitlines(keepends=True)
            content = b"".join(line for line in lines if not line.startswith(b"//# sourceMappingURL="))
            (TARGET / file).write_bytes(content)
            entries.append(
                {
                    "file": file,
                    "package": pinned.name,
                    "version": pinned.version,
                    "path": path,
                    "licence": licence,
                    "licenceFile": licence_file,
                    "sha256": hashlib.sha256(content).hexdigest(),
                }
            )
        return entries


def main() -> None:
    """Fetch everything and write the manifest."""
    entries: list[dict[str, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        for pinned in PINNED:
            entries += fetch(pinned, Path(folder))
    (TARGET / "manifest.json").write_text(json.dumps({"files": entries}, indent=2) + "\n")
    sys.stdout.write(f"{len(entries)} files written to {TARGET}\n")


if __name__ == "__main__":
    main()
