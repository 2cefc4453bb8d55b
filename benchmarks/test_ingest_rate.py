"""Ingest keeps at least half the rate of parsing and inserting by hand.

What the hand-written limit does, and no more: it reads each file line by line,
parses the line with orjson, takes those fields out of it that a message has
(source id, role, type, model, four counts of tokens, the response's id, the
parent, the time in milliseconds), writes the content and what is left over as
JSON, and inserts one row a line with `executemany`, a thousand lines in a
transaction, into one table with two keys: the place, and the source id, which
makes a second run harmless. Its commits are as durable as ours (WAL,
`synchronous=FULL`), on the same driver.

It recognises no format, checks no value, counts no usage, compresses nothing
and cannot go on where it was stopped.
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import apsw
import orjson
import pytest

from synthetic.store import Store, open_store
from synthetic.testing import copy_template, make_template
from synthetic_ingest.ingest import Ingest, importers_of
from synthetic_ingest.plans import IngestOptions

from .conftest import DURABLE
from .promises import Comparison, at_rate
from .sessions import write_session

GENERATED_LINES = 8_000
LINES_A_COMMIT = 1_000
TABLE = """
CREATE TABLE messages (
    file TEXT NOT NULL, seq INTEGER NOT NULL, source_id TEXT NOT NULL, role TEXT, type TEXT, model TEXT,
    input_tokens INTEGER, output_tokens INTEGER, cache_read_tokens INTEGER, cache_write_tokens INTEGER,
    usage_id TEXT, parent TEXT, occurred_at INTEGER, content TEXT NOT NULL, metadata TEXT NOT NULL,
    PRIMARY KEY (file, seq), UNIQUE (file, source_id)
) STRICT
"""
INSERT = f"INSERT INTO messages VALUES ({', '.join('?' * 15)}) ON CONFLICT DO NOTHING"


def row_of(file: str, seq: int, line: bytes) -> tuple[Any, ...]:
    entry = orjson.loads(line)
    take = entry.pop
    message = take("message", None) or {}
    usage = message.pop("usage", None) or {}
    at = take("timestamp", None)
    return (
        file,
        seq,
        take("uuid", None) or str(seq),
        message.pop("role", None),
        take("type", None),
        message.pop("model", None),
        usage.get("input_tokens"),
        usage.get("output_tokens"),
        usage.get("cache_read_input_tokens"),
        usage.get("cache_creation_input_tokens"),
        message.pop("id", None),
        take("parentUuid", None),
        at and int(datetime.fromisoformat(at).timestamp() * 1_000),
        orjson.dumps(message.pop("content", None)).decode(),
        orjson.dumps(entry).decode(),
    )


def insert_by_hand(connection: apsw.Connection, paths: Sequence[Path]) -> None:
    for path in paths:
        with path.open("rb") as file:
            numbered = enumerate(file)
            while lines := list(itertools.islice(numbered, LINES_A_COMMIT)):
                rows = [row_of(str(path), seq, line) for seq, line in lines]
                with connection:
                    connection.executemany(INSERT, rows)


class Targets:
    """A new store and a new database for each round; opening them is not what is measured."""

    def __init__(self, directory: Path) -> None:
        self._template = make_template(directory / "template")
        self._directory = directory / "round"
        self.store: Store | None = None
        self.connection: apsw.Connection | None = None

    def renew(self) -> None:
        self.close()
        self._directory.mkdir()
        copy_template(self._template, self._directory / "store")
        self.store = open_store(self._directory / "store", settings=DURABLE)
        self.connection = apsw.Connection(str(self._directory / "hand.db"))
        self.connection.pragma("journal_mode", "wal")
        self.connection.pragma("synchronous", "FULL")
        self.connection.execute(TABLE)

    def close(self) -> None:
        if self.store is not None and self.connection is not None:
            self.store.close()
            self.connection.close()
        shutil.rmtree(self._directory, ignore_errors=True)


@pytest.fixture
def targets(tmp_path: Path):
    targets = Targets(tmp_path)
    yield targets
    targets.close()


def compare_rates(compare: Comparison, targets: Targets, name: str, paths: Sequence[Path]) -> None:
    def ours() -> None:
        assert targets.store is not None
        report = Ingest(targets.store, importers_of(targets.store), IngestOptions()).run(paths)
        assert not report.failures

    def limit() -> None:
        assert targets.connection is not None
        insert_by_hand(targets.connection, paths)

    compare(
        name,
        ours=ours,
        limit=limit,
        at_least=0.5,
        rounds=9,
        prepare=targets.renew,
        shown=at_rate(sum(path.stat().st_size for path in paths) / 1e6, "MB"),
    )


def test_ingest_of_a_made_up_session(compare: Comparison, targets: Targets, tmp_path: Path):
    file = write_session(tmp_path / "session.jsonl", GENERATED_LINES)
    compare_rates(compare, targets, "ingest, made-up session", [file])


@pytest.mark.skipif(not os.environ.get("SYNTHETIC_REAL_DATA"), reason="SYNTHETIC_REAL_DATA names no folder")
def test_ingest_of_real_sessions(compare: Comparison, targets: Targets):
    files = sorted(Path(os.environ["SYNTHETIC_REAL_DATA"]).rglob("*.jsonl"))
    compare_rates(compare, targets, "ingest, real sessions", files)
