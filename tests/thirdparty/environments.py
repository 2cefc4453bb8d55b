"""Virtual environments in which Synthetic and plugins from outside are installed as wheels, as strangers do it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Generator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from synthetic.plugins.making import make_plugin, name_plugin

ROOT = Path(__file__).parents[2]
OUTSIDE = Path(__file__).parent / "outside"
DISTRIBUTIONS = ("fleet_review_digests", "fleet_hostile")
MADE = "made"
"""Beside an environment: the folder with the distribution that `synthetic plugins new reviews` makes."""

READY_SECONDS = 60.0

COMMANDS = """
import contextlib, io, json, sys
from synthetic.cli import main
results = []
for words in json.loads(sys.argv[1]):
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        code = main(words)
    results.append([code, output.getvalue(), errors.getvalue()])
json.dump(results, sys.stdout)
"""
"""Runs command lines one after the other in one interpreter, since starting one takes longer than most commands."""


BUILD = """
import os, sys
from hatchling.build import build_wheel
wheels, *distributions = sys.argv[1:]
os.makedirs(wheels, exist_ok=True)
for folder in distributions:
    os.chdir(folder)
    build_wheel(wheels)
"""
"""Builds a wheel of each of some folders, in one interpreter too."""


class Ended(NamedTuple):
    """A command that has ended."""

    code: int
    output: str
    errors: str

    def data(self) -> Any:
        """What it printed with `--json`; it must have succeeded."""
        assert self.code == 0, self.errors
        return json.loads(self.output)

    def error(self) -> dict[str, Any]:
        """The contract of the error with which it ended."""
        assert self.code != 0, self.output
        return json.loads(self.errors)


@dataclass(frozen=True)
class Environment:
    """A virtual environment."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def made(self) -> Path:
        """The folder of the distribution that Synthetic has made, and that is installed in it."""
        return next(self.folder.with_name(MADE).iterdir())

    @property
    def variables(self) -> dict[str, str]:
        """Those of this process, less what would let it import something else, and with no demand on the free disk."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV", "SYNTHETIC"))
        }
        return {**kept, "SYNTHETIC_DATABASE_FREE_DISK_BYTES": "0"}

    def run(self, *arguments: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run its interpreter to the end."""
        return subprocess.run(
            [str(self.python), *arguments],
            cwd=cwd or self.folder,
            env={**self.variables, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def commands(self, *lines: tuple[Path, str]) -> list[Ended]:
        """Run `synthetic` with each of some command lines, on the data directory before it, as JSON."""
        words = [[*line.split(), "--data", str(data), "--json"] for data, line in lines]
        done = self.run("-c", COMMANDS, json.dumps(words))
        assert done.returncode == 0, done.stderr
        return [Ended(*each) for each in json.loads(done.stdout)]

    @contextlib.contextmanager
    def serving(self, data: Path) -> Generator[tuple[str, dict[str, str]]]:
        """`synthetic serve` on a free port: the URL of `/graphql`, and what a client sends to be let in."""
        process = subprocess.Popen(
            [str(self.folder / "bin" / "synthetic"), "serve", "--data", str(data), "--port", "0"],
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        log: list[str] = []
        assert process.stdout is not None
        assert process.stderr is not None
        threads = [threading.Thread(target=log.extend, args=(process.stderr,), daemon=True)]
        threads[0].start()
        try:
            ready = next((line for line in process.stdout if line.startswith("ready ")), None)
            assert ready is not None, "".join(log)
            threads.append(threading.Thread(target=log.extend, args=(process.stdout,), daemon=True))
            threads[1].start()
            yield ready.split()[1], {"Authorization": f"Bearer {(data / 'token').read_text().strip()}"}
        finally:
            process.terminate()
            process.wait(READY_SECONDS)
            for thread in threads:
                thread.join(READY_SECONDS)
            process.stdout.close()
            process.stderr.close()


def shared_environment(root: Path) -> Environment:
    """The environment that all tests of a run share; whoever comes first makes it.

    What the wheels need comes from the environment of the tests, by a line on
    the path behind the wheels: nothing of Synthetic is found there, since an
    editable install is named by a file that such a line does not reach.
    """
    folder = root / "outside"
    with (root / "outside.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "whole").exists():
            shutil.rmtree(folder, ignore_errors=True)
            shutil.rmtree(folder.with_name(MADE), ignore_errors=True)
            _make(folder, "--no-index", "--no-deps")
            needed = sysconfig.get_path("purelib")
            (_site_packages(folder) / "needed.pth").write_text(f"{needed}\n")
            (folder / "whole").touch()
    return Environment(folder)


def fresh_environment(folder: Path) -> Environment:
    """An environment with nothing but the wheels, and what pip found for them."""
    return _make(folder, "-c", str(ROOT / "constraints.txt"), "pytest")


def _make(folder: Path, *options: str) -> Environment:
    wheels = folder.with_name(f"{folder.name}-wheels")
    made = make_plugin(name_plugin("reviews", None), folder.with_name(MADE))
    distributions = (ROOT, made, *(OUTSIDE / name for name in DISTRIBUTIONS))
    _must(sys.executable, "-c", BUILD, str(wheels), *map(str, distributions))
    has_pip = find_spec("pip") is not None
    _must(sys.executable, "-m", "venv", *(["--without-pip"] if has_pip else []), str(folder))
    pip = [sys.executable, "-m", "pip", "--python"] if has_pip else [str(folder / "bin" / "python"), "-m", "pip"]
    target = [str(folder / "bin" / "python")] if has_pip else []
    _must(*pip, *target, "install", "-q", "--disable-pip-version-check", *options, *map(str, wheels.glob("*.whl")))
    return Environment(folder)


def _site_packages(folder: Path) -> Path:
    return next((folder / "lib").glob("python*/site-packages"))


def _must(*words: str, cwd: Path | None = None) -> None:
    done = subprocess.run(words, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
