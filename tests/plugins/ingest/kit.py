"""Running an ingest in this process, and looking at what came of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings

from example_counts import examples
from synthetic import Snapshot, Store
from synthetic.kernel_tables import KERNEL_TABLES
from synthetic_ingest.ingest import Ingest, importers_of
from synthetic_ingest.model import IngestFile
from synthetic_ingest.plans import IngestOptions
from synthetic_ingest.report import Report
from synthetic_ingest.store import find_file_at
from tests.plugins.ingest.independent_count import Count

patient = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    max_examples=examples(60),
)
"""For properties: a machine with much to do is no failure."""

TIMES = ("created_at", "updated_at", "appended_at", "applied_at", "last_used_at")
"""Columns that say when something was stored."""

RUN_TABLES = {"sync_jobs", "job_checkpoints", "job_attempts"}
OWN_TABLES = frozenset({table.name for table in KERNEL_TABLES} | {"sqlite_sequence"} | RUN_TABLES) - {"domain_events"}
"""Tables that say nothing of what was ingested, only of the runs."""


def ingest(
    store: Store, *paths: Path, form: str | None = None, construct: str | None = None, dry: bool = False
) -> Report:
    """Ingest some paths."""
    importers = importers_of(store)
    importer = None if form is None else importers[form]
    return Ingest(store, importers, IngestOptions(importer=importer, construct_id=construct, is_dry_run=dry)).run(paths)


def outcomes(report: Report) -> dict[str, int]:
    """How many files had each outcome, without noughts."""
    return {outcome.value: count for outcome, count in report.files.items() if count}


def file_at(store: Store, path: Path) -> IngestFile:
    """The row of the file at a path, which must be there."""
    record = store.read(find_file_at, str(path))
    assert record is not None, path
    return record


def texts_of(store: Store, path: Path) -> list[str]:
    """The texts of a file's messages, in their order."""
    answer = store.graphql(
        "query ($id: ID!) { transcript(id: $id) { messages(first: 1000) { nodes { text blocks } } } }",
        {"id": file_at(store, path).transcript_id},
    )
    nodes = answer["data"]["transcript"]["messages"]["nodes"]
    return [node["text"] if node["text"] is not None else str(node["blocks"]) for node in nodes]


def rejects_of(store: Store, path: Path) -> list[tuple[int, int, str]]:
    """Number, offset and reason of a file's rejects."""
    sql = "SELECT line_number, offset_bytes, reason FROM ingest_rejects WHERE file_id = :id ORDER BY offset_bytes"
    return store.read(Snapshot.rows, sql, {"id": file_at(store, path).id})


def count_store(store: Store) -> Count:
    """What is in a store, in the terms of `count_folder`."""
    count = Count()

    def fill(snapshot: Snapshot) -> None:
        count.sessions = snapshot.value("SELECT count(*) FROM sessions")
        count.transcripts = snapshot.value("SELECT count(*) FROM transcripts")
        kinds = ("text", "thinking", "tool_call", "tool_result", "system", "other")
        sums = snapshot.row(
            f"SELECT {', '.join(f'sum(kind_{kind})' for kind in kinds)}, sum(tool_call_count) FROM transcripts"
        )
        assert sums is not None
        count.kinds = Counter({kind.upper(): number for kind, number in zip(kinds, sums, strict=False) if number})
        count.tool_calls = sums[-1]
        for model, *tokens in snapshot.rows(
            "SELECT model, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens FROM transcript_usage"
        ):
            count.spend(model or None, *tokens)

    store.read(fill)
    return count


RECORDS = ("domain_events", "audit_log", "audit_chain")
"""Tables of what was done and when, which differs between two ways to the same end."""


def dump(store: Store, *, exact: bool = False) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table that an ingest writes.

    Args:
        store: To read.
        exact: With the log, the times at which rows were stored and the ids
            that the store made. Without, these ids are replaced by the path of
            the file that they belong to.
    """
    return store.read(_dump, exact)


def _dump(snapshot: Snapshot, exact: bool) -> dict[str, list[tuple[Any, ...]]]:
    names: dict[Any, str] = {}
    if not exact:
        for file_id, session_id, transcript_id, path in snapshot.rows(
            "SELECT id, session_id, transcript_id, path FROM ingest_files"
        ):
            names |= {file_id: f"file {path}", transcript_id: f"transcript {path}"}
            if session_id is not None and session_id[14:15] == "7":
                names[session_id] = f"session {path}"
        names.pop(None, None)
    tables: dict[str, list[tuple[Any, ...]]] = {}
    for (table,) in snapshot.rows("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"):
        if table in OWN_TABLES or (table in RECORDS and not exact):
            continue
        columns = [row[1] for row in snapshot.rows(f"PRAGMA table_info({table})")]
        if not exact and table == "dead_letters":
            columns = ["source", "key", "code", "attempts", "status"]
        elif not exact:
            columns = [name for name in columns if name not in TIMES and (table, name) != ("ingest_rejects", "id")]
        rows = snapshot.rows(f"SELECT {', '.join(columns)} FROM {table}")
        tables[table] = sorted((tuple(names.get(value, value) for value in row) for row in rows), key=repr)
    return tables
