"""The README as a new user reads it: its commands are run in a copy of the repository, and print what it says."""

from __future__ import annotations

import doctest
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
SAME = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
PORT_TAKEN = "the tour's server listens on the port that the README names"


def marked(name: str) -> str:
    """The command between two markers."""
    found = re.search(rf"<!-- {name} -->\n```sh\n(.*?)\n```\n<!-- /{name} -->", README, re.DOTALL)
    assert found, name
    return found[1]


def console_blocks() -> Iterator[tuple[str, str]]:
    """Each command of the tour, with what it prints."""
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            here = re.search(r"<<'(\w+)'", command)
            if here:
                body, _, output = output.partition(f"\n{here[1]}\n")
                command = f"{command}\n{body}\n{here[1]}"
            yield command, output


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a new user has: the files that git keeps, as they are now."""
    target = tmp_path_factory.mktemp("readme") / "synthetic"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        source = ROOT / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(source.read_bytes())
    return target


@pytest.fixture(scope="module")
def served(clone: Path) -> Iterator[Path]:
    """The clone, with the install command running in it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SYNTHETIC", "COV"))}
    server = subprocess.Popen(
        ["bash", "-euc", marked("install-command")],
        cwd=clone, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True, env=environment,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        printed: list[str] = []
        for line in server.stdout:
            printed.append(line)
            if line.startswith("ready "):
                break
        else:
            if "ADDRESS" in "".join(printed):
                pytest.skip(PORT_TAKEN)
        assert printed[-1].startswith("ready http://127.0.0.1:8787/graphql"), "".join(printed)
        assert any("Open     http://127.0.0.1:8787/dashboard#token=" in line for line in printed)
        yield clone
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGINT)
        server.communicate(timeout=60)


@pytest.mark.timeout(600)
@pytest.mark.xdist_group("port 8787")
def test_the_tour_prints_what_it_says(served):
    steps = list(console_blocks())
    assert len(steps) > 12
    mark = "--- the next command ---"
    # One shell runs all of them, since some set what later ones need.
    script = "".join(f"{command}\necho '{mark}'\n" for command, _ in steps)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SYNTHETIC", "COV"))}
    done = subprocess.run(
        ["bash"], input=script, cwd=served, capture_output=True, text=True, timeout=300, check=False, env=environment
    )
    printed = done.stdout.split(f"{mark}\n")
    checker = doctest.OutputChecker()
    for (command, wanted), got in zip(steps, printed, strict=False):
        same = checker.check_output(wanted, got, SAME)
        assert same, f"$ {command}\n{got}\n--- the README says\n{wanted}{done.stderr}"
    assert len(printed) == len(steps) + 1


def test_the_pages_it_names_are_there():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_test_command_is_the_one_that_continuous_integration_runs():
    assert marked("test-command").endswith(".venv/bin/pytest -n 2")
    assert "<!-- test-command -->" in (ROOT / ".ci" / "run").read_text()
    assert sys.version_info >= (3, 11)
