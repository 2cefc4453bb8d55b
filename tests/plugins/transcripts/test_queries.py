"""Transcripts and their messages by GraphQL."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.transcripts.documents import APPEND, MESSAGES, SESSION
from plugins.transcripts.making import SMALL, append, begin, plain, plain_messages, seal
from synthetic import Store
from synthetic_transcripts.store import MessageKind, MessageRole, Usage

KINDS = list(MessageKind)


@pytest.fixture
def long(store: Store) -> Store:
    """A transcript of 30 messages, in stretches and a tail."""
    begin(store, "t")
    append(store, [plain(number, kind=KINDS[number % 6]) for number in range(1, 31)])
    return store


def pages(ask, **window: Any) -> list[list[int]]:
    """The seqs of all pages, following the cursors."""
    backwards = "last" in window
    found: list[list[int]] = []
    more = True
    while more:
        page = ask(MESSAGES, id="t", **window)["transcript"]["messages"]
        found.append([node["seq"] for node in page["nodes"]])
        assert found[-1] == [edge["node"]["seq"] for edge in page["edges"]]
        info = page["pageInfo"]
        more = info["hasPreviousPage"] if backwards else info["hasNextPage"]
        window |= {"before": info["startCursor"]} if backwards else {"after": info["endCursor"]}
    return found


def test_messages_are_paged_in_both_directions(ask, long) -> None:
    assert pages(ask, first=12) == [list(range(1, 13)), list(range(13, 25)), list(range(25, 31))]
    assert pages(ask, last=12) == [list(range(19, 31)), list(range(7, 19)), list(range(1, 7))]
    assert pages(ask, first=30) == [list(range(1, 31))]


def test_messages_of_some_kinds_are_paged_in_both_directions(ask, long) -> None:
    thinking = [seq for seq in range(1, 31) if seq % 6 in (1, 5)]

    forwards = pages(ask, first=3, kinds=["OTHER", "THINKING", "OTHER"])
    backwards = pages(ask, last=3, kinds=["THINKING", "OTHER"])

    assert [seq for page in forwards for seq in page] == thinking
    assert [seq for page in reversed(backwards) for seq in page] == thinking


def test_a_page_can_start_at_a_seq(ask, long) -> None:
    page = ask(MESSAGES, id="t", fromSeq=20, first=3)["transcript"]["messages"]

    assert [node["seq"] for node in page["nodes"]] == [20, 21, 22]
    assert (page["pageInfo"]["hasPreviousPage"], page["pageInfo"]["hasNextPage"]) == (True, True)
    assert pages(ask, fromSeq=20, last=6) == [list(range(25, 31)), list(range(20, 25))]
    assert pages(ask, fromSeq=20, first=6) == [list(range(20, 26)), list(range(26, 31))]
    assert pages(ask, fromSeq=1, first=30) == [list(range(1, 31))]
    assert pages(ask, fromSeq=31, first=30) == [[]]


def test_the_total_is_of_the_whole_transcript_or_of_the_kinds(ask, long) -> None:
    def total(**window: Any) -> int:
        return ask(MESSAGES, id="t", **window)["transcript"]["messages"]["totalCount"]

    assert total(first=1) == 30
    assert total(first=1, kinds=["TEXT", "TEXT"]) == 5
    assert total(first=1, kinds=[]) == 0


@pytest.mark.parametrize(
    ("window", "field"),
    [
        ({"first": 1, "last": 1}, "last"),
        ({"first": -1}, "first"),
        ({"last": 1_001}, "last"),
        ({"first": 1, "after": "nonsense"}, "after"),
        ({"last": 1, "before": ""}, "before"),
        ({"first": 1, "fromSeq": 0}, "fromSeq"),
    ],
)
def test_a_page_that_makes_no_sense_is_refused(refused, long, window, field) -> None:
    assert refused("BAD_USER_INPUT", MESSAGES, id="t", **window)["details"]["field"] == field


@pytest.mark.parametrize("place", ["10", 1.5])
def test_a_forged_cursor_is_refused(refused, long, place) -> None:
    from plugins.transcripts.making import transcript_of
    from synthetic import encode_cursor
    from synthetic_transcripts.message_types import BY_SEQ

    assert transcript_of(long).message_count == 30
    for window in (
        {"first": 1, "after": encode_cursor(BY_SEQ, [place])},
        {"last": 1, "before": encode_cursor(BY_SEQ, [place])},
    ):
        refused("BAD_USER_INPUT", MESSAGES, id="t", **window)


def test_a_cursor_beyond_the_end_gives_an_empty_page(ask, long) -> None:
    from synthetic import encode_cursor
    from synthetic_transcripts.message_types import BY_SEQ

    page = ask(MESSAGES, id="t", first=5, after=encode_cursor(BY_SEQ, [2**62]))["transcript"]["messages"]

    assert page["nodes"] == []
    assert page["pageInfo"]["endCursor"] is None


CONTENT = """
query ($id: ID!) {
  transcript(id: $id) {
    messages(first: 20) {
      nodes {
        id transcriptId seq sourceId role kind text blocks metadata toolCallCount model usageId parentSourceId
        occurredAt sizeBytes usage { inputTokens outputTokens cacheReadTokens cacheWriteTokens } parent { id seq }
      }
    }
  }
}
"""


def test_a_message_shows_all_that_came_with_it(ask, store) -> None:
    begin(store)
    blocks = [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "y" * 3_000}]
    append(
        store,
        [
            plain(1, metadata={"b": 1, "a": None}),
            plain(
                2,
                role=MessageRole.ASSISTANT,
                kind=MessageKind.THINKING,
                blocks=blocks,
                tool_calls=3,
                model="large",
                usage=Usage(1, 2, 3, 4),
                usage_id="r",
                parent_source_id="1",
                occurred_at=1_760_000_000_123,
            ),
            *[plain(number, parent_source_id=str(number + 1)) for number in range(3, 12)],
            plain(99, parent_source_id="gone"),
        ],
    )

    nodes = ask(CONTENT, id="t")["transcript"]["messages"]["nodes"]

    assert nodes[0] == {
        "id": "t:1",
        "transcriptId": "t",
        "seq": 1,
        "sourceId": "1",
        "role": "USER",
        "kind": "TEXT",
        "text": "message 1",
        "blocks": None,
        "metadata": {"b": 1, "a": None},
        "toolCallCount": 0,
        "model": None,
        "usageId": None,
        "parentSourceId": None,
        "occurredAt": None,
        "sizeBytes": len('message 1{"b":1,"a":null}'),
        "usage": None,
        "parent": None,
    }
    assert nodes[1] | {"sizeBytes": 0} == {
        "id": "t:2",
        "transcriptId": "t",
        "seq": 2,
        "sourceId": "2",
        "role": "ASSISTANT",
        "kind": "THINKING",
        "text": "Hm.\n" + "y" * 3_000,
        "blocks": blocks,
        "metadata": {},
        "toolCallCount": 3,
        "model": "large",
        "usageId": "r",
        "parentSourceId": "1",
        "occurredAt": "2025-10-09T08:53:20.123Z",
        "sizeBytes": 0,
        "usage": {"inputTokens": 1, "outputTokens": 2, "cacheReadTokens": 3, "cacheWriteTokens": 4},
        "parent": {"id": "t:1", "seq": 1},
    }
    assert [node["parent"] and node["parent"]["seq"] for node in nodes[2:]] == [4, 5, 6, 7, 8, 9, 10, 11, None, None]


def test_a_message_leads_to_the_session_that_its_tool_call_started(ask, store) -> None:
    begin(store, "t")
    ask('mutation { saveSession(input: { id: "below", agent: "searcher" }) { created } }')
    started = ["below", "unknown", None, 7]
    metadata = [{"startedSessionId": id} for id in started] + [{"text": '"startedSessionId"'}, {}]
    append(store, [plain(number, metadata=each) for number, each in enumerate(metadata, 1)])

    page = ask('{ transcript(id: "t") { messages { nodes { startedSession { id agent } } } } }')["transcript"]

    found = [node["startedSession"] for node in page["messages"]["nodes"]]
    assert found == [{"id": "below", "agent": "searcher"}, *[None] * 5]


@pytest.mark.parametrize("settings", [SMALL | {"plugins.transcripts.answer_bytes": "1048576"}])
def test_large_content_is_fetched_only_where_it_is_selected(ask, refused, store) -> None:
    begin(store)
    append(store, [plain(number, text="x" * 600_000) for number in range(2)])

    sizes = ask('{ transcript(id: "t") { messages { nodes { seq sizeBytes } } } }')["transcript"]["messages"]["nodes"]
    assert sizes == [{"seq": 1, "sizeBytes": 600_000}, {"seq": 2, "sizeBytes": 600_000}]
    refused("CONTENT_TOO_LARGE", '{ transcript(id: "t") { messages { nodes { text } } } }')
    one = ask('{ transcript(id: "t") { messages(first: 1) { nodes { text blocks metadata } } } }')
    assert len(one["transcript"]["messages"]["nodes"][0]["text"]) == 600_000


def test_messages_and_transcripts_are_found_as_nodes(ask, long) -> None:
    document = """
    query ($id: ID!) { node(id: $id) { id ... on TranscriptMessage { seq text } ... on Transcript { messageCount } } }
    """

    assert ask(document, id="t:9")["node"] == {"id": "t:9", "seq": 9, "text": "message 9"}
    assert ask(document, id="t")["node"] == {"id": "t", "messageCount": 30}
    for id in ("t:0", "t:31", "t:", "t:09", "t:+9", "t:\uff19", "t:99999999999", "x:1", ":", ""):
        assert ask(document, id=id)["node"] is None


def test_the_answer_of_an_append_can_page_the_messages_that_it_appended(ask) -> None:
    ask(SESSION, id="s")
    document = APPEND.replace(
        "firstSeq", "transcript { session { id } messages(last: 2) { nodes { seq text } } } firstSeq"
    )
    batch = [{"sourceId": str(n), "role": "USER", "kind": "TEXT", "text": f"message {n}"} for n in range(1, 12)]

    answer = ask(document, input={"transcriptId": "t", "sessionId": "s", "messages": batch})["appendMessages"]

    assert answer["transcript"]["session"] == {"id": "s"}
    assert answer["transcript"]["messages"]["nodes"] == [
        {"seq": 10, "text": "message 10"},
        {"seq": 11, "text": "message 11"},
    ]


def test_a_session_shows_its_transcripts_and_what_they_cost(ask, store) -> None:
    usage = {"usage": Usage(1, 2, 3, 4), "model": "large"}
    for number, id in enumerate(("t1", "t2", "t3")):
        append(store, [plain(1, **usage)], begin(store, id, "s" if number < 2 else "other"))
    begin(store, "t4", "idle")
    document = """
    { sessions(first: 5, orderBy: CREATED_AT_ASC) { nodes {
        id
        usage { model responses inputTokens outputTokens cacheReadTokens cacheWriteTokens }
        transcripts { totalCount nodes { id usage { inputTokens } messages(first: 1) { nodes { text } } } }
    } } }
    """

    nodes = {node["id"]: node for node in ask(document)["sessions"]["nodes"]}

    assert nodes["s"]["usage"] == [
        {
            "model": "large",
            "responses": 2,
            "inputTokens": 2,
            "outputTokens": 4,
            "cacheReadTokens": 6,
            "cacheWriteTokens": 8,
        }
    ]
    one = {"usage": [{"inputTokens": 1}], "messages": {"nodes": [{"text": "message 1"}]}}
    assert nodes["s"]["transcripts"] == {"totalCount": 2, "nodes": [{"id": "t1", **one}, {"id": "t2", **one}]}
    assert [node["id"] for node in nodes["other"]["transcripts"]["nodes"]] == ["t3"]
    assert nodes["idle"]["usage"] == []


@pytest.fixture
def fleet(store: Store, clock) -> Store:
    """Five transcripts of two sessions, a second apart."""
    for number in range(5):
        clock.advance(1_000)
        begin(store, f"t{number}", f"s{number % 2}")
        store.write(
            lambda tx, number=number: tx.execute(
                "UPDATE transcripts SET source = :source WHERE id = :id",
                {"source": ("files", None)[number % 2], "id": f"t{number}"},
            )
        )
    clock.advance(1_000)
    append(store, plain_messages(1), "t1")
    return store


LISTED = {
    "all, the newest first": ({}, ["t4", "t3", "t2", "t1", "t0"]),
    "the oldest first": ({"orderBy": "CREATED_AT_ASC"}, ["t0", "t1", "t2", "t3", "t4"]),
    "the last appended to first": ({"orderBy": "UPDATED_AT_DESC"}, ["t1", "t4", "t3", "t2", "t0"]),
    "the longest untouched first": ({"orderBy": "UPDATED_AT_ASC"}, ["t0", "t2", "t3", "t4", "t1"]),
    "by id": ({"filter": {"ids": ["t3", "t0", "x"]}}, ["t3", "t0"]),
    "of a session": ({"filter": {"sessionId": "s1"}}, ["t3", "t1"]),
    "of a source": ({"filter": {"source": ["files", "x"]}}, ["t4", "t2", "t0"]),
    "since an instant": ({"filter": {"createdFrom": "2027-01-15T08:00:04.000Z"}}, ["t4", "t3"]),
    "before an instant": ({"filter": {"createdBefore": "2027-01-15T08:00:03.000Z"}}, ["t1", "t0"]),
    "touched since": ({"filter": {"updatedFrom": "2027-01-15T08:00:05.000Z"}}, ["t4", "t1"]),
    "untouched since": ({"filter": {"updatedBefore": "2027-01-15T08:00:03.000Z", "sessionId": "s0"}}, ["t0"]),
}


@pytest.mark.parametrize(("arguments", "expected"), LISTED.values(), ids=LISTED.keys())
def test_transcripts_are_filtered_ordered_and_paged(ask, fleet, arguments, expected) -> None:
    document = """
    query ($filter: TranscriptFilter, $orderBy: TranscriptOrder! = CREATED_AT_DESC, $after: String) {
      transcripts(filter: $filter, orderBy: $orderBy, first: 2, after: $after) {
        totalCount nodes { id } pageInfo { endCursor hasNextPage }
      }
    }
    """
    found, after, more = [], None, True
    while more:
        page = ask(document, **arguments, after=after)["transcripts"]
        assert page["totalCount"] == len(expected)
        found += [node["id"] for node in page["nodes"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]

    assert found == expected


@pytest.mark.parametrize(
    ("filter", "field"),
    [
        ({"ids": ["x"] * 501}, "filter.ids"),
        ({"source": ["x" * 201]}, "filter.source"),
        ({"sessionId": "\0"}, "filter.sessionId"),
    ],
)
def test_a_filter_that_is_not_acceptable_is_refused(refused, filter, field) -> None:
    document = "query ($filter: TranscriptFilter) { transcripts(filter: $filter) { totalCount } }"

    assert refused("BAD_USER_INPUT", document, filter=filter)["details"]["field"] == field


def test_pages_of_transcripts_are_read_from_indexes(store) -> None:
    plans = {
        "": "SCAN t USING INDEX transcripts_by_created_at",
        "WHERE t.session_id = 's'": "SEARCH t USING INDEX transcripts_by_session (session_id=?)",
        "WHERE +t.source IN ('x')": "SCAN t USING INDEX transcripts_by_created_at",
    }
    for where, expected in plans.items():
        sql = f"EXPLAIN QUERY PLAN SELECT t.title FROM transcripts t {where} ORDER BY created_at DESC, id DESC LIMIT 2"
        plan = [detail for _, _, _, detail in store.read(lambda snapshot, sql=sql: snapshot.rows(sql))]
        assert plan[0] == expected
        assert not any("TEMP B-TREE" in line for line in plan)


def test_a_construct_is_deleted_with_all_that_its_transcripts_have(ask, store) -> None:
    ask('mutation { saveConstruct(input: {id: "c", type: "plan", title: "A plan"}) { created } }')
    ask('mutation { saveSession(input: {id: "s", constructId: "c"}) { created } }')
    for id, session in (("gone", "s"), ("stays", "other")):
        begin(store, id, session)
        append(store, [plain(n, usage=Usage(1), usage_id="r", text="x" * 2_000) for n in range(20)], id)
    tables = (
        "transcripts",
        "transcript_messages",
        "transcript_stretches",
        "transcript_bodies",
        "transcript_sources",
        "transcript_responses",
        "transcript_usage",
    )

    def rows() -> dict[str, int]:
        return {
            table: store.read(lambda snapshot, table=table: snapshot.value(f"SELECT count(*) FROM {table}"))
            for table in tables
        }

    before = rows()
    plan = ask('mutation { deleteConstruct(input: {id: "c", dryRun: true}) { tables { table rows } } }')
    planned = {each["table"]: each["rows"] for each in plan["deleteConstruct"]["tables"]}
    ask('mutation { deleteConstruct(input: {id: "c"}) { rows } }')

    after = rows()
    assert all(count > 0 for count in after.values())
    assert {table: before[table] - after[table] for table in tables} == {table: planned[table] for table in tables}
    assert after == {table: before[table] // 2 for table in tables}
    assert ask('{ transcript(id: "gone") { id } }')["transcript"] is None
    seal(store, "stays")


def test_a_message_whose_list_of_blocks_is_empty_says_nothing(ask, store) -> None:
    begin(store, "t")
    append(store, [plain(1, blocks=[]), plain(2, kind=MessageKind.TOOL_CALL, tool_calls=1, blocks=[]), plain(3)])
    nodes = ask('{ transcript(id: "t") { messages { nodes { text blocks } } } }')["transcript"]["messages"]["nodes"]
    assert nodes == [*[{"text": "", "blocks": []}] * 2, {"text": "message 3", "blocks": None}]
