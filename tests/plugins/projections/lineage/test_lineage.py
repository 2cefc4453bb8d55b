"""`lineage` and `Event.touches`: the events behind a row and the rows behind an event, found both ways."""

from __future__ import annotations

import pytest

from synthetic import Event, EventFilter, Selector
from synthetic.clock import SystemClock
from synthetic.kernel_services import tidy_consumers
from synthetic.log.archive import archive_step
from synthetic.log.consumers.loaded import LoadedFolds
from synthetic.log.consumers.store import has_reached
from synthetic.log.drift.refolding import OneSnapshot, compare_whole
from synthetic.log.drift.sampling import compare_sample
from synthetic.log.lineage import behind
from synthetic.log.lineage.behind import Behind
from synthetic.log.positions import read_ends
from synthetic.testing import ManualClock, copy_template, expect_data, expect_error, open_test_store, wait_until

SAVE = 'mutation ($id: ID!) { saveConstruct(input: {id: $id, type: "task", title: "A task"}) { created } }'
ATTACH = """
mutation ($id: ID!, $constructId: ID, $ifVersion: Int) { saveSession(input: {
  id: $id, constructId: $constructId, startedAt: "2026-01-01T00:00:00Z", ifVersion: $ifVersion
}) { created } }
"""
APPEND = """
mutation ($id: ID!, $sessionId: ID!) { appendMessages(input: {
  transcriptId: $id, sessionId: $sessionId, messages: [{sourceId: "1", kind: TEXT, role: USER, text: "said"}]
}) { appended } }
"""
LINEAGE = """
query ($type: String!, $id: ID!, $archived: Boolean! = false, $first: Int, $after: String, $last: Int, $before: String)
{
  lineage(entityType: $type, entityId: $id, archived: $archived) {
    module isTruncated horizon
    events(first: $first, after: $after, last: $last, before: $before) {
      totalCount
      nodes { position type entityId touches { entityType entityId module } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}
"""
TIMELINE = "query ($id: ID!) { timeline(constructId: $id) { totalCount nodes { type } } }"
SETTINGS = {"kernel.events.keep_ms": "60000", "kernel.events.segment_events": "5"}


def do(store, document, **variables) -> None:
    expect_data(store.graphql(document, variables))


def until_followed(store) -> None:
    head = store.read(lambda snapshot: snapshot.position().number)
    for name in ("activity", "timeline"):
        wait_until(lambda name=name: store.read(has_reached, f"projections.{name}", head), "the folds at the head")


def lineage(store, type, id, **variables) -> dict:
    return expect_data(store.graphql(LINEAGE, {"type": type, "id": id, **variables}))["lineage"]


def types_of(found) -> list[tuple[str, str]]:
    return [(node["type"], node["entityId"]) for node in found["events"]["nodes"]]


@pytest.fixture(scope="module")
def moved(template, tmp_path_factory):
    """A session with a transcript that began in one construct and went on in another; and one of no construct."""
    path = copy_template(template, tmp_path_factory.mktemp("moved") / "store")
    clock = ManualClock(monotonic=SystemClock())
    with open_test_store(path, settings=SETTINGS, clock=clock) as store:
        background = store.kernel.services()
        background.start()
        for id in ("plan", "build"):
            do(store, SAVE, id=id)
        do(store, ATTACH, id="s", constructId="plan")
        do(store, APPEND, id="t", sessionId="s")
        do(store, ATTACH, id="s", constructId="build", ifVersion=1)
        do(store, ATTACH, id="alone")
        do(store, APPEND, id="u", sessionId="alone")
        until_followed(store)
        background.stop()
        yield store, clock


BUILD = [
    ("construct.saved", "build"),
    ("session.saved", "s"),
    ("transcript.created", "t"),
    ("transcript.messages_appended", "t"),
    ("session.saved", "s"),
]


def test_a_row_of_a_read_model_goes_back_to_what_came_along_from_elsewhere(moved):
    found = lineage(moved[0], "construct_activity", "build")
    assert types_of(found) == BUILD
    assert (found["module"], found["isTruncated"]) == ("projections.activity", False)
    assert [kind for kind, _ in types_of(lineage(moved[0], "session_activity", "alone"))] == [
        "session.saved",
        "transcript.created",
        "transcript.messages_appended",
    ]


def test_a_fact_has_the_events_about_it(moved):
    found = lineage(moved[0], "session", "s")
    assert types_of(found) == [("session.saved", "s"), ("session.saved", "s")]
    assert found["module"] is None
    assert lineage(moved[0], "session", "nobody")["events"]["nodes"] == []


def test_an_event_names_the_rows_that_hold_it_and_these_name_the_event(moved):
    store = moved[0]
    (appended,) = [
        node
        for node in lineage(store, "transcript", "t")["events"]["nodes"]
        if node["type"] == "transcript.messages_appended"
    ]
    rows = {(row["entityType"], row["entityId"], row["module"]) for row in appended["touches"]}
    own = "projections.activity"
    held = {("construct_activity", "plan", own), ("construct_activity", "build", own), ("session_activity", "s", own)}
    assert {("transcript", "t", None), ("transcript_activity", "t", own), *held} <= rows
    for kind, id, _ in [row for row in rows if row[2] in (None, own)]:
        assert appended["position"] in [node["position"] for node in lineage(store, kind, id)["events"]["nodes"]]


@pytest.mark.parametrize(("kind", "id", "number"), [("construct_activity", "build", 5), ("session", "s", 2)])
def test_pages_join_in_both_directions(moved, kind, id, number):
    whole = [node["position"] for node in lineage(moved[0], kind, id)["events"]["nodes"]]
    assert len(whole) == number
    for size, edge, cursor, flag in (
        ("first", "after", "endCursor", "hasNextPage"),
        ("last", "before", "startCursor", "hasPreviousPage"),
    ):
        pages, at = [], None
        while True:
            page = lineage(moved[0], kind, id, **{size: 1, edge: at})["events"]
            assert page["totalCount"] == number
            pages.append([node["position"] for node in page["nodes"]])
            at = page["pageInfo"][cursor]
            if not page["pageInfo"][flag]:
                break
        assert [each for page in (pages if size == "first" else pages[::-1]) for each in page] == whole


def test_keys_that_name_no_row_are_refused(moved):
    for type, id in (
        ("timeline_mentions", "plan"),
        ("timeline_mentions", "plan/soon/1"),
        ("timeline_mentions", "[1,2"),
    ):
        expect_error(moved[0].graphql(LINEAGE, {"type": type, "id": id}), "BAD_USER_INPUT")
    (mention,) = [
        row
        for node in lineage(moved[0], "session", "s")["events"]["nodes"]
        for row in node["touches"]
        if row["entityType"] == "timeline_mentions"
    ]
    assert ("session.saved", "s") in types_of(lineage(moved[0], "timeline_mentions", mention["entityId"]))


def test_no_more_is_read_of_a_past_that_is_too_long(moved, monkeypatch):
    asked: list = []
    find = behind.find_logged
    many = Selector(
        behind=lambda key, found: [EventFilter(entity_type=name) for name in ("construct", "session", "transcript")],
        touched=lambda state, event: [],
    )
    monkeypatch.setattr(behind, "selector_of", lambda consumer, table: many)
    monkeypatch.setattr(behind, "find_logged", lambda *args: asked.append(args) or find(*args))

    def look(snapshot):
        consumer = snapshot.resource(LoadedFolds).folds["projections.timeline"]
        return behind.find_behind(snapshot, consumer, consumer.tables[0], ("build", 0, 0), limit=1)

    assert moved[0].read(look).has_more
    assert len(asked) == 1


def test_what_has_left_the_log_is_missed_until_the_archive_is_asked(moved):
    store, clock = moved
    clock.advance(200_000)
    do(store, SAVE, id="new")
    while archive_step(store.kernel.directory.archive, store):
        pass
    assert store.read(read_ends).horizon > 0
    short = lineage(store, "construct_activity", "build")
    assert short["isTruncated"]
    assert short["horizon"].endswith(f":{store.read(read_ends).horizon}")
    assert len(short["events"]["nodes"]) < len(BUILD)
    found = lineage(store, "construct_activity", "build", archived=True)
    assert (types_of(found), found["isTruncated"]) == (BUILD, False)
    assert ("transcript_activity", "t") in {
        (row["entityType"], row["entityId"]) for node in found["events"]["nodes"] for row in node["touches"]
    }
    fact = lineage(store, "session", "s", archived=True, last=1)
    assert (types_of(fact), fact["events"]["totalCount"]) == ([("session.saved", "s")], 2)
    assert not lineage(store, "construct", "new")["isTruncated"], "its first event says that it was made"
    do(store, ATTACH, id="later", constructId="build")
    for id, types, is_truncated in (("build", ["session.saved"], True), ("new", ["construct.saved"], False)):
        told = store.graphql(TIMELINE, {"id": id})
        found = expect_data(told)["timeline"]
        assert ([node["type"] for node in found["nodes"]], found["totalCount"]) == (types, len(types))
        notices = {notice["code"] for notice in told["extensions"].get("notices", [])}
        assert ("TRUNCATED" in notices) is is_truncated, "what else begins in a construct is not its own beginning"


def test_mentions_go_with_their_events_and_nobody_misses_them(moved):
    store, clock = moved
    for version in range(9):
        do(store, ATTACH, id="mover", constructId=("plan", "build")[version % 2], ifVersion=version or None)
    clock.advance(50_000)
    do(store, ATTACH, id="mover", constructId="build", ifVersion=9)
    background = store.kernel.services()
    background.start()
    until_followed(store)
    background.stop()
    # What the mover did first has left the log now, and what it did last has not.
    clock.advance(20_000)
    while archive_step(store.kernel.directory.archive, store):
        pass
    count = "SELECT count(*) FROM timeline_mentions"
    left = f"{count} WHERE position <= (SELECT value FROM meta WHERE key = 'log_pruned_to')"

    def differing(snapshot) -> tuple[int, int]:
        timeline = snapshot.resource(LoadedFolds).folds["projections.timeline"]
        whole, sampled = compare_whole(OneSnapshot(snapshot), timeline), compare_sample(snapshot, timeline, {}, 20)
        assert whole is not None
        assert sampled is not None
        return whole.differing, sampled.comparison.differing

    assert store.read(lambda snapshot: snapshot.value(left)) > 0
    assert store.read(differing) == (0, 0)
    while store.write(tidy_consumers):
        pass
    assert store.read(lambda snapshot: snapshot.value(left)) == 0
    assert store.read(lambda snapshot: snapshot.value(count)) > 0
    assert store.read(differing) == (0, 0)


def event(position: int, type: str, entity_type: str, id: str) -> Event:
    return Event(position, "e", "i", type, "m", None, entity_type, id, '{"created": true}', "a", "c", None, 0, 0)


@pytest.mark.parametrize(
    ("roots", "is_truncated"),
    [
        ({("construct", "new")}, False),
        # Its own events have left the log, and others that came along have not.
        ({("construct", "new"), ("session", "old")}, True),
        # A sum over others: what it lacks does not show.
        (set(), True),
    ],
)
def test_a_past_is_whole_where_the_entities_of_the_row_begin_in_it(roots, is_truncated):
    events = [event(7, "construct.saved", "construct", "new")]
    assert Behind(events, has_more=False, horizon=5, roots=frozenset(roots)).is_truncated is is_truncated
