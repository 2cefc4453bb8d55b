"""A folder in which the scripts beside this file run: with the npm packages, and with the schema as it is exported."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from synthetic.testing import RunningServer
from tests.kernel.graphql.node_tools import _installed, _node

FOLDER = Path(__file__).parent
SECONDS = 120


class Workshop:
    """A copy of this folder that may be written to.

    Attributes:
        folder: Where it is.
    """

    def __init__(self, folder: Path) -> None:
        """Copy what is here, link the packages, and export the schema of a store in no directory."""
        self.folder = folder
        shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__", "package-lock.json"))
        (folder / "node_modules").symlink_to(_installed(FOLDER) / "node_modules")
        exported = self._run([sys.executable, "-m", "synthetic", "schema", "--data", str(folder / "no-store")])
        (folder / "schema.graphql").write_text(exported)

    def run_tool(self, name: str, *arguments: str) -> str:
        """What a program of a package prints; it must succeed."""
        return self._run([_node(), f"node_modules/.bin/{name}", *arguments])

    def compile_relay(self, language: str) -> list[str]:
        """Compile the operations in `relay/` for a language; the names of the artifacts."""
        target = self.folder / "relay" / language
        target.mkdir()
        said = self.run_tool("relay-compiler", f"relay.{language}.json")
        assert "ERROR" not in said, said
        assert "WARN" not in said, said
        return sorted(path.name for path in target.iterdir())

    def report_of(self, script: str, server: RunningServer) -> dict[str, Any]:
        """What a script has found out about a server."""
        return json.loads(self._run([_node(), script, server.url, server.token]))

    def _run(self, command: list[str]) -> str:
        path = f"{Path(_node()).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout
