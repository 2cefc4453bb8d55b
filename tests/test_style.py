"""Style that a linter does not know: sizes, and names that say nothing. The limits only tighten."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

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


def faults_of(file: Path) -> Iterator[str]:
    """What is wrong with a file; one look at it for all rules, since parsing takes most of the time."""
    text = file.read_text()
    tree = ast.parse(text)
    if file.stem in BANNED:
        yield f"name it after {BANNED[file.stem]}"
    if text.count("\n") > CATALOGUES.get(file.name, FILE_LINES_MAX):
        yield f"{text.count(chr(10))} lines: it holds more than one idea"
    if not ast.get_docstring(tree):
        yield "a module starts with what it is for"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield f"{node.name} has {lines} lines"


def test_each_file_holds_one_idea_and_says_what_it_is_for():
    assert [f"{file.relative_to(ROOT)}: {fault}" for file in SOURCES for fault in faults_of(file)] == []


def test_no_path_of_a_machine_is_in_the_repository():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        file = ROOT / name
        if file.suffix in {".py", ".md", ".toml", ".sql", ".yml", ".mjs", ".txt", ""} and file.is_file():
            text = file.read_text(errors="replace")
            for needle in ("/ro" + "ot/", "/ho" + "me/", "/wo" + "rk/"):
                assert needle not in text, f"{name} has a path of somebody's machine"
