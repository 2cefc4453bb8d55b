"""`synthetic plugins new`: what it makes is green at once, and what it cannot make is refused before it writes."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from synthetic.plugins.making import NewPlugin, make_plugin, name_plugin, render

SECONDS = 240


def install(folder, plugin):
    """Leave beside the package what pip would."""
    distribution = folder.name.replace("-", "_")
    metadata = folder / f"{distribution}-0.1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {folder.name}\nVersion: 0.1.0\n")
    (metadata / "entry_points.txt").write_text(f"[synthetic.plugins]\n{plugin} = synthetic_{plugin}.plugin\n")


def run(*words, folder):
    variables = {name: value for name, value in os.environ.items() if name not in ("PYTEST_ADDOPTS", "PYTHONPATH")}
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, env={**variables, "PYTHONPATH": str(folder)},
        capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip


def run_tests(folder, tmp_path, what):
    """How its tests end."""
    done = run("pytest", "-q", "-p", "no:cacheprovider", "--basetemp", str(tmp_path / "scratch"), what, folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()[-1]


def test_what_it_makes_passes_its_own_tests(line, tmp_path):
    made = line.run_json("plugins", "new", "bookmarks", "--dir", str(tmp_path / "here"))
    folder = tmp_path / "here" / "synthetic-bookmarks"
    assert made == {"plugin": "bookmarks", "package": "synthetic_bookmarks", "folder": str(folder)}
    assert [each.name for each in (tmp_path / "here").iterdir()] == [folder.name]
    install(folder, "bookmarks")
    assert run_tests(folder, tmp_path, "tests/test_bookmarks.py").startswith("12 passed")


@pytest.mark.full
def test_what_it_makes_conforms(tmp_path):
    folder = make_plugin(name_plugin("pins", None), tmp_path)
    install(folder, "pins")
    assert run_tests(folder, tmp_path, ".").startswith("27 passed, 2 skipped")


@pytest.mark.parametrize("name", ["pins", "architecture_decisions"])
def test_what_it_makes_is_formatted_and_clean_whatever_it_is_called(tmp_path, name):
    folder = make_plugin(replace(name_plugin(name, None), has_dashboard=True), tmp_path)
    assert (folder / f"synthetic_{name}" / "dashboard" / f"{name}.js").exists()
    for words in (["check", "."], ["format", "--check", "--diff", "."]):
        done = run("ruff", *words, "--no-cache", folder=folder)
        assert done.returncode == 0, done.stdout


@pytest.mark.full
def test_what_it_makes_is_typed(tmp_path):
    folder = make_plugin(name_plugin("bookmarks", None), tmp_path)
    done = run("pyright", "--pythonpath", sys.executable, folder=folder)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["Bookmarks"], "lower-case words"),
        (["book-marks"], "lower-case words"),
        (["x" * 25], "24 characters"),
        (["weather"], "called"),
        (["classes"], "Python"),
        (["lists"], "Python"),
        (["bodies"], "template"),
        (["tables"], "SQL"),
        (["../evils"], "lower-case words"),
    ],
    ids=lambda value: "-".join(value)[:20] if isinstance(value, list) else value,
)
def test_a_name_that_is_none_is_refused(line, tmp_path, words, what):
    error = line.fail("plugins", "new", *words, "--dir", str(tmp_path / "here"), code=65)
    assert error["code"] == "BAD_USER_INPUT"
    assert what in error["message"] + error["action"]
    assert not (tmp_path / "here").exists()


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("sessions", "the plugin sessions"),
        ("workflows", "workflow"),
        ("documents", "the table documents"),
        ("events", "the GraphQL type Event"),
        ("costs", "the field Query.costs"),
    ],
)
def test_a_name_that_is_taken_is_refused_with_who_has_it(line, tmp_path, name, taken):
    error = line.fail("plugins", "new", name, "--dir", str(tmp_path / "here"), code=65)
    assert error["code"] == "CONFLICT"
    assert taken in " ".join(error["details"]["taken"])
    assert not (tmp_path / "here").exists()


def test_a_panel_of_the_dashboard_is_there_where_the_dashboard_is():
    new = NewPlugin("pins", "pin")
    without, with_it = dict(render(new)), dict(render(replace(new, has_dashboard=True)))
    assert set(with_it) - set(without) == {"synthetic_pins/with_dashboard.py", "synthetic_pins/dashboard/pins.js"}
    assert '"dashboard": "synthetic_pins.with_dashboard"' in with_it["synthetic_pins/plugin.py"]
    assert "dashboard" not in without["synthetic_pins/plugin.py"]


def test_a_folder_that_is_there_is_left_alone(line, tmp_path):
    folder = tmp_path / "synthetic-pins"
    folder.mkdir()
    (folder / "mine").write_text("mine")
    error = line.fail("plugins", "new", "pins", "--dir", str(tmp_path), code=65)
    assert (error["code"], error["details"]) == ("CONFLICT", {"path": str(folder)})
    assert [each.name for each in folder.iterdir()] == ["mine"]


def test_a_place_that_cannot_be_written_to_is_told_and_nothing_is_left(line, tmp_path):
    (tmp_path / "file").write_text("")
    error = line.fail("plugins", "new", "pins", "--dir", str(tmp_path / "file" / "here"), code=74)
    assert error["code"] == "STORAGE_READ_ONLY"
