"""Real sessions of coding agents: what goes in comes out, in little space."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from plugins.transcripts.making import PlainTranscript, append, begin, everything, layout, seal
from synthetic_transcripts.store import MessageKind, MessageRole, NewMessage, Usage

pytestmark = pytest.mark.parametrize("settings", [{}])


def message_of(line: bytes, number: int) -> NewMessage:
    """One line of a session's file; what the fields do not say stays in the metadata."""
    rest: dict[str, Any] = orjson.loads(line)
    inner = rest.pop("message", None) or {}
    stamp = rest.pop("timestamp", None)
    told = inner.pop("usage", None) or {}
    content = inner.pop("content", None)
    usage = Usage(
        *(told.get(f"{name}_tokens", 0) for name in ("input", "output", "cache_read_input", "cache_creation_input"))
    )
    return NewMessage(
        source_id=rest.pop("uuid", None) or f"line {number}",
        role=MessageRole.ASSISTANT if rest["type"] == "assistant" else MessageRole.USER,
        kind=MessageKind.TEXT if inner else MessageKind.OTHER,
        text=content if isinstance(content, str) else None,
        blocks=content if isinstance(content, list) else None,
        model=inner.pop("model", None),
        usage=usage if told else None,
        usage_id=inner.pop("id", None),
        parent_source_id=rest.pop("parentUuid", None),
        occurred_at=int(datetime.fromisoformat(stamp).timestamp() * 1_000) if stamp else None,
        metadata={**rest, "message": inner, "usage": told},
    )


def test_every_session_comes_back_as_it_was_and_takes_less_than_a_seventh_of_its_file(real_data: Path, store) -> None:
    files = sorted((real_data / "transcripts").rglob("*.jsonl"))
    assert files
    for file in files:
        id = begin(store, str(file.relative_to(real_data)))
        expected = PlainTranscript()
        batch = [message_of(line, number) for number, line in enumerate(file.read_bytes().splitlines())]
        expected.append(batch)
        for start in range(0, len(batch), 700):
            append(store, batch[start : start + 700], id)
        seal(store, id)
        assert layout(store, id)[1] == 0
        assert everything(store, id) == expected.said()

    sql = "SELECT sum(pgsize) FROM dbstat WHERE name LIKE 'transcript%' OR name LIKE 'sqlite_autoindex_transcript%'"
    stored = store.read(lambda snapshot: snapshot.value(sql))
    assert stored * 7 <= sum(file.stat().st_size for file in files)
