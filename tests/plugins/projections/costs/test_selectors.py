"""What selectors give is enough: folded alone, the events behind a row make that row, and they find it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from plugins.projections.costs.kit import PRICES, TABLES, Fleet, busy, consumer_of, fold
from synthetic import EventFilter
from synthetic.log.consumers.loaded import fold_in
from synthetic.log.lineage.behind import find_behind
from synthetic.testing import open_test_store
from synthetic_projections.costs.selectors import SELECTORS

EMPTY = "__empty"


def test_behind_a_session_that_no_event_places_there_is_nothing_but_the_session():
    for table, key in (("cost_sessions", ("s",)), ("cost_rollups", ("SESSION", "s", 0, 0, "", "", "", "USAGE"))):
        (only,) = SELECTORS[table].behind(key, ())
        assert only == EventFilter(entity_type="session", entity_id="s")


def test_the_events_behind_a_row_make_the_row_and_find_it(data_dir: Path):
    (data_dir / "mine.toml").write_text(PRICES)
    with open_test_store(data_dir, settings={"plugins.projections.prices": "mine.toml"}) as store:
        # Within a few hours, so that many events share a row.
        busy(Fleet(store), seed=7, steps=9, begin=1_768_400_000_000, end=1_768_410_000_000)
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
    assert set(seen) == {"ALL", "AGENT", "PROJECT", "CONSTRUCT", "SESSION", *TABLES} - {"cost_rollups"}
