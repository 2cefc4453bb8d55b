"""Read models at a million events, ten million with `--full`: how fast they are folded, how long a rebuild takes, how
large they are, how far they lag behind steady writes, and what a query costs when the log is ten times as long.

The logs are equally dense (a hundred sessions a day), so a window of thirty
days holds as much of the long one as of the short one: what a query costs more
there, it pays for the length of the log.
"""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import NamedTuple

import pytest

from synthetic import Snapshot, SystemClock, Transaction, iso_from_ms
from synthetic.log.consumers.store import (
    ConsumerRecord,
    find_consumer,
    find_next_event_at,
    list_consumers,
    request_action,
)
from synthetic.store import Store, open_store
from synthetic.testing import expect_data, open_test_store, running_server, wait_until
from synthetic_sessions.store import save_session
from synthetic_transcripts.store import (
    MessageKind,
    MessageRole,
    NewMessage,
    NewTranscript,
    Usage,
    append_messages,
    ensure_transcript,
)

from .fleet_log import APART_MS, EVENTS_OF_SESSION, MODELS, write_log
from .promises import Comparison, Promise, in_bytes, in_time

pytestmark = pytest.mark.timeout(24 * 3_600)

EVENTS = 1_000_000
FULL_EVENTS = 10_000_000
TIMES = 10
HOURS_MAX_SECONDS = 6 * 3_600.0
WRITES_PER_SECOND = 500
WRITES_OF_SESSION = 16
LAG_SECONDS = 20.0
FULL_LAG_SECONDS = 120.0
LAG_MS_MAX = 1_000
DAY_MS = 86_400_000
QUERIES = {
    "agentMetrics, 30 days": """
      { agentMetrics(from: "%(from)s", to: "%(to)s", first: 20) {
          nodes { agent totals { runs failureRate durations { p95Ms } } } } }""",
    "agentMetrics, a series of 30 days": """
      { agentMetrics(from: "%(from)s", to: "%(to)s", filter: {works: [SESSION]}, first: 3) {
          nodes { series(bucket: DAY) { from numbers { runs failed } } } } }""",
    "agentOutliers, the last 50": "{ agentOutliers(first: 50) { nodes { runId score value median } } }",
    "costs by model, 30 days": """
      { costs(groupBy: [MODEL], from: "%(from)s", to: "%(to)s") { inputTokens outputTokens costMicros currency } }""",
    "costs by project and model, ever": """
      { costs(groupBy: [PROJECT, MODEL]) { keys inputTokens outputTokens costMicros currency } }""",
    "costs of an agent by source, ever": """
      { costs(groupBy: [SOURCE], filter: {agents: ["agent-1"]}) { key costMicros currency } }""",
    "workflows, the last 50": "{ workflows(first: 50) { nodes { id state } } }",
    "timeline of a construct": """
      { timeline(constructId: "%(construct)s", first: 50) { nodes { title occurredAt } } }""",
}


class Made(NamedTuple):
    """A store with a log of which all was folded."""

    directory: Path
    events: int


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory, is_full: bool) -> tuple[Made, Made]:
    """A long log, and one of a tenth; nothing is folded yet."""
    events = FULL_EVENTS if is_full else EVENTS
    made: list[Made] = []
    for name, count in (("long", events), ("short", events // TIMES)):
        directory = tmp_path_factory.mktemp(name) / "store"
        with open_test_store(directory) as store:
            write_log(store, count, SystemClock().now_ms())
        made.append(Made(directory, count))
    return made[0], made[1]


@contextlib.contextmanager
def at_work(store: Store) -> Generator[None]:
    """The background work of the store's process."""
    background = store.kernel.services()
    background.start()
    try:
        yield
    finally:
        background.stop()


def folds_of(store: Store) -> list[str]:
    return [each.name for each in store.kernel.consumers if each.kind == "FOLD"]


def has_caught_up(snapshot: Snapshot, name: str) -> bool:
    record = find_consumer(snapshot, name)
    return (
        record is not None
        and record.phase == "FOLLOWING"
        and record.requested is None
        and bool(record.fingerprint)
        and find_next_event_at(snapshot, record) is None
    )


def until_caught_up(store: Store, names: list[str]) -> None:
    for name in names:
        wait_until(lambda name=name: store.read(has_caught_up, name), name, seconds=HOURS_MAX_SECONDS)


def size_of(snapshot: Snapshot, record: ConsumerRecord) -> int:
    """Bytes of a fold's tables and their indexes."""
    return sum(
        snapshot.value(
            "SELECT sum(d.pgsize) FROM sqlite_schema AS s JOIN dbstat AS d ON d.name = s.name AND d.aggregate = TRUE"
            " WHERE s.tbl_name = :table",
            {"table": table},
        )
        or 0
        for table in record.table_names
    )


def count_events(snapshot: Snapshot, record: ConsumerRecord) -> int:
    """How many events a fold is given; one that names no types is given all."""
    return snapshot.value(
        "SELECT count(*) FROM domain_events WHERE :types = '[]' OR type IN (SELECT value FROM json_each(:types))",
        {"types": record.types},
    )


def figure(name: str, ours: str) -> Promise:
    return Promise(name, ours, "", 1.0)


def test_folds_are_made_from_the_whole_log(logs: tuple[Made, Made], promise: Callable[[Promise], None]):
    long, short = logs
    for made in (short, long):
        with open_test_store(made.directory) as store:
            started = time.perf_counter()
            with at_work(store):
                until_caught_up(store, folds_of(store))
            seconds = time.perf_counter() - started
            log = store.read(lambda snapshot: snapshot.value("SELECT sum(pgsize) FROM dbstat WHERE aggregate = TRUE"))
            name = f"all folds from {made.events:,} events, together"
            promise(figure(name, in_time(seconds)))
            promise(figure(f"{name}: rate", f"{made.events / seconds:,.0f}/s"))
            promise(figure(f"the store of {made.events:,} events", in_bytes(log)))


def test_each_fold_is_rebuilt_alone(logs: tuple[Made, Made], promise: Callable[[Promise], None]):
    long, _ = logs
    with open_test_store(long.directory) as store, at_work(store):
        names = folds_of(store)
        until_caught_up(store, names)
        for name in names:
            started = time.perf_counter()
            store.write(request_action, name, "REBUILD")
            until_caught_up(store, [name])
            seconds = time.perf_counter() - started
            record = store.read(find_consumer, name)
            assert record is not None
            events, size = store.read(count_events, record), store.read(size_of, record)
            promise(figure(f"rebuild of {name}, from {events:,} events", in_time(seconds)))
            promise(figure(f"rebuild of {name}: rate", f"{events / seconds:,.0f}/s"))
            promise(figure(f"size of {name}", in_bytes(size)))


def lags_of(snapshot: Snapshot, names: list[str]) -> dict[str, int]:
    """How far each fold is behind, in milliseconds."""
    lags: dict[str, int] = {}
    for record in list_consumers(snapshot):
        if record.name in names:
            at = find_next_event_at(snapshot, record)
            lags[record.name] = 0 if at is None else max(0, snapshot.now - at)
    return lags


def test_folds_lag_less_than_a_second_behind_steady_writes(
    logs: tuple[Made, Made], promise: Callable[[Promise], None], is_full: bool
):
    long, _ = logs
    seconds = FULL_LAG_SECONDS if is_full else LAG_SECONDS
    # The server folds; this process writes and looks.
    with running_server(long.directory), open_store(long.directory) as store:
        names = folds_of(store)
        until_caught_up(store, names)
        seen: dict[str, list[int]] = {name: [] for name in names}
        started, written, looked_at = time.perf_counter(), 0, 0.0
        while (elapsed := time.perf_counter() - started) < seconds:
            due = int(elapsed * WRITES_PER_SECOND)
            while written < due:
                store.write(_save, f"steady-{started}-{written // WRITES_OF_SESSION}", written)
                written += 1
            if elapsed - looked_at > 0.05:
                looked_at = elapsed
                for name, lag in store.read(lags_of, names).items():
                    seen[name].append(lag)
            time.sleep(0.001)
    rate = written / seconds
    limit, ratio = f"{WRITES_PER_SECOND}/s", rate / WRITES_PER_SECOND
    promise(Promise("writes while the lag was measured", f"{rate:,.0f}/s", limit, ratio, at_least=0.98))
    for name, lags in seen.items():
        worst, p99 = max(lags), statistics.quantiles(lags, n=100, method="inclusive")[98]
        label = f"lag of {name} at {WRITES_PER_SECOND} writes/s, p99 {p99:,.0f} ms, longest"
        promise(Promise(label, f"{worst:,} ms", f"{LAG_MS_MAX:,} ms", worst / LAG_MS_MAX, at_most=1))


def _save(tx: Transaction, id: str, number: int) -> None:
    """Append a message with usage, which is what folds have most to do with; now and then to a new session."""
    if number % WRITES_OF_SESSION == 0:
        save_session(tx, {"agent": f"agent-{number % 12}"}, session_id=id)
        ensure_transcript(tx, NewTranscript(id=id, session_id=id))
    said = NewMessage(
        source_id=str(number),
        role=MessageRole.ASSISTANT,
        kind=MessageKind.TEXT,
        text="x",
        model=MODELS[number % len(MODELS)],
        usage=Usage(1_000, 100, 10, 1),
    )
    append_messages(tx, id, [said])


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_costs_the_same_when_the_log_is_ten_times_as_long(
    name: str, logs: tuple[Made, Made], compare: Comparison
):
    stores: list[Callable[[], object]] = []
    with contextlib.ExitStack() as opened:
        for made in logs:
            store = opened.enter_context(open_test_store(made.directory))
            with at_work(store):
                until_caught_up(store, folds_of(store))
            end = store.read(lambda snapshot: snapshot.value("SELECT max(occurred_at_utc) FROM domain_events"))
            sessions = made.events // EVENTS_OF_SESSION
            assert sessions * APART_MS > 31 * DAY_MS, "the short log has to hold the window"
            document = QUERIES[name] % {
                "from": iso_from_ms(end - 31 * DAY_MS),
                "to": iso_from_ms(end - DAY_MS),
                "construct": f"c{sessions // 8}",
            }
            stores.append(lambda store=store, document=document: expect_data(store.graphql(document)))
        long, short = stores
        compare(f"{name}, {TIMES} times the log", ours=long, limit=short, at_most=1.2)
