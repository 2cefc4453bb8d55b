"""How many statements an operation costs, and which columns they read: one for each level, and no more than is asked.

SQLite itself tells the statements, by its trace, as they are run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest

from synthetic import Store, Transaction
from synthetic.testing import copy_template, expect_data, open_test_store
from synthetic_transcripts.store import get_transcript, seal_tail

CONSTRUCTS, SESSIONS, MESSAGES = 4, 3, 5
SAVE_CONSTRUCT = """
mutation ($id: ID!) { saveConstruct(input: {id: $id, type: "plan", title: "A plan"}) { created } }"""
SAVE_SESSION = """
mutation ($id: ID!, $of: ID!) { saveSession(input: {id: $id, constructId: $of, agent: "builder-3"}) { created } }"""
APPEND = """
mutation ($id: ID!, $session: ID!, $messages: [NewMessageInput!]!) {
  appendMessages(input: {transcriptId: $id, sessionId: $session, messages: $messages}) { appended }
}"""
SAVE_JOB = """
mutation ($id: ID!, $of: ID!) { saveJob(input: {id: $id, kind: "build", constructId: $of}) { created } }"""
CLAIM = 'mutation ($id: ID!) { claimJob(input: {id: $id, worker: "worker-1"}) { job { leaseToken } } }'
CHECKPOINT = """
mutation ($id: ID!, $phase: String!) {
  saveCheckpoint(input: {jobId: $id, leaseToken: 1, phase: $phase, data: {at: 1}}) { job { id } }
}"""
RELATE = """
mutation ($from: ID!, $to: ID!) { relateConstructs(input: {fromId: $from, toId: $to, kind: PARENT}) { created } }"""


class Trace:
    """The statements that SQLite has run, apart from those of every transaction."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def follow(self, connection: apsw.Connection) -> None:
        connection.trace_v2(apsw.SQLITE_TRACE_STMT, self._note)

    def _note(self, event: dict[str, str]) -> None:
        sql = event["sql"]
        if sql.split()[0] in ("SELECT", "WITH") and "sqlite_sequence" not in sql:
            self.statements.append(sql)

    def of(self, ask: Callable[[], object]) -> list[str]:
        """The statements of a call."""
        self.statements.clear()
        ask()
        return list(self.statements)

    def columns(self) -> list[set[str]]:
        """The columns that each statement gives, without those that the kernel adds to many parents' rows."""
        lists = [sql.partition(" SELECT ")[2] if sql.startswith("WITH") else sql[7:] for sql in self.statements]
        return [set(each.partition(" FROM ")[0].split(", ")) - {"each_place"} for each in lists]


@pytest.fixture(scope="module")
def traced(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Trace]]:
    """A store with a few constructs, each with sessions and jobs, and the trace of its connections."""
    trace = Trace()
    apsw.connection_hooks.append(trace.follow)
    try:
        with open_test_store(copy_template(template, tmp_path_factory.mktemp("statements") / "store")) as store:
            fill(store)
            yield store, trace
    finally:
        apsw.connection_hooks.remove(trace.follow)


def fill(store: Store) -> None:
    def ask(document: str, **variables: object) -> None:
        expect_data(store.graphql(document, variables))

    for number in range(CONSTRUCTS):
        construct = f"c{number}"
        ask(SAVE_CONSTRUCT, id=construct)
        if number:
            ask(RELATE, **{"from": "c0", "to": construct})
        for letter in "xyz"[:SESSIONS]:
            session = f"{construct}-{letter}"
            ask(SAVE_SESSION, id=session, of=construct)
            messages = [
                {"sourceId": f"m{index}", "role": "USER", "kind": "TEXT", "text": f"message {index}"}
                for index in range(MESSAGES)
            ]
            ask(APPEND, id=f"t-{session}", session=session, messages=messages)
        job = f"{construct}-job"
        ask(SAVE_JOB, id=job, of=construct)
        ask(CLAIM, id=job)
        for phase in ("scan", "parse"):
            ask(CHECKPOINT, id=job, phase=phase)


def test_constructs_sessions_transcripts_and_messages_are_one_statement_each(traced) -> None:
    store, trace = traced
    document = """{ constructs(first: 3) { nodes { title sessions(first: 2) { nodes { agent transcripts { nodes {
      messages(first: 4) { nodes { seq role text } pageInfo { hasNextPage } } } } } } } } }"""

    found: list[dict] = []
    statements = trace.of(lambda: found.append(expect_data(store.graphql(document))))

    assert len(statements) == 4, statements
    constructs = found[0]["constructs"]["nodes"]
    assert len(constructs) == 3
    for construct in constructs:
        assert [session["agent"] for session in construct["sessions"]["nodes"]] == ["builder-3"] * 2
        for session in construct["sessions"]["nodes"]:
            (transcript,) = session["transcripts"]["nodes"]
            messages = transcript["messages"]
            assert [(each["seq"], each["text"]) for each in messages["nodes"]] == [
                (seq, f"message {seq - 1}") for seq in range(1, 5)
            ]
            assert messages["pageInfo"]["hasNextPage"]


def test_constructs_jobs_and_checkpoints_are_one_statement_each(traced) -> None:
    store, trace = traced
    document = """{ constructs(first: 4) { nodes { jobs { nodes { status
      latest: checkpoint { phase } scan: checkpoint(phase: "scan") { phase data } checkpoints { phase }
      history { worker } construct { title } } } } } }"""

    found: list[dict] = []
    statements = trace.of(lambda: found.append(expect_data(store.graphql(document))))

    # Two levels of lists, and a statement for each of the five fields of the third.
    assert len(statements) == 2 + 5, statements
    for construct in found[0]["constructs"]["nodes"]:
        (job,) = construct["jobs"]["nodes"]
        assert job["latest"] == {"phase": "parse"}
        assert job["scan"] == {"phase": "scan", "data": {"at": 1}}
        assert [each["phase"] for each in job["checkpoints"]] == ["scan", "parse"]
        assert [each["worker"] for each in job["history"]] == ["worker-1"]
        assert job["construct"] == {"title": "A plan"}


def test_links_parents_and_children_are_one_statement_each_and_so_are_their_totals(traced) -> None:
    store, trace = traced
    document = """{ constructs { nodes { id
      relationships { totalCount nodes { toConstruct { id } } } children(first: 2) { totalCount nodes { id } }
      parents { nodes { id } } } } }"""

    found: list[dict] = []
    statements = trace.of(lambda: found.append(expect_data(store.graphql(document))))

    assert len(statements) == 1 + 3 + 2 + 1, statements
    by_id = {each["id"]: each for each in found[0]["constructs"]["nodes"]}
    assert by_id["c0"]["children"] == {"totalCount": 3, "nodes": [{"id": "c1"}, {"id": "c2"}]}
    assert by_id["c0"]["relationships"]["totalCount"] == 3
    assert by_id["c2"]["parents"] == {"nodes": [{"id": "c0"}]}
    assert by_id["c2"]["relationships"]["nodes"] == [{"toConstruct": {"id": "c2"}}]


def test_only_the_columns_that_are_asked_for_are_read(traced) -> None:
    store, trace = traced

    trace.of(lambda: expect_data(store.graphql("{ sessions(first: 2) { nodes { agent status } } }")))
    assert trace.columns() == [{"agent", "status"}]
    trace.of(lambda: expect_data(store.graphql("{ jobs(first: 2) { edges { node { kind } } nodes { priority } } }")))
    assert trace.columns() == [{"kind", "priority"}]
    trace.of(lambda: expect_data(store.graphql('{ session(id: "c1-x") { title } }')))
    assert trace.columns() == [{"title"}]
    trace.of(lambda: expect_data(store.graphql("{ constructs { nodes { sessions { nodes { version } } } } }")))
    assert trace.columns() == [{"id"}, {"version"}]
    trace.of(lambda: expect_data(store.graphql("{ sessions { nodes { construct { type } } } }")))
    assert trace.columns() == [{"construct_id"}, {"type", "id"}]


def test_of_an_entity_that_is_found_by_its_id_only_what_is_asked_of_its_type_is_read(traced) -> None:
    store, trace = traced
    selection = "id ... on Session { agent construct { title } } ... on Construct { type } ... on Job { kind }"

    trace.of(lambda: expect_data(store.graphql(f'{{ node(id: "Session:c1-x") {{ {selection} }} }}')))
    assert trace.columns() == [{"id", "agent", "construct_id"}, {"title", "id"}]

    found: list[dict] = []
    statements = trace.of(lambda: found.append(expect_data(store.graphql(f'{{ node(id: "c1") {{ {selection} }} }}'))))
    assert found == [{"node": {"id": "c1", "type": "plan"}}]
    read = {
        sql.split(" FROM ")[1].split()[0]: columns for sql, columns in zip(statements, trace.columns(), strict=True)
    }
    assert read["constructs"] == {"id", "type"}
    assert read["sessions"] == {"id", "agent", "construct_id"}
    assert read["sync_jobs"] == {"id", "kind"}
    assert read["domain_events"] == read["ingest_files"] == read["job_schedules"] == {"id"}


def test_the_columns_of_the_order_are_read_for_cursors_alone(traced) -> None:
    store, trace = traced
    order = {"started_at", "id"}

    for selection in ("edges { cursor node { agent } }", "pageInfo { endCursor } nodes { agent }"):
        trace.of(lambda selection=selection: expect_data(store.graphql(f"{{ sessions {{ {selection} }} }}")))
        assert trace.columns() == [{"agent"} | order]
    trace.of(lambda: expect_data(store.graphql("{ sessions { pageInfo { hasNextPage } nodes { agent } } }")))
    assert trace.columns() == [{"agent"}]


def test_queries_that_are_merged_read_the_columns_of_the_order_to_merge_by_them(traced) -> None:
    store, trace = traced
    document = "{ sessions(filter: {status: [ACTIVE, FAILED]}) { totalCount nodes { agent } } }"

    first, count = trace.of(lambda: expect_data(store.graphql(document)))

    assert trace.columns()[0] == {"agent", "started_at", "id"}
    assert first.count("SELECT") == 2
    assert count.count("SELECT count(*)") == 2


def test_what_is_counted_is_not_read(traced) -> None:
    store, trace = traced

    (statement,) = trace.of(lambda: expect_data(store.graphql("{ sessions { totalCount } }")))

    assert statement == "SELECT (SELECT count(*) FROM sessions)"


def test_the_bodies_of_messages_are_read_where_they_are_selected(traced) -> None:
    store, trace = traced
    document = '{ transcript(id: "t-c0-x") { messages { nodes { %s } } } }'

    for selection, is_read in (("seq role usage { inputTokens }", False), ("text", True), ("metadata", True)):
        _, statement = trace.of(lambda each=selection: expect_data(store.graphql(document % each)))
        assert ("m.body" in statement) == is_read


def test_sealed_messages_of_many_transcripts_are_read_by_one_statement_more(traced) -> None:
    store, trace = traced
    document = "{ transcripts { nodes { messages(last: 2) { nodes { seq text } } } } }"
    unsealed = expect_data(store.graphql(document))

    def seal(tx: Transaction) -> None:
        for number in range(CONSTRUCTS):
            seal_tail(tx, get_transcript(tx, f"t-c{number}-y"))

    store.write(seal)
    found: list[dict] = []
    statements = trace.of(lambda: found.append(expect_data(store.graphql(document))))
    again = trace.of(lambda: expect_data(store.graphql(document)))

    assert found == [unsealed]
    assert len(statements) == 3, statements
    assert len(again) == 2, again
