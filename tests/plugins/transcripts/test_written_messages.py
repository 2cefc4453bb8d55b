"""Pages of messages that SQLite writes as JSON have what those have that Python makes."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from example_counts import examples
from plugins.transcripts.making import append, begin, messages, plain, seal
from synthetic import Snapshot, Store, to_json
from synthetic.database.in_place import InPlaceSnapshot
from synthetic.database.reading_connection import ReadingSnapshot
from synthetic.graphql.answers import GraphQLRequest
from synthetic.graphql.json_records import write_records
from synthetic.graphql.placement import Placement
from synthetic.security.gate import ANONYMOUS

COLUMNS = "seq said: text role kind sourceId model transcriptId usageId parentSourceId toolCallCount __typename"
OF_MANY = "query ($id: ID!) {{ session(id: $id) {{ transcripts {{ nodes {{ id messages({}) {{ {} }} }} }} }} }}"
numbers = itertools.count()


@pytest.fixture(autouse=True)
def in_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """No query is begun in place, to be begun again when the machine is slow: what is read is counted."""
    monkeypatch.setattr(Placement, "is_in_place", lambda *_arguments: False)


class Reader:
    """Asks for messages of transcripts in both ways, and counts the pages of which rows were read."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch | None = None) -> None:
        self._store = store
        self.rows_read: list[int] = []
        for kind in () if monkeypatch is None else (Snapshot, ReadingSnapshot, InPlaceSnapshot):
            monkeypatch.setattr(kind, "rows", self._counting(kind.rows))

    def _counting(self, read: Callable[..., Any]) -> Callable[..., Any]:
        def rows(snapshot: Snapshot, sql: str, *params: Any) -> Any:
            found = read(snapshot, sql, *params)
            if "transcript_stretches" in sql:
                self.rows_read.append(len({row[0] for row in found}))
            return found

        return rows

    def both(self, document: str, session: str = "s") -> tuple[Any, Any]:
        """What is written of the transcripts of a session, and what is made of rows."""
        engine = self._store.kernel.engine

        async def run(*, is_for_json: bool) -> Any:
            request = GraphQLRequest(document, variables={"id": session})
            body = (await engine.run(request, ANONYMOUS, "c", is_for_json=is_for_json)).body
            body.pop("extensions", None)
            return orjson.loads(orjson.dumps(body, write_records) if is_for_json else to_json(body))

        return asyncio.run(run(is_for_json=True)), asyncio.run(run(is_for_json=False))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=examples(150))
@given(
    batches=st.lists(st.lists(messages(), max_size=6), min_size=1, max_size=3),
    sealed=st.sets(st.integers(0, 2)),
    window=st.sampled_from(["first: 5", "first: 30", "last: 4", "first: 3, fromSeq: 2", "first: 0"]),
)
def test_any_messages_are_written_as_they_are_made(shared_store: Store, batches, sealed, window) -> None:
    session = f"session {next(numbers)}"
    for place, batch in enumerate(batches):
        id = begin(shared_store, f"any {next(numbers)}", session)
        append(shared_store, batch, id)
        if place in sealed:
            seal(shared_store, id)
    written, made = Reader(shared_store).both(OF_MANY.format(window, f"totalCount nodes {{ {COLUMNS} }}"), session)
    assert written == made
    assert len(made["data"]["session"]["transcripts"]["nodes"]) == len(batches)


def said(answer: Any) -> list[list[str]]:
    """The texts of the messages of each transcript."""
    nodes = answer["data"]["session"]["transcripts"]["nodes"]
    return [[message["text"] for message in each["messages"]["nodes"]] for each in nodes]


def test_only_of_those_rows_are_read_that_are_not_in_the_tail(store, monkeypatch) -> None:
    for id in ("half", "sealed", "tail"):
        begin(store, id)
        append(store, [plain(number) for number in range(1, 5)], id)
        if id != "tail":
            seal(store, id)
    append(store, [plain(9), plain(10)], "half")
    reader = Reader(store, monkeypatch)
    written, made = reader.both(OF_MANY.format("last: 2", "nodes { seq text }"))
    assert written == made
    assert said(made) == [["message 9", "message 10"], *[["message 3", "message 4"]] * 2]
    assert reader.rows_read == [1, 3], "where they were written, only of those that are sealed"


def test_text_is_written_of_plain_texts_that_stand_in_the_row(store, monkeypatch) -> None:
    document = OF_MANY.format("first: 9", "nodes { text }")
    text = 'a "quoted"\0 \n \u2028 text\x1f'
    begin(store)
    append(store, [plain(1, text=text, metadata={"about": "it"}), plain(2, text="")])
    reader = Reader(store, monkeypatch)
    written, made = reader.both(document)
    assert written == made
    assert said(made) == [[text, ""]]
    assert reader.rows_read == [1], "no rows were read to write it"
    for other in (plain(3, blocks=[{"type": "text", "text": "of a block"}]), plain(4, text="apart " * 1_000)):
        append(store, [other])
        reader.rows_read.clear()
        written, made = reader.both(document)
        assert written == made
        assert reader.rows_read == [1, 1], "both were made of rows"
