"""Real transcripts whose sessions move between constructs: timelines lack nothing, rows are what events make them."""

from __future__ import annotations

from pathlib import Path

from plugins.ingest.kit import ingest
from synthetic import Window, from_json
from synthetic.log.consumers.loaded import LoadedFolds
from synthetic.log.consumers.store import has_reached
from synthetic.log.drift.refolding import compare_whole
from synthetic.log.drift.sampling import compare_sample
from synthetic.testing import expect_data, open_test_store, wait_until
from synthetic_projections.lineage.store import list_entries, order_of

SAVE = 'mutation ($id: ID!) { saveConstruct(input: {id: $id, type: "task", title: "A task"}) { created } }'
MOVE = """
mutation ($id: ID!, $to: ID!, $agent: String, $version: Int!) {
  saveSession(input: {id: $id, constructId: $to, agent: $agent, ifVersion: $version}) { created }
}
"""
CONSTRUCTS = ("plan", "build")
WINDOW = Window(size=100_000, backward=False, after=None, before=None)


def move_sessions(store) -> None:
    """Each session goes to one construct, and every other one on to the second."""
    for id in CONSTRUCTS:
        expect_data(store.graphql(SAVE, {"id": id}))
    sessions = store.read(lambda snapshot: snapshot.rows("SELECT id, agent, version FROM sessions ORDER BY id"))
    for number, (id, agent, version) in enumerate(sessions):
        for step, construct in enumerate(CONSTRUCTS[: 1 + number % 2]):
            arguments = {"id": id, "to": construct, "agent": agent, "version": version + step}
            expect_data(store.graphql(MOVE, arguments))


def test_timelines_and_rows_of_real_sessions_equal_an_independent_look_at_the_log(data_dir: Path, real_data: Path):
    with open_test_store(data_dir) as store:
        background = store.kernel.services()
        background.start()
        ingest(store, real_data / "transcripts")
        move_sessions(store)
        head = store.read(lambda snapshot: snapshot.position().number)
        for name in ("activity", "timeline"):
            wait_until(lambda name=name: store.read(has_reached, f"projections.{name}", head), name, seconds=120)
        background.stop()
        sql = "SELECT position, occurred_at_utc, construct_id, payload FROM domain_events"
        events = store.read(lambda snapshot: snapshot.rows(sql))
        for id in CONSTRUCTS:
            expected = sorted(
                (at, position)
                for position, at, construct_id, payload in events
                if id == construct_id or id in [each for each in from_json(payload).values() if isinstance(each, str)]
            )
            rows = store.read(lambda snapshot, id=id: list_entries(snapshot, id, order_of(descending=False), WINDOW))
            assert [(row[12], row[0]) for row in rows] == expected
            assert len(expected) > 1
        folds = store.read(lambda snapshot: snapshot.resource(LoadedFolds)).folds
        for name in ("projections.activity", "projections.timeline"):
            found = compare_whole(store, folds[name])
            assert found is not None
            assert (found.differing, found.rows > 0) == (0, True)
            sampled = store.read(lambda snapshot, name=name: compare_sample(snapshot, folds[name], {}, 10))
            assert sampled is not None
            assert sampled.comparison.differing == 0
