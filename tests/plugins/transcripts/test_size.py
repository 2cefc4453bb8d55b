"""How little a sealed transcript takes: pages of its tables and indexes against the JSON that came."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from msgspec.structs import asdict

from plugins.transcripts.making import append, begin, everything, layout, seal, session_of_an_agent

pytestmark = pytest.mark.parametrize("settings", [{}])


def stored_bytes(store) -> int:
    """Pages of all tables and indexes of transcripts, whole, with what is unused in them."""
    sql = "SELECT sum(pgsize) FROM dbstat WHERE name LIKE 'transcript%' OR name LIKE 'sqlite_autoindex_transcript%'"
    return store.read(lambda snapshot: snapshot.value(sql))


def json_bytes(batch: list[Any]) -> int:
    return sum(len(orjson.dumps(asdict(message), default=asdict)) for message in batch)


def test_a_sealed_transcript_takes_at_most_a_sixth_of_its_json(store) -> None:
    begin(store)
    batch = session_of_an_agent(2_400)
    for start in range(0, len(batch), 500):
        append(store, batch[start : start + 500])
    seal(store)

    assert layout(store) == ([128] * 18 + [96], 0)
    assert stored_bytes(store) * 6 <= json_bytes(batch)


def test_a_transcript_that_came_message_by_message_takes_no_more(store) -> None:
    begin(store)
    batch = session_of_an_agent(400)
    for message in batch:
        append(store, [message])
        seal(store)

    assert layout(store) == ([128] * 3 + [16], 0)
    assert [message["source_id"] for message in everything(store)] == [message.source_id for message in batch]
