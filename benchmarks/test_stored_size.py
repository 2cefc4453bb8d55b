"""A sealed transcript takes at most a quarter of the JSON that it came as; an eighth is aimed at.

Counted are whole pages of all tables of transcripts with their indexes, so also
what is known of source ids and usage.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from synthetic import Snapshot
from synthetic.store import Store
from synthetic.testing import open_test_store
from synthetic_ingest.ingest import Ingest, importers_of
from synthetic_ingest.plans import IngestOptions
from synthetic_transcripts import store as transcripts

from .promises import Promise, in_bytes
from .sessions import write_session


def seal_all(store: Store) -> None:
    ids = store.read(lambda snapshot: [id for (id,) in snapshot.rows("SELECT id FROM transcripts")])
    for id in ids:
        store.write(lambda tx, id=id: transcripts.seal_tail(tx, transcripts.get_transcript(tx, id)))


def stored_bytes(snapshot: Snapshot) -> int:
    return snapshot.value(
        "SELECT sum(d.pgsize) FROM dbstat AS d"
        " JOIN sqlite_schema AS s ON s.name = d.name JOIN registered_tables AS t ON t.name = s.tbl_name"
        " WHERE d.aggregate = TRUE AND t.plugin = 'transcripts'"
    )


def measure(name: str, directory: Path, files: Sequence[Path], promise: Callable[[Promise], None]) -> None:
    came = sum(file.stat().st_size for file in files)
    with open_test_store(directory) as store:
        assert not Ingest(store, importers_of(store), IngestOptions()).run(files).failures
        seal_all(store)
        kept = store.read(stored_bytes)
    promise(Promise(f"stored size, {name}", in_bytes(kept), in_bytes(came), kept / came, at_most=0.25))


def test_size_of_a_made_up_session(tmp_path: Path, promise: Callable[[Promise], None]):
    file = write_session(tmp_path / "session.jsonl", 10_000)
    measure("made-up session", tmp_path / "store", [file], promise)


@pytest.mark.skipif(not os.environ.get("SYNTHETIC_REAL_DATA"), reason="SYNTHETIC_REAL_DATA names no folder")
def test_size_of_real_sessions(tmp_path: Path, promise: Callable[[Promise], None]):
    files = sorted(Path(os.environ["SYNTHETIC_REAL_DATA"]).rglob("*.jsonl"))
    measure("real sessions", tmp_path / "store", files, promise)
