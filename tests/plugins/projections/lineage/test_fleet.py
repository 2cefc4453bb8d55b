"""A made-up fleet, whole: what selectors give makes each row, the log makes each table, and timelines lack nothing.

Whoever adds a fold has it looked at here.
"""

from __future__ import annotations

import pytest

from kernel.demo.kit import make
from synthetic import Window, from_json
from synthetic.log.consumers.loaded import LoadedFolds
from synthetic.log.consumers.store import find_consumer
from synthetic.log.drift.refolding import OneSnapshot, compare_whole
from synthetic.log.drift.sampling import compare_sample
from synthetic.testing import expect_data, open_test_store, wait_until
from synthetic_projections.lineage.store import list_entries, order_of

ATTACH = """
mutation ($constructId: ID, $ifVersion: Int) { saveSession(input: {
  id: "mover", constructId: $constructId, startedAt: "2026-01-01T00:00:00Z", ifVersion: $ifVersion
}) { created } }
"""
ROWS = 12
EVENTS = "SELECT position, occurred_at_utc, construct_id, payload FROM domain_events"
WINDOW = Window(size=100_000, backward=False, after=None, before=None)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    """The store of a small demo, with all folds at the end of the log, of which most is in the archive."""
    path = tmp_path_factory.mktemp("fleet") / "store"
    make(path)
    with open_test_store(path) as store:
        # What is still in the log is to name a construct, too.
        for version, (id,) in enumerate(
            store.read(lambda snapshot: snapshot.rows("SELECT id FROM constructs LIMIT 2"))
        ):
            expect_data(store.graphql(ATTACH, {"constructId": id, "ifVersion": version or None}))
        background = store.kernel.services()
        background.start()
        head = store.read(lambda snapshot: snapshot.position().number)
        for name in store.read(lambda snapshot: list(snapshot.resource(LoadedFolds).folds)):
            wait_until(
                lambda name=name: (found := store.read(find_consumer, name)) is not None and found.position >= head,
                f"{name} at the end of the log",
                seconds=120,
            )
        background.stop()
        yield store


def test_the_whole_log_makes_every_fold_as_it_is(fleet):
    for consumer in fleet.read(lambda snapshot: snapshot.resource(LoadedFolds)).folds.values():
        found = fleet.read(lambda snapshot, consumer=consumer: compare_whole(OneSnapshot(snapshot), consumer))
        assert found is not None
        assert found.differing == 0, (consumer.name, found.first)


@pytest.mark.parametrize("rows", [ROWS, pytest.param(20 * ROWS, marks=pytest.mark.full)])
def test_what_a_selector_gives_makes_each_row_as_it_is(fleet, rows):
    for consumer in fleet.read(lambda snapshot: snapshot.resource(LoadedFolds)).folds.values():
        found = fleet.read(lambda snapshot, consumer=consumer: compare_sample(snapshot, consumer, {}, rows))
        assert found is not None
        assert found.comparison.differing == 0, consumer.name
        assert found.comparison.rows, f"no row of {consumer.name} was compared"


def test_a_timeline_has_every_event_that_belongs_to_the_construct_or_names_it(fleet):
    events = fleet.read(lambda snapshot: snapshot.rows(EVENTS))
    ids = {id for (id,) in fleet.read(lambda snapshot: snapshot.rows("SELECT id FROM constructs"))}
    expected: dict[str, list] = {id: [] for id in ids}
    for position, at, construct_id, payload in events:
        named = {each for each in from_json(payload).values() if isinstance(each, str)} | {construct_id}
        for id in named & ids:
            expected[id].append((at, position))
    reader = lambda snapshot, id: list_entries(snapshot, id, order_of(descending=False), WINDOW)  # noqa: E731
    found = {id: [(row[12], row[0]) for row in fleet.read(reader, id)] for id in ids}
    assert found == {id: sorted(entries) for id, entries in expected.items()}
    assert fleet.read(lambda snapshot: snapshot.value("SELECT count(*) FROM timeline_mentions")) > 0
