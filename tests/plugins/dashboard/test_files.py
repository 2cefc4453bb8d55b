"""The files of the dashboard: every document fits the schema, every import leads somewhere, nothing makes markup."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

from pages import ROOT

PLUGINS = ROOT / "plugins"
STATIC = PLUGINS / "synthetic_dashboard" / "static"
VENDOR = STATIC / "vendor"
OWN = [path for path in sorted(STATIC.rglob("*.js")) if VENDOR not in path.parents]
ADDED = sorted(PLUGINS.glob("synthetic_*/dashboard/*.js"))
MANIFEST = json.loads((VENDOR / "manifest.json").read_text())["files"]

DOCUMENT = re.compile(r"gql`([^`]*)`")
IMPORT = re.compile(r"""(?:\bfrom|\bimport)\s*\(?\s*["']([^"']+)["']""")
COMMENT = re.compile(r"/\*.*?\*/|^\s*//[^\n]*", re.DOTALL | re.MULTILINE)
MARKUP = re.compile(
    r"\b(innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|document\.write|eval|Function\()"
)
LINES_MAX = 300
WIDTH_MAX = 160


def name_of(path: Path) -> str:
    return str(path.relative_to(PLUGINS))


def code_of(path: Path) -> str:
    return COMMENT.sub("", path.read_text("utf-8"))


def test_every_document_fits_the_schema():
    schema = build_schema((ROOT / "tests/snapshots/schema.graphql").read_text("utf-8"))
    documents = [(path, text) for path in (*OWN, *ADDED) for text in DOCUMENT.findall(code_of(path))]
    assert len(documents) > 50
    problems = [
        f"{name_of(path)}: {error.message}" for path, text in documents for error in validate(schema, parse(text))
    ]
    assert problems == []
    names = [definition.name.value for _, text in documents for definition in parse(text).definitions]
    assert sorted({name for name in names if names.count(name) > 1}) == []


@pytest.mark.parametrize("path", [*OWN, *ADDED], ids=name_of)
def test_a_module_is_short_imports_what_there_is_and_makes_no_markup(path: Path):
    code = code_of(path)
    assert MARKUP.findall(code) == []
    assert "${" not in "".join(DOCUMENT.findall(code))
    for reference in IMPORT.findall(code):
        if path in ADDED and not reference.startswith("."):
            assert reference == "/dashboard/kit.js"
        else:
            assert reference.startswith("."), reference
            assert (path.parent / reference).resolve().is_file(), reference
    lines = path.read_text("utf-8").splitlines()
    assert len(lines) <= LINES_MAX
    assert [line for line in lines if len(line) > WIDTH_MAX] == []


def test_one_module_talks_to_graphql():
    assert [name_of(path) for path in OWN if re.search(r"\bfetch\(", code_of(path))] == [
        "synthetic_dashboard/static/graphql.js"
    ]
    assert [name_of(path) for path in OWN if re.search(r"\bnew WebSocket\(", code_of(path))] == [
        "synthetic_dashboard/static/socket.js"
    ]


def test_the_page_links_what_there_is_and_holds_neither_script_nor_style():
    page = (STATIC / "index.html").read_text("utf-8")
    references = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert references
    for reference in references:
        assert reference.startswith("{{static}}/")
        assert (STATIC / reference.removeprefix("{{static}}/")).is_file(), reference
    assert re.findall(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=", page) == []


def test_every_style_is_linked_and_names_no_address():
    page = (STATIC / "index.html").read_text("utf-8")
    for path in sorted((STATIC / "style").glob("*.css")):
        assert f'"{{{{static}}}}/style/{path.name}"' in page
        assert "url(" not in path.read_text("utf-8")


@pytest.mark.parametrize("entry", MANIFEST, ids=lambda entry: entry["file"])
def test_a_library_is_what_the_manifest_says(entry: dict[str, str]):
    assert hashlib.sha256((VENDOR / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
    assert len((VENDOR / entry["licenceFile"]).read_text("utf-8")) > 500
    assert entry["licence"] in {"MIT", "Apache-2.0", "BSD-3-Clause"}
    assert re.fullmatch(r"\d+\.\d+\.\d+", entry["version"])


def test_no_library_is_there_that_the_manifest_does_not_know():
    known = {entry["file"] for entry in MANIFEST} | {entry["licenceFile"] for entry in MANIFEST} | {"manifest.json"}
    assert {str(path.relative_to(VENDOR)) for path in VENDOR.rglob("*") if path.is_file()} == known
