"""Style that a linter does not know: sizes, and names that say nothing. The limits only tighten."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILE_LINES_MAX = 320
CATALOGUES = {"errors.py": 360, "hookspecs.py": 540}
"""Long because they are lists, of one small class after the other."""

FUNCTION_LINES_MAX = 60
BANNED = {
    "utils": "what the functions are about",
    "helpers": "what the functions are about",
    "common": "what is common to whom",
    "base": "the concept itself",
    "manager": "what it does",
    "misc": "one thing a file",
}
SOURCES = sorted([*(ROOT / "kernel").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")])


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_file_holds_one_idea(file):
    text = file.read_text()
    assert file.stem not in BANNED, f"name it after {BANNED.get(file.stem)}"
    assert text.count("\n") <= CATALOGUES.get(file.name, FILE_LINES_MAX)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= FUNCTION_LINES_MAX, f"{node.name} has {lines} lines"


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_module_says_what_it_is_for(file):
    assert ast.get_docstring(ast.parse(file.read_text())), "a module starts with what it is for"


def test_no_path_of_a_machine_is_in_the_repository():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        file = ROOT / name
        if file.suffix in {".py", ".md", ".toml", ".sql", ".yml", ".mjs", ".txt", ""} and file.is_file():
            text = file.read_text(errors="replace")
            for needle in ("/ro" + "ot/", "/ho" + "me/", "/wo" + "rk/"):
                assert needle not in text, f"{name} has a path of somebody's machine"
