"""Documents of a table with one row for each: names that could be no names are refused when the record is made."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from synthetic_search.documents import SearchDocument
from synthetic_search.store import table_documents


class Note(NamedTuple):
    id: str
    text: str


class Nameless(NamedTuple):
    text: str


@pytest.mark.parametrize(("table", "record"), [("notes; DROP TABLE x", Note), ("Notes", Note), ("notes", Nameless)])
def test_a_table_or_record_that_can_be_none_is_refused(table, record):
    with pytest.raises(ValueError, match="must have an id, and plain names"):
        table_documents(
            "NOTE",
            "note",
            "Notes by their text.",
            table=table,
            record=record,
            document=lambda note: SearchDocument(note.id, "", note.text, 0),
        )
