"""Workflows, stories and projects over GraphQL: what was folded, from whichever side it is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from kernel.checks.kit import found_by, spoil
from plugins.projections.workflows.documents import DELETE, MACHINE, RECORD, SAVE_CONSTRUCT, SAVE_MACHINE
from synthetic import Store, ms_from_iso
from synthetic.log.consumers.declared import KnownFingerprint
from synthetic.log.consumers.store import find_consumer, has_reached, request_action
from synthetic.log.drift.sampling import compare_sample
from synthetic.testing import copy_template, expect_data, open_test_store, wait_until
from synthetic_projections.workflows.folds import WORKFLOWS
from synthetic_projections.workflows.store.durations import DurationsOf, list_durations

FOLD = "projections.workflows"
DAY_MS = 86_400_000
WORKFLOW = """
query ($id: ID!) {
  workflow(id: $id) {
    id machine projectId storyId constructId state status sinceAt startedAt transitionCount
    states { state workflows entries durationMs } transitions(orderBy: OCCURRED_AT_ASC) { nodes { to } }
    story { id } project { id } construct { id }
  }
  node(id: $id) { id __typename }
}
"""
STORY = """
{ story(id: "s1") {
  id projectId status workflowCount openWorkflowCount transitionCount firstAt lastAt
  states { state workflows entries } workflows { nodes { id } } transitions { totalCount } project { id }
} }
"""
PROJECT = """
{ project(id: "p1") {
  id status workflowCount openWorkflowCount constructCount openConstructCount transitionCount firstAt
  constructStatuses { status constructs } stories { nodes { id } } workflows { nodes { id } }
  transitions(filter: {to: ["DONE"]}) { nodes { workflowId } }
} }
"""


def day(number: int) -> str:
    return f"2026-01-{number:02}T00:00:00.000Z"


def ms_of(number: int) -> int:
    return ms_from_iso(day(number))


def caught_up(store: Store) -> None:
    head = store.read(lambda snapshot: snapshot.position().number)
    wait_until(lambda: store.read(has_reached, FOLD, head), "the fold at the head")


@pytest.fixture(scope="module")
def store(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Three workflows in two stories of a project, one without any, and constructs."""
    with open_test_store(copy_template(template, tmp_path_factory.mktemp("read-models") / "store")) as opened:

        def ask(document: str, **variables: Any) -> None:
            expect_data(opened.graphql(document, variables))

        def go(workflow_id: str, number: int, to: str, **more: Any) -> None:
            ask(RECORD, input={"workflowId": workflow_id, "to": to, "occurredAt": day(number), **more})

        ask(SAVE_MACHINE, input=MACHINE)
        for id, status in (("c1", "ACTIVE"), ("c2", "COMPLETED")):
            ask(SAVE_CONSTRUCT, id=id, project="p1", status=status)
        of_story = {"projectId": "p1", "storyId": "s1", "machine": "review"}
        go("w1", 1, "DRAFT", **of_story, constructId="c1")
        go("w1", 4, "READY")
        go("w1", 6, "DRAFT")
        go("w1", 7, "READY")
        go("w1", 10, "DONE")
        go("w2", 2, "DRAFT", **of_story)
        go("w2", 3, "READY")
        go("w3", 5, "DRAFT", **of_story | {"storyId": "s2"})
        go("w4", 8, "anything")
        background = opened.kernel.services()
        background.start()
        caught_up(opened)
        yield opened
        background.stop()


@pytest.fixture
def ask(store: Store):
    return lambda document, **variables: expect_data(store.graphql(document, variables))


def test_a_workflow_that_has_ended_tells_how_long_it_was_in_which_state(ask):
    found = ask(WORKFLOW, id="w1")
    assert found["workflow"] == {
        "id": "w1", "machine": "review", "projectId": "p1", "storyId": "s1", "constructId": "c1", "state": "DONE",
        "status": "ENDED", "sinceAt": day(10), "startedAt": day(1), "transitionCount": 5,
        "states": [
            {"state": "DONE", "workflows": 1, "entries": 1, "durationMs": 0},
            {"state": "DRAFT", "workflows": 0, "entries": 2, "durationMs": 4 * DAY_MS},
            {"state": "READY", "workflows": 0, "entries": 2, "durationMs": 5 * DAY_MS},
        ],
        "transitions": {"nodes": [{"to": to} for to in ("DRAFT", "READY", "DRAFT", "READY", "DONE")]},
        "story": {"id": "s1"}, "project": {"id": "p1"}, "construct": {"id": "c1"},
    }  # fmt: skip
    assert found["node"] == {"id": "w1", "__typename": "Workflow"}


def test_the_time_until_now_counts_while_a_workflow_is_open(store):
    def read(snapshot) -> tuple:
        return snapshot.now, list_durations(snapshot, DurationsOf.WORKFLOW, ["w2", "w4"])

    now, (reviewed, free) = store.read(read)
    assert [tuple(each) for each in reviewed] == [
        ("READY", 1, 1, now - ms_of(3)),
        ("DRAFT", 0, 1, DAY_MS),
    ]
    assert [tuple(each) for each in free] == [("anything", 1, 1, now - ms_of(8))]
    now, (in_project,) = store.read(lambda tx: (tx.now, list_durations(tx, DurationsOf.PROJECT, ["p1"])))
    assert {each.state: each.duration_ms for each in in_project} == {
        "DONE": 0,
        "READY": 5 * DAY_MS + now - ms_of(3),
        "DRAFT": 5 * DAY_MS + now - ms_of(5),
    }


def test_a_story_sums_up_its_workflows(ask):
    assert ask(STORY)["story"] == {
        "id": "s1", "projectId": "p1", "status": "OPEN", "workflowCount": 2, "openWorkflowCount": 1,
        "transitionCount": 7, "firstAt": day(1), "lastAt": day(10),
        "states": [
            {"state": "READY", "workflows": 1, "entries": 3}, {"state": "DONE", "workflows": 1, "entries": 1},
            {"state": "DRAFT", "workflows": 0, "entries": 3},
        ],
        "workflows": {"nodes": [{"id": "w1"}, {"id": "w2"}]}, "transitions": {"totalCount": 7}, "project": {"id": "p1"},
    }  # fmt: skip


def test_a_project_sums_up_its_workflows_and_constructs(ask):
    assert ask(PROJECT)["project"] == {
        "id": "p1", "status": "OPEN", "workflowCount": 3, "openWorkflowCount": 2, "constructCount": 2,
        "openConstructCount": 1, "transitionCount": 8, "firstAt": day(1),
        "constructStatuses": [{"status": "ACTIVE", "constructs": 1}, {"status": "COMPLETED", "constructs": 1}],
        "stories": {"nodes": [{"id": "s1"}, {"id": "s2"}]},
        "workflows": {"nodes": [{"id": "w1"}, {"id": "w3"}, {"id": "w2"}]},
        "transitions": {"nodes": [{"workflowId": "w1"}]},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ("{}", ["w1", "w4", "w3", "w2"]),
        ("{status: [OPEN]}", ["w4", "w3", "w2"]),
        ('{status: [OPEN, ENDED], projectId: "p1"}', ["w1", "w3", "w2"]),
        ('{state: ["READY", "anything"]}', ["w4", "w2"]),
        ("{state: []}", []),
        ('{machine: "review", storyId: "s1"}', ["w1", "w2"]),
        ('{constructId: "c1"}', ["w1"]),
        ('{ids: ["w2", "w4", "none"]}', ["w4", "w2"]),
        (f'{{activeFrom: "{day(5)}", activeBefore: "{day(10)}"}}', ["w4", "w3"]),
    ],
)  # fmt: skip
def test_filters_find_workflows_in_the_order_of_their_last_transition(ask, filter, expected):
    found = ask(f"{{ workflows(filter: {filter}) {{ totalCount nodes {{ id }} }} }}")["workflows"]
    assert [node["id"] for node in found["nodes"]] == expected
    assert found["totalCount"] == len(expected)


def test_stories_and_projects_are_listed_and_lead_to_one_another(ask):
    document = """{
      stories(projectId: "p1", filter: {status: [OPEN]}, orderBy: LAST_AT_ASC) { nodes { id } }
      projects(filter: {status: [OPEN]}) { nodes { id } } none: projects(filter: {status: [ENDED]}) { totalCount }
      construct(id: "c1") { project { id } workflows { nodes { id story { id } } } }
    }"""
    assert ask(document) == {
        "stories": {"nodes": [{"id": "s2"}, {"id": "s1"}]},
        "projects": {"nodes": [{"id": "p1"}]},
        "none": {"totalCount": 0},
        "construct": {"project": {"id": "p1"}, "workflows": {"nodes": [{"id": "w1", "story": {"id": "s1"}}]}},
    }


def test_a_rebuild_comes_to_the_same(store):
    def rows() -> dict[str, list]:
        return {
            name: store.read(lambda tx, name=name: tx.rows(f"SELECT * FROM {name} ORDER BY 1, 2"))
            for name in WORKFLOWS.tables
        }

    before = rows()
    assert all(before.values()), "a table is empty, so nothing is compared"
    store.write(request_action, FOLD, "REBUILD")

    def is_done() -> bool:
        record = store.read(find_consumer, FOLD)
        return record.requested is None and record.phase == "FOLLOWING"

    wait_until(is_done, "the end of the rebuild")
    assert rows() == before


def test_every_row_is_made_of_the_events_that_its_selector_names_and_of_nothing_else(store):
    fold = next(each for each in store.kernel.consumers if each.name == FOLD)
    sampled = store.read(compare_sample, fold, {}, 500)
    rows = sum(store.read(lambda tx, name=name: tx.value(f"SELECT count(*) FROM {name}")) for name in WORKFLOWS.tables)
    assert (sampled.comparison.differing, sampled.comparison.rows) == (0, rows)


def test_what_is_deleted_leaves_its_story_and_project(store, ask):
    ask(SAVE_CONSTRUCT, id="c9", project=None)
    ask(RECORD, input={"workflowId": "w9", "to": "A", "projectId": "p9", "storyId": "s9", "constructId": "c9"})
    caught_up(store)
    assert ask(WORKFLOW, id="w9")["workflow"]["construct"] == {"id": "c9"}
    ask('mutation { deleteConstruct(input: {id: "c9"}) { rows } }')
    caught_up(store)
    assert ask(WORKFLOW, id="w9")["workflow"]["constructId"] is None
    ask(DELETE, id="w9")
    caught_up(store)
    document = '{ workflow(id: "w9") { id } story(id: "s9") { id } project(id: "p9") { id } }'
    assert ask(document) == {"workflow": None, "story": None, "project": None}


def test_the_checks_find_what_was_changed_by_hand(store):
    for name in ("workflow_current", "workflow_machines"):
        assert found_by(store, f"projections.{name}") == []
    spoil(store, "UPDATE workflow_transitions SET superseded_at = 1 WHERE workflow_id = 'w4'")
    assert [id for id, _ in found_by(store, "projections.workflow_current")] == ["w4"]
    spoil(
        store,
        "UPDATE workflow_transitions SET superseded_at = NULL WHERE workflow_id = 'w4'",
        "UPDATE workflow_transitions SET occurred_at = 4000000000000 WHERE workflow_id = 'w2' AND number = 1",
        "UPDATE workflow_transitions SET machine_version = 7 WHERE workflow_id = 'w3'",
    )
    assert [id for id, _ in found_by(store, "projections.workflow_current")] == ["w2"]
    assert [id for id, _ in found_by(store, "projections.workflow_machines")] == ["w3"]


def test_the_fingerprint_of_a_fold_that_runs_follows_its_tables(store):
    fold = next(each for each in store.kernel.consumers if each.name == FOLD)
    known = KnownFingerprint(fold)
    before = store.read(known.read)
    assert before == store.read(known.read) == store.read(fold.fingerprint)
    with apsw.Connection(str(store.kernel.directory.database)) as connection:
        connection.set_busy_timeout(30_000)
        connection.execute(f"ALTER TABLE {fold.tables[0].name} ADD COLUMN later TEXT")
    assert store.read(known.read) == store.read(fold.fingerprint) != before
