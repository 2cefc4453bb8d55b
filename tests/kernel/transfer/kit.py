"""Stores with something of every plugin and of a third party, and what is in exports of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synthetic import Store
from synthetic.testing import expect_data
from synthetic.transfer.archive_reading import ExportFile
from synthetic.transfer.exporting import Exported, export_to
from synthetic.transfer.importing import ImportRequest, import_export
from synthetic.transfer.policies import OnConflict, UnitOutcome

NOTES = """
from synthetic import EventType, Reference, Travel, TravellingId

@hookimpl
def register_events():
    purpose = "Somebody has had an idea."
    return (EventType(name="idea.had", entity="idea", purpose=purpose, is_external=True),)

@hookimpl
def register_plugin():
    return Plugin(summary="Notes.", requires=("constructs", "sessions"))

@hookimpl
def register_tables():
    return (
        Table(
            name="notes",
            purpose="Notes that people leave on a construct.",
            references=(
                Reference(column="construct_id", table="constructs"),
                Reference(column="session_id", table="sessions", on_delete="clear"),
                Reference(column="parent_id", table="notes", on_delete="clear"),
                Reference(column="root_id", table="notes", on_delete="refuse"),
            ),
            kept="Written by people, a few a day.",
            travel=Travel(
                ids=(
                    TravellingId(column="about", table="constructs"),
                    TravellingId(column="body", table="constructs", path="$.see.construct"),
                )
            ),
        ),
        Table(
            name="note_pictures",
            purpose="Pictures of notes.",
            key=("number",),
            references=(Reference(column="note_id", table="notes"),),
            kept="They go with their note.",
        ),
    )

@hookimpl
def register_migrations():
    return (MigrationFolder("sample_notes"),)
"""

NOTES_MIGRATION = """
CREATE TABLE notes (
    id TEXT NOT NULL PRIMARY KEY,
    construct_id TEXT NOT NULL REFERENCES constructs (id),
    session_id TEXT REFERENCES sessions (id),
    about TEXT,
    body TEXT NOT NULL CHECK (json_valid(body)),
    weight REAL,
    parent_id TEXT REFERENCES notes (id),
    root_id TEXT REFERENCES notes (id)
) STRICT;
CREATE TABLE note_pictures (
    number INTEGER NOT NULL PRIMARY KEY,
    note_id TEXT NOT NULL REFERENCES notes (id),
    picture BLOB NOT NULL
) STRICT;
"""

WRITES = """mutation {
    a: saveConstruct(input: {id: "plan", title: "Plan", type: "plan", metadata: {see: "plan"}}) { construct { id } }
    b: saveConstruct(input: {id: "build", title: "Build", type: "build"}) { construct { id } }
    c: relateConstructs(input: {fromId: "plan", kind: PLAN_TO_IMPLEMENTATION, toId: "build"}) { relationship { kind } }
    d: saveSession(input: {id: "s1", constructId: "plan", agent: "planner"}) { session { id } }
    e: saveSession(input: {id: "s2", constructId: "build", agent: "builder-3", parentSessionId: "s1"}) {
        session { id } }
    f: appendMessages(input: {transcriptId: "t1", sessionId: "s1", messages: [
        {sourceId: "m1", role: USER, kind: TEXT, text: "Plan it, as plan says."}
        {sourceId: "m2", role: ASSISTANT, kind: TEXT, text: "Done.", model: "some", usage: {
            inputTokens: 7, outputTokens: 9}}]}) { transcript { id } }
    g: saveThreadSession(input: {channel: "c", threadTs: "1", sessionId: "s1"}) { thread { id } }
    h: saveJob(input: {id: "j1", kind: "plan", constructId: "plan", idempotencyKey: "once"}) { job { id } }
    i: saveJob(input: {id: "j2", kind: "plan", constructId: "build", parentId: "j1"}) { job { id } }
    j: createArtifact(input: {id: "a1", constructId: "plan", sessionId: "s1", type: "log", name: "out.txt",
        text: "What came of it."}) { artifact { id } }
    k: requestApproval(input: {id: "ap", tool: "deploy", arguments: {to: "plan"}, sessionId: "s1"}) { approval { id } }
    l: recordCost(input: {id: "c1", kind: "search", sessionId: "s1", costMicros: 5, currency: "USD"}) {
        cost { id } }
    m: saveDocument(input: {id: "d1", kind: "NOTE", title: "Plan", body: "See plan.", constructId: "plan"}) {
        document { id } }
    n: saveDeadLetter(input: {id: "dl", error: {code: "SOME", message: "No."}, entityType: "job", entityId: "j1",
        constructId: "plan"}) { deadLetter { id } }
    o: recordTransition(input: {id: "w1", workflowId: "flow", to: "begun", constructId: "plan"}) { transition { id } }
    p: emitEvent(input: {type: "idea.had", entityId: "i1", constructId: "plan"}) {
        event { id } }
    q: saveSession(input: {id: "alone", agent: "helper"}) { session { id } }
}"""

OWN = frozenset({"position", "epoch", "ingested_at_utc", "number", "key", "seq", "transcript_key"})
"""Columns in which stores differ, since each numbers by itself."""


@dataclass(frozen=True, slots=True)
class Content:
    """What an export holds.

    Attributes:
        rows: By table, each row by its columns, without those that every store numbers by itself.
        origins: Of the events: where they were first.
        exported: What the export said of itself.
    """

    rows: dict[str, list[dict[str, Any]]]
    origins: list[tuple[Any, ...]]
    exported: Exported


def fill(store: Store) -> None:
    """Write something of everything."""
    for sql, params in (
        (
            "INSERT INTO notes VALUES ('n1', 'plan', 's1', 'build', :body, 1.5, NULL, NULL)",
            {"body": '{"see":{"construct":"plan"}}'},
        ),
        ("INSERT INTO notes VALUES ('n2', 'build', NULL, 'gone', '{}', NULL, NULL, NULL)", {}),
        ("INSERT INTO note_pictures VALUES (41, 'n1', :picture)", {"picture": b"\x00\xff\x89"}),
    ):
        if sql.startswith("INSERT INTO notes VALUES ('n1'"):
            expect_data(store.graphql(WRITES))
        store.write(lambda tx, sql=sql, params=params: tx.execute(sql, params))


def no(*_arguments: Any) -> None:
    """Be told of something, and do nothing."""


def export(store: Store, target: Path, ids: Sequence[str] | None = None) -> Exported:
    """Export constructs; None: the workspace."""
    return store.read(export_to, target, ids, no, no, no)


def bring(
    store: Store,
    source: Path,
    policy: str = "FAIL",
    *,
    is_trial: bool = False,
    is_restart: bool = False,
    without: Sequence[str] = (),
) -> list[UnitOutcome]:
    """Import a file."""
    request = ImportRequest(
        on_conflict=OnConflict(policy), is_trial=is_trial, is_restart=is_restart, without=tuple(without)
    )
    with ExportFile.open_checked(source, no) as file:
        return import_export(store, file, request, no, no)


def content(store: Store, target: Path, ids: Sequence[str] | None = None) -> Content:
    """What an export of a store holds."""
    exported = export(store, target, ids)
    rows: dict[str, list[dict[str, Any]]] = {}
    origins: list[tuple[Any, ...]] = []
    with ExportFile.open_checked(target, no) as file:
        for unit in file.manifest.units:
            for member in (*unit.members, *((unit.events,) if unit.events is not None else ())):
                for values in file.rows(member):
                    row = dict(zip(member.columns, values, strict=True))
                    origins += [tuple(row.pop(name) for name in list(row) if name.startswith("origin_"))] * (
                        member is unit.events
                    )
                    own = OWN | {name for name in row if name.endswith("_position")}
                    rows.setdefault(member.table, []).append({k: v for k, v in row.items() if k not in own})
    return Content(rows, origins, exported)


def opened_id(source: Path) -> str:
    """The id of an export."""
    with ExportFile.open_checked(source, no) as file:
        return file.id


def all_rows(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table that could be changed by an import, to see that nothing was."""

    def read(snapshot: Any) -> dict[str, list[tuple[Any, ...]]]:
        names = [
            name
            for (name,) in snapshot.rows("SELECT name FROM registered_tables WHERE name <> 'leases'")
            if not name.startswith(("audit_", "artifact_folder"))
        ]
        return {name: snapshot.rows(f"SELECT * FROM {name}") for name in names}

    return store.read(read)
