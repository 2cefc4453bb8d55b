"""What selectors give is enough: folded alone, the events behind a row make that row, and they find it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugins.projections.costs.kit import PRICES, TABLES, Fleet, busy, consumer_of, fold
from plugins.projections.costs.reusing import Reusing, reuse
from synthetic import Event, EventFilter, Store, to_json
from synthetic.log.consumers.loaded import fold_in
from synthetic.log.lineage.behind import find_behind
from synthetic.testing import open_test_store
from synthetic_projections.costs.selectors import SELECTORS

EMPTY = "__empty"


def test_behind_a_session_that_no_event_places_there_is_nothing_but_the_session():
    for table, key in (("cost_sessions", ("s",)), ("cost_rollups", ("SESSION", "s", 0, 0, "", "", "", "USAGE"))):
        (only,) = SELECTORS[table].behind(key, ())
        assert only == EventFilter(entity_type="session", entity_id="s")


def test_what_is_behind_a_project_is_looked_for_once_however_often_sessions_moved():
    constructs, sessions = [f"c{number}" for number in range(20)], [f"s{number}" for number in range(20)]
    found = [event("construct.saved", id, id, projectId="p") for id in constructs]
    found += [event("session.saved", id, into, constructId=into) for id in sessions for into in constructs]
    filters = list(SELECTORS["cost_rollups"].behind(("PROJECT", "p", 0, 0, "", "", "", "USAGE"), found))
    # Of a construct what it is about and what is in it, of a session that and what it has spent in each of them.
    assert len(filters) == 2 + 2 * 20 + 20 * (1 + 20)
    assert len(set(filters)) == len(filters)


def event(type_: str, id: str, construct_id: str, **payload: Any) -> Event:
    return Event(
        position=1, epoch="0", id="e", type=type_, module="test", construct_id=construct_id,
        entity_type=type_.partition(".")[0], entity_id=id, payload=to_json(payload), actor="test",
        correlation_id="r", causation_id=None, occurred_at_utc=1, ingested_at_utc=1,
    )  # fmt: skip


def busy_fleet(store: Store) -> None:
    # Within a few hours, so that many events share a row.
    busy(Fleet(store), seed=7, steps=9, begin=1_768_400_000_000, end=1_768_410_000_000)


def reusing_fleet(store: Store) -> None:
    reuse(Reusing(store), seed=2, steps=50, begin=1_768_400_000_000, end=1_768_403_000_000)


@pytest.mark.parametrize("make", [busy_fleet, reusing_fleet])
def test_the_events_behind_a_row_make_the_row_and_find_it(data_dir: Path, make: Callable[[Store], None]):
    (data_dir / "mine.toml").write_text(PRICES)
    with open_test_store(data_dir, settings={"plugins.projections.prices": "mine.toml"}) as store:
        make(store)
        fold(store)
        consumer: Any = consumer_of(store)

        def look(tx: Any) -> Counter[str]:
            seen: Counter[str] = Counter()
            for table in consumer.tables:
                for row in tx.records(table.record, f"SELECT {', '.join(table.columns)} FROM {table.name}"):
                    key = tuple(row[: len(table.key)])
                    behind = find_behind(tx, consumer, table, key)
                    assert not behind.has_more
                    made = consumer.state(tx, lambda name: f"{name}{EMPTY}")
                    fold_in(consumer, made, behind.events)
                    assert made.get(table.record, *key) == row, (table.name, key)
                    touched, state = consumer.record.selectors[table.name].touched, consumer.state(tx)
                    # For whom was spent under an id that was used again is told by no event any more.
                    if make is busy_fleet or table.name != "cost_rollups" or key[0] in ("ALL", "SESSION"):
                        assert any(key in tuple(touched(state, event)) for event in behind.events), (table.name, key)
                    seen[table.name if table.name != "cost_rollups" else key[0]] += 1
            return seen

        def with_empty_tables(tx: Any) -> Counter[str]:
            for table in TABLES:
                tx.execute(f"CREATE TEMP TABLE {table}{EMPTY} AS SELECT * FROM {table} WHERE FALSE")
            try:
                return look(tx)
            finally:
                for table in TABLES:
                    tx.execute(f"DROP TABLE temp.{table}{EMPTY}")

        seen = store.write(with_empty_tables)
    without = {"cost_settled"} if make is busy_fleet else set[str]()
    assert set(seen) == {"ALL", "AGENT", "PROJECT", "CONSTRUCT", "SESSION", *TABLES} - {"cost_rollups"} - without
