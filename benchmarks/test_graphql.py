"""GraphQL costs about what SQL by hand does: CPU of the server for each request over HTTP.

The limit (`graphql_by_hand`) is another process under the same server settings
(`graphql_servers` says what these are), which gives the same `data` from the
same store. Rounds of both alternate, and the median of their ratios counts. A
figure is user and kernel time of the whole process, so it has the sockets and
the protocol of both in it, and the access log, checks and metrics of ours.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import orjson
import pytest
from graphql import execute, parse, validate

from synthetic.clock import SystemClock
from synthetic.database.interruption import Interruption
from synthetic.database.snapshot import Snapshot
from synthetic.graphql.context import OperationContext
from synthetic.security.gate import ANONYMOUS
from synthetic.store import Store
from synthetic.testing import expect_data, open_test_store

from .graphql_client import Client
from .graphql_data import fill_store
from .graphql_servers import Process, serving
from .promises import Promise, in_bytes, in_time

ROUNDS = 21
ROUND_SECONDS = 0.25
"""About so long a round of ours takes; of the others there are as many requests."""

PLAIN = """
query ($first: Int!) {
  jobs(first: $first) {
    nodes { id userId projectId constructId kind key command priority progress phase }
  }
}
"""
TYPED = """
query ($first: Int!) {
  jobs(first: $first) {
    nodes { id kind status onLapse priority progress createdAt startedAt completedAt updatedAt }
  }
}
"""
ONE = "query ($id: ID!) { job(id: $id) { id kind key priority progress } }"
TREE = """
query {
  constructs(first: 50) {
    nodes {
      id
      title
      status
      sessions(first: 10) {
        nodes {
          id
          agent
          title
          transcripts(first: 5) { nodes { id messageCount messages(first: 10) { nodes { seq role kind text } } } }
        }
      }
    }
  }
}
"""
LEVELS = 4
"""Of `TREE`: constructs, sessions, transcripts, messages."""

LARGE = 10_000
NEW_DOCUMENTS = 60


class Asked(NamedTuple):
    """One question, and where it is answered by hand."""

    query: str
    path: str
    variables: dict[str, Any]


class Servers(NamedTuple):
    """The processes that are compared."""

    ours: Process
    by_hand: Process


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("graphql") / "store"
    fill_store(path)
    return path


@pytest.fixture(scope="module")
def servers(directory: Path) -> Iterator[Servers]:
    with serving("ours", directory) as ours, serving("by-hand", directory) as by_hand:
        ours.wait_until_idle()
        yield Servers(ours, by_hand)


def client(process: Process, path: str, asked: Asked) -> Client:
    return Client(process.address, path, {"query": asked.query, "variables": asked.variables}, process.token)


def cpu_seconds(process: Process, one: Client, requests: int) -> float:
    before = process.cpu_seconds()
    one.repeat(requests)
    return (process.cpu_seconds() - before) / requests


def compare(
    ours: tuple[Process, Client], limit: tuple[Process, Client], *, rounds: int = ROUNDS
) -> tuple[float, float, float]:
    """CPU seconds of a request, ours and the limit's, and the median of their ratios."""
    # Both answer until nothing is new to them any more: plans, prepared statements, memory.
    cpu_seconds(*ours, 64), cpu_seconds(*limit, 64)
    requests = max(8, round(ROUND_SECONDS / cpu_seconds(*ours, 64) / 8) * 8)
    pairs = [(cpu_seconds(*ours, requests), cpu_seconds(*limit, requests)) for _ in range(rounds)]
    mine, theirs = (statistics.median(each) for each in zip(*pairs, strict=True))
    return mine, theirs, statistics.median(one / other for one, other in pairs)


def compare_by_hand(servers: Servers, asked: Asked) -> tuple[float, float, float]:
    with client(servers.ours, "/graphql", asked) as ours, client(servers.by_hand, asked.path, asked) as by_hand:
        assert ours.ask()["data"] == by_hand.ask()["data"]
        return compare((servers.ours, ours), (servers.by_hand, by_hand))


@pytest.mark.parametrize(
    ("name", "asked", "at_most"),
    [
        ("100 jobs x 10 fields", Asked(PLAIN, "/plain", {"first": 100}), 1.1),
        ("100 jobs x 10 fields, enums and DateTimes among them", Asked(TYPED, "/typed", {"first": 100}), 1.4),
        ("one job by id, 5 fields", Asked(ONE, "/one", {"id": "job-000005"}), 1.5),
        ("50 constructs, their sessions, 10 messages of each", Asked(TREE, "/tree", {}), 1.5),
        ("10,000 jobs x 10 fields", Asked(PLAIN, "/plain", {"first": LARGE}), 1.5),
    ],
)
@pytest.mark.timeout(1_800)
def test_a_query_over_http_costs_what_sql_by_hand_does(
    servers: Servers, promise: Callable[[Promise], None], name: str, asked: Asked, at_most: float
):
    mine, theirs, ratio = compare_by_hand(servers, asked)
    promise(Promise(f"GraphQL over HTTP, {name}, CPU", in_time(mine), in_time(theirs), ratio, at_most=at_most))


@pytest.mark.timeout(1_800)
def test_a_query_over_http_costs_a_fraction_of_what_it_costs_with_strawberrys_executor(
    servers: Servers, directory: Path, promise: Callable[[Promise], None]
):
    asked = Asked(PLAIN, "/graphql", {"first": 100})
    with (
        serving("strawberry", directory) as strawberry,
        client(servers.ours, "/graphql", asked) as ours,
        client(strawberry, "/graphql", asked) as theirs,
    ):
        assert ours.ask()["data"] == theirs.ask()["data"]
        mine, others, ratio = compare((servers.ours, ours), (strawberry, theirs), rounds=9)
    promise(
        Promise(
            "GraphQL over HTTP, 100 jobs x 10 fields, Strawberry's executor by ours, CPU",
            in_time(mine),
            in_time(others),
            1 / ratio,
            at_least=12,
        )
    )


@pytest.mark.timeout(1_800)
def test_a_large_answer_takes_little_memory(directory: Path, promise: Callable[[Promise], None]):
    # Of new processes, so that neither has memory left over that it needed for something else.
    asked = Asked(PLAIN, "/plain", {"first": LARGE})
    peaks: list[int] = []
    for kind, path in (("ours", "/graphql"), ("by-hand", asked.path)):
        with serving(kind, directory) as process, client(process, path, asked) as one:
            before = process.memory_bytes("VmRSS")
            process.forget_peak()
            one.ask()
            peaks.append(process.memory_bytes("VmHWM") - before)
    mine, theirs = peaks
    promise(
        Promise(
            "GraphQL over HTTP, 10,000 jobs x 10 fields, memory for the first request",
            in_bytes(mine),
            in_bytes(theirs),
            mine / theirs,
            at_most=2,
        )
    )


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that a connection which is opened from now on begins."""
    found: list[str] = []

    def follow(connection: apsw.Connection) -> None:
        connection.trace_v2(apsw.SQLITE_TRACE_STMT, lambda event: found.append(event["sql"]))

    monkeypatch.setattr(apsw, "connection_hooks", [*apsw.connection_hooks, follow])
    return found


def test_each_level_of_a_query_is_one_statement(
    statements: list[str], directory: Path, promise: Callable[[Promise], None]
):
    with open_test_store(directory) as store:
        expect_data(store.graphql(TREE))
        statements.clear()
        expect_data(store.graphql(TREE))
    selects = [sql for sql in statements if sql.lstrip().startswith(("SELECT", "WITH"))]
    promise(
        Promise(
            f"GraphQL, statements for {LEVELS} levels",
            str(len(selects)),
            str(LEVELS),
            len(selects) / LEVELS,
            at_most=1,
        )
    )


def execute_with_graphql_core(store: Store, document: str) -> object:
    """Parse, validate and execute, as graphql-core does by itself."""
    schema = store.kernel.schema
    parsed = parse(document)
    assert not validate(schema, parsed)
    clock = SystemClock()
    watch = Interruption(clock, clock.monotonic() + 30)

    def run(snapshot: Snapshot) -> object:
        context = OperationContext(store.kernel.database, ANONYMOUS, "", watch)
        context.enter(snapshot)
        result = execute(schema, parsed, context_value=context)
        context.leave()
        return result.data  # pyright: ignore[reportAttributeAccessIssue]

    return store.read(run)


def test_a_new_document_costs_what_graphql_core_takes_for_it(directory: Path, promise: Callable[[Promise], None]):
    def document(number: int) -> str:
        return PLAIN.replace("query ($first: Int!)", f"query New{number}").replace("$first", "100")

    pairs: list[tuple[float, float]] = []
    with open_test_store(directory) as store:
        for number in range(NEW_DOCUMENTS):
            new = document(number)
            started = time.thread_time()
            mine = expect_data(store.graphql(new))
            between = time.thread_time()
            theirs = execute_with_graphql_core(store, new)
            ended = time.thread_time()
            assert orjson.loads(orjson.dumps(theirs)) == mine
            pairs.append((between - started, ended - between))
    ours, limit = (statistics.median(each) for each in zip(*pairs[5:], strict=True))
    promise(
        Promise(
            "GraphQL, a document for the first time, by graphql-core's parse, validate and execute, CPU",
            in_time(ours),
            in_time(limit),
            statistics.median(one / other for one, other in pairs[5:]),
            at_most=1.3,
        )
    )
