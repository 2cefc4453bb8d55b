"""A third party's plugin with two folds and a mirror, and what watches it from outside.

What its folds do at an event can be changed from outside, as an author's next
release would: by variables of the environment, read at each event.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw

from synthetic.log.consumers.store import ConsumerRecord, find_consumer, request_action
from synthetic.store import Store
from synthetic.testing import open_test_store, wait_until
from thirdparty.distributions import Site, write_plugins_toml

DEADLINE_SECONDS = 20.0

MIGRATION = """
CREATE TABLE tally_sources (id TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL) STRICT;

CREATE TABLE tally_totals (
    name TEXT NOT NULL,
    parity INTEGER NOT NULL,
    total INTEGER NOT NULL CHECK (total < 1000000),
    last_id TEXT NOT NULL,
    PRIMARY KEY (name, parity)
) STRICT, WITHOUT ROWID;
CREATE INDEX tally_totals_by_total ON tally_totals (total, name);
CREATE UNIQUE INDEX tally_totals_by_name ON tally_totals (name, parity);

CREATE TABLE tally_sizes (size INTEGER PRIMARY KEY, seen INTEGER NOT NULL) STRICT;

CREATE TABLE tally_copies (id TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL, refreshes INTEGER NOT NULL) STRICT;
"""

CODE = """
import os
import time
from pathlib import Path
from typing import NamedTuple

from synthetic import EventFilter, EventType, Fold, Mirror, Selector

COUNTED = EventType(name="tally.counted", entity="tally", purpose="Something was counted; `amount`.")
WRITTEN = EventType(name="tally.written", entity="source", purpose="A source was written or removed.")
PASSED = EventType(name="tally.passed", entity="tally", purpose="Nobody wants this one.")


class Total(NamedTuple):
    name: str
    parity: int
    total: int
    last_id: str


class Size(NamedTuple):
    size: int
    seen: int


def misbehave(event):
    if event.entity_id in os.environ.get("TALLY_BUG", "").split(","):
        raise LookupError(f"secret of {event.entity_id}")
    hold = os.environ.get("TALLY_HOLD")
    if hold and event.entity_id == "hold" and not Path(hold + ".go").exists():
        Path(hold).touch()
        while not Path(hold + ".go").exists():
            time.sleep(0.01)


def add(state, event):
    misbehave(event)
    amount = event.data()["amount"] * int(os.environ.get("TALLY_FACTOR", "1"))
    key = (event.entity_id[:1], amount % 2)
    found = state.get(Total, *key) or Total(*key, 0, "")
    if amount < 0:
        state.delete(Total, *key)
    else:
        state.put(found._replace(total=found.total + amount, last_id=event.id))


def measure(state, event):
    size = len(event.entity_id)
    found = state.get(Size, size) or Size(size, 0)
    state.put(found._replace(seen=found.seen + 1))


BY_TOTAL = Selector(
    behind=lambda key, found: [EventFilter()],
    touched=lambda state, event: [(event.entity_id[:1], event.data()["amount"] % 2)],
)
BY_SIZE = Selector(
    behind=lambda key, found: [EventFilter()], touched=lambda state, event: [(len(event.entity_id),)]
)


def refresh(tx, entities):
    for _, id in entities:
        if id in os.environ.get("TALLY_BUG", "").split(","):
            raise LookupError(f"secret of {id}")
        body = tx.value("SELECT body FROM tally_sources WHERE id = :id", {"id": id})
        if body is None:
            tx.execute("DELETE FROM tally_copies WHERE id = :id", {"id": id})
        else:
            tx.execute(
                "INSERT INTO tally_copies (id, body, refreshes) VALUES (:id, :body, 1)"
                " ON CONFLICT (id) DO UPDATE SET body = excluded.body, refreshes = refreshes + 1",
                {"id": id, "body": body},
            )


def scan(snapshot, after, limit):
    rows = snapshot.rows(
        "SELECT id FROM tally_sources WHERE id > :after UNION SELECT id FROM tally_copies WHERE id > :after"
        " ORDER BY id LIMIT :limit",
        {"after": after or "", "limit": limit},
    )
    return [(id, "source", id) for (id,) in rows]


@hookimpl
def register_events():
    return (COUNTED, WRITTEN, PASSED)


@hookimpl
def register_tables():
    kept = "For a test."
    return (
        Table(name="tally_sources", purpose="Sources.", kept=kept),
        Table(name="tally_totals", purpose="Sums.", key=("name", "parity"), kept=kept),
        Table(name="tally_sizes", purpose="Sizes.", key=("size",), kept=kept),
        Table(name="tally_copies", purpose="Copies.", kept=kept),
    )


@hookimpl
def register_migrations():
    return (MigrationFolder("sample_tally"),)


@hookimpl
def register_consumers():
    version = int(os.environ.get("TALLY_VERSION", "1"))
    on_error = os.environ.get("TALLY_ON_ERROR", "stop")
    return (
        Fold(
            name="totals", purpose="Sums.", tables={"tally_totals": Total}, types=(COUNTED,), apply=add,
            selectors={"tally_totals": BY_TOTAL}, version=version, on_error=on_error,
        ),
        Fold(name="sizes", purpose="Sizes.", tables={"tally_sizes": Size}, types=(COUNTED,), apply=measure,
            selectors={"tally_sizes": BY_SIZE}),
        Mirror(
            name="copies", purpose="Copies.", types=(WRITTEN,), refresh=refresh, scan=scan, version=version,
            on_error=on_error,
        ),
    )
"""

TABLES = {"tally.totals": "tally_totals", "tally.sizes": "tally_sizes", "tally.copies": "tally_copies"}


def install(site: Site, data_dir: Path) -> None:
    """Put the plugin into a store's `plugins.toml`, beside those of this repository."""
    site.install("tally", CODE, modules={"migrations/0001_tally.sql": MIGRATION})
    write_plugins_toml(data_dir, {"tally": ""}, shipped=True)


@contextlib.contextmanager
def running(data_dir: Path) -> Iterator[Store]:
    """A store whose background work is done in this process."""
    with open_test_store(data_dir) as store:
        runner = store.kernel.services()
        runner.start()
        try:
            yield store
        finally:
            runner.stop()


def count(store: Store, *ids: str, amount: int = 1) -> int:
    """Write an event for each id, in one transaction; the position of the last."""
    import sample_tally.plugin as plugin

    def emit(tx: Any) -> int:
        for id in ids:
            tx.emit(plugin.COUNTED, id, payload={"amount": amount})
        return tx.position().number

    return store.write(emit)


def pass_by(store: Store, number: int) -> int:
    """Write events that no consumer wants; the position of the last."""
    import sample_tally.plugin as plugin

    def emit(tx: Any) -> int:
        for _ in range(number):
            tx.emit(plugin.PASSED, "nobody")
        return tx.position().number

    return store.write(emit)


def write_source(store: Store, id: str, body: str | None) -> int:
    """Write or remove a source, with its event; the position of that."""
    import sample_tally.plugin as plugin

    def write(tx: Any) -> int:
        if body is None:
            tx.execute("DELETE FROM tally_sources WHERE id = :id", {"id": id})
        else:
            tx.execute("INSERT OR REPLACE INTO tally_sources (id, body) VALUES (:id, :body)", {"id": id, "body": body})
        tx.emit(plugin.WRITTEN, id)
        return tx.position().number

    return store.write(write)


def record_of(store: Store, name: str = "tally.totals") -> ConsumerRecord:
    """The row of a consumer."""
    record = store.read(find_consumer, name)
    assert record is not None
    return record


def until_following(store: Store, position: int, *names: str) -> None:
    """Wait until consumers follow the log and have come to a position."""
    for name in names or TABLES:
        wait_until(
            lambda name=name: (
                (record := store.read(find_consumer, name)) is not None
                and record.phase == "FOLLOWING"
                and record.position >= position
            ),
            f"{name} at {position}",
        )


def until_failed(store: Store, name: str = "tally.totals") -> ConsumerRecord:
    """Wait until a consumer has failed."""
    return wait_until(
        lambda: record if (record := store.read(find_consumer, name)) and record.phase == "FAILED" else None,
        f"the failure of {name}",
    )


def ask(store: Store, action: Any, name: str = "tally.totals") -> None:
    """Ask a consumer for something."""
    store.write(request_action, name, action)


def rebuild(store: Store, *names: str) -> None:
    """Have consumers rebuilt, and wait for it."""
    for name in names or TABLES:
        before = record_of(store, name)
        ask(store, "REBUILD", name)
        wait_until(
            lambda name=name, before=before: (
                (record := record_of(store, name)).phase == "FOLLOWING"
                and record.requested is None
                and record.updated_at >= before.updated_at
                and record.position >= before.position
            ),
            f"the rebuild of {name}",
        )


def digest(store: Store, name: str = "tally.totals") -> str:
    """A hash of all rows of a consumer's table."""
    columns = "id, body" if name == "tally.copies" else "*"
    rows = store.read(lambda snapshot: sorted(snapshot.rows(f"SELECT {columns} FROM {TABLES[name]}")))
    assert rows, f"{name} holds nothing: two of that kind would be equal whatever happened"
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def rows_of(store: Store, name: str = "tally.totals") -> list[tuple[Any, ...]]:
    """All rows of a consumer's table."""
    return store.read(lambda snapshot: sorted(snapshot.rows(f"SELECT * FROM {TABLES[name]}")))


def let_lease_run_out(data_dir: Path) -> None:
    """What eight seconds do after a process was killed."""
    connection = apsw.Connection(str(data_dir / "synthetic.db"))
    connection.set_busy_timeout(10_000)
    connection.execute("UPDATE leases SET expires_at = 0")
    connection.close()
