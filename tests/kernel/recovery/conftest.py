from __future__ import annotations

import shutil

import apsw
import pytest

from synthetic.registry import load_registry
from synthetic.testing import FAST_SETTINGS, open_test_store

from .kit import Bench, fill


@pytest.fixture(scope="package")
def bench(template, tmp_path_factory):
    """A small store with a table of a plugin that is not loaded, to be damaged."""
    folder = tmp_path_factory.mktemp("bench")
    whole = shutil.copytree(template, folder / "whole")
    with open_test_store(whole) as store:
        fill(store, 30)
    connection = apsw.Connection(str(whole / "synthetic.db"))
    connection.execute(
        "CREATE TABLE absent_words (id INTEGER PRIMARY KEY, word TEXT NOT NULL, size REAL) STRICT;"
        "CREATE INDEX absent_words_by_word ON absent_words (word, size);"
        "WITH RECURSIVE numbers (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM numbers WHERE value < 300)"
        " INSERT INTO absent_words SELECT value, 'word ' || value, value / 2.0 FROM numbers;"
        "INSERT INTO schema_migrations VALUES ('absent', 1, 'words', hex(zeroblob(32)), 1, 'a test')"
    )
    connection.close()
    return Bench(
        whole=whole / "synthetic.db",
        empty=template / "synthetic.db",
        registry=load_registry(None, overrides=FAST_SETTINGS),
        folder=folder,
    )
