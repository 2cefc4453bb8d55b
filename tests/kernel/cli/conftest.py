from __future__ import annotations

import json
from pathlib import Path

import pytest

from synthetic.cli import main
from thirdparty.distributions import write_plugins_toml

THINGS = """
@hookimpl
def register_tables():
    return (Table(name="things", purpose="Things.", kept="A few."),)

@hookimpl
def register_migrations():
    return (MigrationFolder("{package}"),)
"""

MIGRATION = "CREATE TABLE things (id TEXT NOT NULL PRIMARY KEY) STRICT;"


class CommandLine:
    """Runs commands on one data directory, without the plugins of this repository."""

    def __init__(self, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.data_dir = data_dir
        self.errors = ""
        self._capsys = capsys
        self.list_plugins()

    def list_plugins(self, plugins: dict[str, str] | None = None, *, extra: str = "") -> None:
        """Write the store's `plugins.toml`, with no demand on the free disk."""
        settings = f"[kernel.database]\nfree_disk_bytes = 0\n{extra}"
        write_plugins_toml(self.data_dir, plugins or {}, extra=settings)

    def run(self, *words: str, code: int = 0) -> str:
        """Run a command that must end with a code; its output. What it reported is in `errors`."""
        self._capsys.readouterr()
        found = main([*words, "--data", str(self.data_dir)])
        captured = self._capsys.readouterr()
        self.errors = captured.err
        assert found == code, captured.err
        return captured.out

    def run_json(self, *words: str):
        """Run a command with `--json` that must succeed; what it printed."""
        return json.loads(self.run(*words, "--json"))

    def fail(self, *words: str, code: int) -> dict:
        """Run a command with `--json` that must fail with an exit code; the error's contract."""
        assert self.run(*words, "--json", code=code) == ""
        return json.loads(self.errors)


@pytest.fixture
def line(tmp_path, capsys) -> CommandLine:
    """A command line on a directory without a store."""
    return CommandLine(tmp_path / "store", capsys)


@pytest.fixture
def things(site):
    """Install a plugin `alpha` that owns a table `things`."""
    site.install("alpha", THINGS.format(package="sample_alpha"), modules={"migrations/0001_things.sql": MIGRATION})
