"""What is deprecated says so at the line that uses it: the examples of the page for authors of plugins, executed."""

from __future__ import annotations

import sys
import types
import warnings
from pathlib import Path

import pytest

import synthetic

from .pages import blocks_of, text_of

BEFORE = """
from synthetic import Deprecation, deprecated, deprecated_names

SHELF_IS_FULL = "full"

def find_shelf(book):
    return f"shelf of {book}"
"""


@pytest.fixture
def shelves(monkeypatch):
    """A module with what the page shows."""
    page = text_of("plugins/stability.md")
    examples = [block for block in blocks_of(page, "python") if "deprecated" in block and "@hookspec" not in block]
    assert len(examples) == 2
    module = types.ModuleType("shelves")
    monkeypatch.setitem(sys.modules, "shelves", module)
    exec("\n\n".join([BEFORE, *examples]), vars(module))
    return module


def test_a_function_that_goes_works_and_says_what_to_use_at_the_line_that_calls_it(shelves):
    (said,) = blocks_of(text_of("plugins/stability.md"), "text")
    with pytest.warns(DeprecationWarning, match="shelf_of") as told:
        assert shelves.shelf_of("Emma") == "shelf of Emma"
    (warning,) = told
    assert str(warning.message) == said.strip()
    assert Path(warning.filename) == Path(__file__)


def test_a_name_that_goes_is_lent_with_a_warning_at_the_line_that_imports_it(shelves):
    with pytest.warns(DeprecationWarning, match=r"shelves\.SHELF_FULL is deprecated since 1\.4") as told:
        from shelves import SHELF_FULL
    assert shelves.SHELF_IS_FULL == SHELF_FULL == "full"
    assert {Path(each.filename) for each in told} == {Path(__file__)}


def test_what_no_module_has_is_missing_as_ever(shelves):
    with pytest.raises(AttributeError, match="module 'shelves' has no attribute 'SHELF'"):
        _ = shelves.SHELF
    with pytest.raises(AttributeError, match="module 'synthetic' has no attribute 'nothing'"):
        _ = synthetic.nothing
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert shelves.find_shelf("Emma") == "shelf of Emma"
