"""What a rule deletes: the line, what belongs to a row, how much at once, and that a preview names the same."""

from __future__ import annotations

import pytest

from synthetic import NotFoundError, RetentionBatch, RetentionRule, run_retention_batch
from synthetic.contributions import Stamped
from synthetic.log.events import read_events
from synthetic.retention.batches import BATCH_ROWS, HOLD_SECONDS, preview_rule
from synthetic.retention.rules import RetentionRules, declare_rules
from synthetic.testing import ManualClock, expect_data, open_test_store
from thirdparty.distributions import write_plugins_toml

from .kit import KEEP_MS, MINUTE_MS, NOW, add_errands, counts_of, install, keys_of

LINE = NOW - KEEP_MS


def run(store, rule="errands.done") -> RetentionBatch:
    return store.write(run_retention_batch, rule)


def preview(store, rule="errands.done"):
    return store.read(lambda snapshot: preview_rule(snapshot, snapshot.resource(RetentionRules).get(rule)))


def planned(store, rule="errands.done") -> list[tuple]:
    return [(each.table, each.rows, each.action, each.sample_keys) for each in preview(store, rule).tables]


def add_construct(store, id: str) -> None:
    save = 'mutation($id: ID!) { saveConstruct(input: {id: $id, type: "t", title: "T"}) { construct { id } } }'
    expect_data(store.graphql(save, {"id": id}))


def deletions(store) -> list[tuple]:
    page = store.read(read_events, 0, 1_000)
    return [
        (event.type, event.module, event.entity_id, event.construct_id)
        for event in page.events
        if event.type.endswith(".deleted")
    ]


def test_a_row_goes_once_it_is_older_than_its_rule_keeps_it(store):
    add_errands(store, "before", done_at=LINE - MINUTE_MS)
    add_errands(store, "at", done_at=LINE)
    add_errands(store, "after", done_at=LINE + MINUTE_MS)
    assert run(store) == RetentionBatch(
        "errands.done", LINE, 1, {"parcels": 1, "stops": 1, "errands": 1}, has_more=False
    )
    assert keys_of(store, "errands") == ["after", "at"]


def test_a_preview_says_how_much_goes_and_how_old_it_is(store):
    add_errands(store, "a", done_at=LINE - 3 * MINUTE_MS)
    add_errands(store, "b", "c", done_at=LINE - MINUTE_MS)
    add_errands(store, "new", done_at=LINE + MINUTE_MS)
    before = preview(store)
    errands = before.extents["errands"]
    assert (errands.oldest_at, errands.newest_at) == (LINE - 3 * MINUTE_MS, LINE - MINUTE_MS)
    assert errands.size_bytes == 3 * len(f"aDONE{LINE}0")
    assert before.extents["parcels"].size_bytes > 0
    assert before.extents["parcels"].oldest_at is None, "parcels have no column that tells"
    batch = run(store)
    assert {table.table: table.rows for table in before.tables} == batch.tables
    assert keys_of(store, "errands") == ["new"]
    assert preview(store).extents == {}


def test_a_column_may_have_a_word_of_sql_for_its_name(store):
    add_errands(store, "a", done_at=LINE - MINUTE_MS, order="urgent")
    assert preview(store).extents["errands"].size_bytes == len(f"aDONE{LINE}0urgent")


def test_it_goes_as_soon_as_the_clock_has_come_so_far(store, clock):
    add_errands(store, "one", done_at=LINE + MINUTE_MS)
    clock.advance(MINUTE_MS)
    assert run(store).rows == 0
    clock.advance(1)
    assert run(store).rows == 1


def test_what_is_not_done_stays_however_old_it_is(store):
    add_errands(store, "no-time", done_at=None, state="OPEN", created_at=1)
    add_errands(store, "condition", done_at=1, state="OPEN")
    assert run(store).rows == 0
    assert keys_of(store, "errands") == ["condition", "no-time"]
    assert counts_of(store, "stops", "parcels") == {"stops": 2, "parcels": 2}


def test_what_belongs_to_others_stays(store):
    add_errands(store, "old", done_at=1, stops=2, parcels=3)
    add_errands(store, "new", done_at=NOW, stops=2, parcels=3)
    run(store)
    assert counts_of(store, "errands", "stops", "parcels") == {"errands": 1, "stops": 2, "parcels": 3}


def test_each_entity_that_goes_is_an_event_leaf_first(store):
    add_construct(store, "c")
    add_errands(store, "a", done_at=1, construct_id="c")
    run(store)
    assert deletions(store) == [
        ("parcel.deleted", "errands", "a-0", None),
        ("errand.deleted", "errands", "a", "c"),
    ]


def test_a_row_that_stays_loses_what_it_points_at(store):
    add_errands(store, "old", done_at=1)
    add_errands(store, "new", done_at=NOW, after_id="old")
    assert ("errands", 1, "clear", ("new",)) in planned(store)
    assert run(store).tables == {"parcels": 1, "stops": 1, "errands": 1}
    assert store.read(lambda snapshot: snapshot.rows("SELECT id, after_id FROM errands")) == [("new", None)]


def test_a_row_that_another_refuses_to_lose_is_passed_over(store):
    add_errands(store, *"abc", done_at=1)
    store.write(lambda tx: tx.execute("INSERT INTO claims VALUES ('k', 'a')"))
    found = preview(store)
    assert (found.refused, found.tables[-1].sample_keys) == (1, ("b", "c"))
    assert run(store).rows == 2
    assert keys_of(store, "errands") == ["a"]
    store.write(lambda tx: tx.execute("DELETE FROM claims"))
    assert run(store).rows == 1


def test_those_that_are_refused_do_not_hold_up_those_behind_them(store):
    add_errands(store, *(f"old{number}" for number in range(150)), done_at=1)
    store.write(lambda tx: tx.execute("INSERT INTO claims SELECT id, id FROM errands"))
    add_errands(store, "behind", done_at=2)
    assert run(store) == RetentionBatch(
        "errands.done", LINE, 1, {"parcels": 1, "stops": 1, "errands": 1}, has_more=False
    )


def test_the_oldest_go_first_a_batch_at_a_time(store):
    add_errands(store, *(f"{number:03d}" for number in range(250)), done_at=2, parcels=0)
    add_errands(store, "oldest", done_at=1)
    batches = [run(store) for _ in range(4)]
    assert [batch.rows for batch in batches] == [100, 100, 51, 0]
    assert [batch.has_more for batch in batches] == [True, True, False, False]
    assert batches[0].tables["parcels"] == 1


def test_fewer_rows_go_at_once_where_much_belongs_to_each(store):
    add_errands(store, *"abcdefgh", done_at=1, stops=100, parcels=20)
    batch = run(store)
    assert (batch.rows, batch.has_more) == (4, True)
    assert sum(batch.tables.values()) <= BATCH_ROWS
    # Each of them whole, and of the others nothing.
    assert counts_of(store, "errands", "stops", "parcels") == {"errands": 4, "stops": 400, "parcels": 80}


def test_a_row_that_owns_more_than_a_transaction_deletes_goes_with_the_last_of_several(store):
    add_errands(store, "large", done_at=1, stops=BATCH_ROWS + 10)
    add_errands(store, "small", done_at=2)
    first = run(store)
    assert (first.rows, sum(first.tables.values()), first.has_more) == (0, BATCH_ROWS, True)
    assert keys_of(store, "errands") == ["large", "small"]
    assert run(store).rows == 2
    assert counts_of(store, "errands", "stops", "parcels") == {"errands": 0, "stops": 0, "parcels": 0}


class SlowClock(ManualClock):
    """Whoever looks at it twice has taken most of the time of a transaction in between."""

    def monotonic(self) -> float:
        self._seconds += HOLD_SECONDS * 0.8
        return self._seconds


def test_a_transaction_that_takes_long_begins_with_no_more_rows(errands_dir):
    with open_test_store(errands_dir, clock=SlowClock(NOW)) as store:
        add_errands(store, *"abcdefgh", done_at=1)
        batches = [run(store) for _ in range(4)]
        assert [batch.rows for batch in batches] == [3, 3, 2, 0]
        assert [batch.has_more for batch in batches] == [True, True, False, False]
        assert counts_of(store, "errands", "stops", "parcels") == {"errands": 0, "stops": 0, "parcels": 0}


def test_a_row_that_takes_long_goes_with_the_last_of_several_transactions(errands_dir):
    with open_test_store(errands_dir, clock=SlowClock(NOW)) as store:
        add_errands(store, "large", done_at=1, stops=400, parcels=0)
        batches = [run(store)]
        while batches[-1].has_more:
            batches.append(run(store))
        assert len(batches) > 2
        assert [batch.rows for batch in batches] == [*[0] * (len(batches) - 1), 1]
        assert sum(batch.tables.get("stops", 0) for batch in batches) == 400


def test_a_preview_names_what_then_goes_and_changes_nothing(store):
    add_errands(store, *(f"{number:03d}" for number in range(120)), done_at=1, stops=2)
    add_errands(store, "stays", done_at=NOW)
    before = preview(store)
    assert preview(store) == before
    assert counts_of(store, "errands", "stops", "parcels") == {"errands": 121, "stops": 241, "parcels": 121}
    deleted: dict[str, int] = {}
    while (batch := run(store)).rows:
        for table, rows in batch.tables.items():
            deleted[table] = deleted.get(table, 0) + rows
    assert {each.table: each.rows for each in before.tables} == deleted
    assert [each.table for each in before.tables] == ["parcels", "stops", "errands"]
    assert before.tables[-1].sample_keys == tuple(f"{number:03d}" for number in range(20))
    assert preview(store).tables == ()


def test_a_table_whose_key_has_several_columns_can_have_a_rule(store):
    store.write(
        lambda tx: tx.execute("INSERT INTO visits VALUES ('a', 1, 1), ('a', 2, :now), ('b', 1, 1)", {"now": NOW})
    )
    store.write(lambda tx: tx.execute("INSERT INTO visit_notes VALUES ('x', 'b'), ('y', 'c')"))
    assert planned(store, "errands.visits") == [
        ("visit_notes", 1, "delete", ("x",)),
        ("visits", 2, "delete", ("a/1", "b/1")),
    ]
    assert run(store, "errands.visits").tables == {"visit_notes": 1, "visits": 2}
    assert store.read(lambda snapshot: snapshot.rows("SELECT place, number FROM visits")) == [("a", 2)]


def test_what_is_kept_for_ever_never_goes(site, tmp_path, clock):
    install(site, tmp_path / "store", settings="keep_done_ms = 0")
    with open_test_store(tmp_path / "store", clock=clock) as store:
        add_errands(store, "old", done_at=1)
        assert run(store) == RetentionBatch("errands.done", None, 0, {}, has_more=False)
        assert (preview(store).before, preview(store).tables) == (None, ())


def test_a_period_that_is_longer_than_all_time_deletes_nothing(site, tmp_path, clock):
    install(site, tmp_path / "store", settings=f"keep_done_ms = {10**17}")
    with open_test_store(tmp_path / "store", clock=clock) as store:
        add_errands(store, "old", done_at=0)
        assert (run(store).before, run(store).rows) == (0, 0)


def test_the_rows_of_a_plugin_that_is_not_loaded_any_more_go_with_what_they_belong_to(site, errands_dir, clock):
    site.install(
        "labels",
        """
        from synthetic import EventType, Reference

        @hookimpl
        def register_events():
            return (EventType(name="label.deleted", entity="label", purpose="A label went."),)

        @hookimpl
        def register_tables():
            return (Table(
                name="labels", purpose="Labels.", kept="A few.", deleted=register_events()[0],
                references=(Reference(column="errand_id", table="errands"),),
            ),)

        @hookimpl
        def register_migrations():
            return (MigrationFolder("sample_labels"),)
        """,
        modules={
            "migrations/0001_labels.sql": "CREATE TABLE labels (id TEXT NOT NULL PRIMARY KEY, errand_id TEXT) STRICT;"
            "CREATE INDEX labels_by_errand_id ON labels (errand_id);"
        },
    )
    write_plugins_toml(errands_dir, {"errands": "", "labels": ""}, shipped=True)
    with open_test_store(errands_dir, clock=clock) as store:
        add_errands(store, "a", done_at=1)
        store.write(lambda tx: tx.execute("INSERT INTO labels VALUES ('l', 'a'), ('m', 'b')"))
    write_plugins_toml(errands_dir, {"errands": "", "labels": "enabled = false"}, shipped=True)
    with open_test_store(errands_dir, clock=clock) as store:
        assert ("labels", 1, "delete", ("l",)) in planned(store)
        assert run(store).tables["labels"] == 1
        assert keys_of(store, "labels") == ["m"]
        assert ("label.deleted", "labels", "l", None) in deletions(store)


def test_constructs_go_one_by_one_and_each_is_named_by_all_that_goes_with_it(site, tmp_path, clock):
    """A rule over the table of constructs cannot be a third party's, so the kernel is given one here."""
    install(site, tmp_path / "store")
    with open_test_store(tmp_path / "store", clock=clock) as store:
        for id in ("c", "d"):
            add_construct(store, id)
            add_errands(store, f"of-{id}", done_at=NOW, construct_id=id)
        rule = RetentionRule(
            name="old", purpose="Old.", table="constructs", age_column="created_at", keep_setting="keep_ms"
        )
        settings = type("Kept", (), {"keep_ms": 1})()
        rules = declare_rules([Stamped("a", rule)], store.kernel.registry.tables, {"a": settings})

        def batch(tx) -> RetentionBatch:
            tx._surroundings.provide(rules)
            return run_retention_batch(tx, "a.old")

        clock.advance(MINUTE_MS)
        assert [store.write(batch).rows for _ in range(3)] == [1, 1, 0]
        named = [(entity, construct) for _, _, entity, construct in deletions(store)]
        assert sorted(named) == [
            ("c", "c"), ("d", "d"), ("of-c", "c"), ("of-c-0", "c"), ("of-d", "d"), ("of-d-0", "d"),
        ]  # fmt: skip


def test_a_rule_that_is_not_there_is_said_to_be_so(store):
    with pytest.raises(NotFoundError) as caught:
        run(store, "errands.gone")
    assert "errands.done, errands.visits" in caught.value.suggested_action
