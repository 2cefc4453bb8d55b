"""What is made from the code and committed is what the code says; a changed snapshot is a decision."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from synthetic.graphql.schema import core_schema, undescribed
from synthetic.kernel import schema_of
from synthetic.registry import load_registry

ROOT = Path(__file__).parents[1]
spec = importlib.util.spec_from_file_location("make_docs", ROOT / "tools" / "make_docs.py")
make_docs = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_docs)

PAGES = make_docs.pages()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_made_page_is_up_to_date(path):
    assert path.read_text("utf-8") == PAGES[path], "run `python tools/make_docs.py`, and look at what changed"


def test_every_setting_is_described():
    undescribed_rows = [line for line in PAGES[ROOT / "docs" / "settings.md"].splitlines() if line.endswith("|  |")]
    assert undescribed_rows == []


def test_everything_in_the_schema_is_described():
    assert undescribed(core_schema(schema_of(load_registry(None, environ={})))) == []
