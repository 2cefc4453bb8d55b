from __future__ import annotations

from pathlib import Path

import pytest

from synthetic import to_json
from synthetic_ingest.importer import Head, LineRejectedError
from synthetic_ingest.importers.coding_agent import CODING_AGENT, find_session, parse_line, recognise
from synthetic_sessions.store import SessionFacts
from synthetic_transcripts.store import MessageKind, MessageRole, NewMessage, Usage
from tests.plugins.ingest.samples import AGENT, SESSION, CodingSession, iso, main_session, sub_session


def parse(line, offset=0):
    return parse_line(to_json(line).encode(), offset, 1)


def message_of(line, offset=0) -> NewMessage:
    [message] = parse(line, offset).messages
    return message


def head_of(built: CodingSession, path: str = "x.jsonl") -> Head:
    return Head(Path(path), built.bytes()[:65_536], tuple(built.lines[:20]))


def test_a_text_of_the_user():
    line = CodingSession().user("Plant tulips", todos=["spade"])
    assert message_of(line) == NewMessage(
        source_id=line["uuid"],
        role=MessageRole.USER,
        kind=MessageKind.TEXT,
        text="Plant tulips",
        occurred_at=1_770_000_001_500,
        metadata={
            "isSidechain": False,
            "userType": "external",
            "cwd": "/projects/garden",
            "sessionId": SESSION,
            "version": "2.1.39",
            "gitBranch": "main",
            "type": "user",
            "todos": ["spade"],
        },
    )


def test_a_block_of_a_response():
    built = CodingSession()
    before = built.user("Plant tulips")
    block = {"type": "tool_use", "id": "toolu_1", "name": "Glob", "input": {}}
    message = message_of(built.assistant("msg_1", block, 40))
    assert message.role is MessageRole.ASSISTANT
    assert message.kind is MessageKind.TOOL_CALL
    assert message.blocks == [block]
    assert message.tool_calls == 1
    assert message.text is None
    assert message.model == "large-1"
    assert message.usage == Usage(3, 40, 1_000, 100)
    assert message.usage_id == "msg_1"
    assert message.parent_source_id == before["uuid"]
    assert message.metadata["message"] == {
        "type": "message",
        "usage": {
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 100},
            "service_tier": "standard",
        },
    }
    assert message.metadata["requestId"] == "req_msg_1"


@pytest.mark.parametrize(
    ("types", "kind", "calls"),
    [
        (["text"], MessageKind.TEXT, 0),
        (["thinking"], MessageKind.THINKING, 0),
        (["redacted_thinking"], MessageKind.THINKING, 0),
        (["thinking", "text"], MessageKind.TEXT, 0),
        (["text", "tool_use", "tool_use"], MessageKind.TOOL_CALL, 2),
        (["server_tool_use", "web_search_tool_result"], MessageKind.TOOL_CALL, 1),
        (["text", "tool_result"], MessageKind.TOOL_RESULT, 0),
        (["image"], MessageKind.OTHER, 0),
        (["image", "text"], MessageKind.TEXT, 0),
        ([None, 7], MessageKind.OTHER, 0),
        ([], MessageKind.OTHER, 0),
    ],
)
def test_the_kind_follows_from_the_blocks(types, kind, calls):
    line = CodingSession().user([{"type": name} for name in types])
    message = message_of(line)
    assert (message.kind, message.tool_calls) == (kind, calls)


def test_what_a_tool_answers_is_spoken_by_the_tool():
    line = CodingSession().user([{"type": "tool_result", "tool_use_id": "t", "content": "x"}], toolUseResult={"n": 1})
    message = message_of(line)
    assert message.role is MessageRole.TOOL
    assert message.metadata["type"] == "user"
    assert message.metadata["toolUseResult"] == {"n": 1}


def test_the_result_of_a_call_that_started_an_agent_names_its_session():
    answer = [{"type": "tool_result", "tool_use_id": "t", "content": "x"}]
    line = CodingSession().user(answer, toolUseResult={"agentId": AGENT})
    assert message_of(line).metadata["startedSessionId"] == find_session(head_of(sub_session())).session_id
    for other in ({"agentId": ""}, {"agentId": 7}, [AGENT]):
        assert "startedSessionId" not in message_of(CodingSession().user(answer, toolUseResult=other)).metadata


def test_what_a_progress_line_quotes_is_content_and_is_not_counted():
    [line] = [line for line in main_session().lines if line.get("data", {}).get("type") == "agent_progress"]
    quoted = dict(line["data"])
    message = message_of(line)
    assert message.kind is MessageKind.OTHER
    assert message.blocks == [quoted]
    assert message.usage is None
    assert message.model is None
    assert message.tool_calls == 0


@pytest.mark.parametrize(
    ("line", "kind", "text"),
    [
        (
            {"type": "system", "subtype": "compact_boundary", "content": "Conversation compacted"},
            "SYSTEM",
            "Conversation compacted",
        ),
        ({"type": "system", "subtype": "turn_duration", "durationMs": 3}, "SYSTEM", None),
        ({"type": "summary", "summary": "Tulips", "leafUuid": "x"}, "SYSTEM", "Tulips"),
        ({"type": "queue-operation", "operation": "enqueue", "content": "/mcp"}, "OTHER", "/mcp"),
        ({"type": "queue-operation", "operation": "remove"}, "OTHER", None),
        ({"type": "something-new", "content": {"a": 1}}, "OTHER", None),
        ({"type": "user", "message": "no object"}, "OTHER", None),
    ],
)
def test_other_lines_are_kept(line, kind, text):
    message = message_of(dict(line))
    assert message.kind == kind
    assert message.text == text
    left = {"type": line["type"], **{key: line[key] for key in line if line[key] != text}}
    assert message.metadata == left


def test_a_snapshot_is_the_body_of_its_line():
    line = {"type": "file-history-snapshot", "messageId": "m", "snapshot": {"a": 1}, "isSnapshotUpdate": False}
    message = message_of(dict(line))
    assert message.blocks == [{"a": 1}]
    assert message.metadata == {"type": "file-history-snapshot", "messageId": "m", "isSnapshotUpdate": False}


def test_lines_without_an_id_are_told_apart_by_their_place():
    line = {"type": "queue-operation", "operation": "remove"}
    assert message_of(dict(line), 0).source_id == message_of(dict(line), 0).source_id
    assert message_of(dict(line), 0).source_id != message_of(dict(line), 1).source_id


@pytest.mark.parametrize("wrong", [7, "", "x" * 513, "a\0b", None, ["uuid"]])
def test_an_id_that_cannot_be_kept_is_replaced_and_stays_in_the_metadata(wrong):
    message = message_of({"type": "user", "uuid": wrong, "message": {"role": "user", "content": "x"}}, 12)
    assert message.source_id.startswith("12-")
    assert message.metadata["uuid"] == wrong


def test_what_has_the_wrong_form_does_no_harm():
    line = {
        "type": "assistant",
        "uuid": "u",
        "parentUuid": 5,
        "timestamp": "soon",
        "cwd": 7,
        "message": {
            "id": 5,
            "model": 5,
            "role": "robot",
            "content": {"type": "text"},
            "usage": {"input_tokens": -1, "output_tokens": "many", "cache_read_input_tokens": 1e12},
        },
    }
    message = message_of(line)
    assert message.usage == Usage(0, 0, 0, 0)
    assert message.usage_id is None
    assert message.model is None
    assert message.occurred_at is None
    assert message.parent_source_id is None
    assert message.kind is MessageKind.OTHER
    assert message.blocks == [{"type": "text"}]
    assert message.metadata["timestamp"] == "soon"
    assert message.metadata["parentUuid"] == 5
    assert message.metadata["message"] == {"id": 5, "model": 5, "role": "robot"}


@pytest.mark.parametrize("counts", [None, {}, {"service_tier": "standard"}, [], 5])
def test_without_counts_there_is_no_usage(counts):
    message = message_of({"type": "assistant", "uuid": "u", "message": {"id": "m", "content": "x", "usage": counts}})
    assert message.usage is None


@pytest.mark.parametrize("line", [b"[]", b"{}", b'{"type":5}', b"{", b""])
def test_what_is_no_entry_is_rejected(line):
    with pytest.raises(LineRejectedError):
        parse_line(line, 0, 1)


class TestFacts:
    """What lines say of their session."""

    def test_where_it_runs_is_said_by_one_object_for_all_lines(self):
        built = main_session()
        facts = parse(built.lines[4]).facts
        assert facts == SessionFacts(metadata={"cwd": "/projects/garden", "gitBranch": "main", "version": "2.1.39"})
        assert parse(built.lines[5]).facts is facts

    def test_the_title_is_what_a_person_wrote_first(self):
        titles = [parse(line).facts.title for line in main_session().lines if parse(dict(line)).facts]
        assert [title for title in titles if title] == ["Please plant", "Tulips planted"]

    @pytest.mark.parametrize(
        ("content", "fields"),
        [
            ("Caveat", {"isMeta": True}),
            ("This session is being continued", {"isCompactSummary": True}),
            ("<command-name>/mcp</command-name>", {}),
            ("  <local-command-stdout>ok</local-command-stdout>", {}),
            ("<system-reminder>Read the rules.</system-reminder>", {}),
            ([{"type": "tool_result", "content": "x"}], {}),
            (" \n\t", {}),
        ],
    )
    def test_what_no_person_wrote_is_no_title(self, content, fields):
        assert parse(CodingSession().user(content, **fields)).facts.title is None

    def test_a_title_is_one_short_line(self):
        title = parse(
            CodingSession().user([{"type": "text", "text": "\n  " + "very  long\t" * 100 + "\nnext"}])
        ).facts.title
        assert len(title) == 120
        assert title.startswith("very long very long")
        assert title.endswith("…")

    @pytest.mark.parametrize("wrong", [7, "x" * 5_000, "a\0b", None])
    def test_what_a_session_cannot_keep_is_left_out(self, wrong):
        assert parse(CodingSession().add("system", cwd=wrong, gitBranch=wrong, version="1")).facts == SessionFacts(
            metadata={"version": "1"}
        )


class TestRecognition:
    """Which files are session files."""

    def test_every_sort_of_file_is_recognised(self):
        assert recognise(head_of(main_session())) == 100
        assert recognise(head_of(sub_session())) == 100
        assert recognise(Head(Path("x"), b"", ({"type": "summary", "summary": "s", "leafUuid": "u"},))) == 100

    def test_a_few_foreign_lines_only_lower_it(self):
        assert recognise(Head(Path("x"), b"", (*main_session().lines[:9], [1]))) == 90

    @pytest.mark.parametrize(
        "value", [7, {}, {"type": "user"}, {"role": "user", "content": "x"}, {"type": 5, "uuid": "u"}]
    )
    def test_others_are_not(self, value):
        assert recognise(Head(Path("a.jsonl"), b"", (value,))) == 0
        assert recognise(Head(Path("a.jsonl"), b"", ())) == 0


class TestSession:
    """To which session a file belongs."""

    def test_the_lines_say(self):
        found = find_session(head_of(main_session(), "renamed.jsonl"))
        assert found.session_id == SESSION
        assert found.facts.agent == "claude-code"
        assert found.facts.parent_session_id is None

    @pytest.mark.parametrize("path", [f"{SESSION}/subagents/agent-{AGENT}.jsonl", f"agent-{AGENT}.jsonl", "renamed"])
    def test_a_sub_agent_has_its_own_below_its_parent(self, path):
        found = find_session(head_of(sub_session(), path))
        assert found.session_id == f"{SESSION}/agent-{AGENT}"
        assert found.facts.parent_session_id == SESSION
        assert found.facts.agent == "claude-code/subagent"
        assert found.facts.metadata == {"agentId": AGENT}

    def test_where_lines_do_not_say_the_path_does(self):
        silent = ({"type": "summary", "summary": "s", "leafUuid": "u"}, [1])
        assert find_session(Head(Path(f"/x/{SESSION}.jsonl.gz"), b"", silent)).session_id == SESSION
        below = find_session(Head(Path(f"/x/{SESSION}/subagents/agent-7.jsonl"), b"", silent))
        assert (below.session_id, below.facts.parent_session_id) == (f"{SESSION}/agent-7", SESSION)
        assert find_session(Head(Path("/x/notes.jsonl"), b"", silent)).session_id is None
        orphan = find_session(Head(Path("/x/subagents/agent-7.jsonl"), b"", silent))
        assert (orphan.session_id, orphan.facts.parent_session_id) == (None, None)

    @pytest.mark.parametrize("wrong", ["", " x", "x" * 91, "a\0b", "a\u200bb", 7])
    def test_an_id_that_cannot_be_one_is_not_taken(self, wrong):
        built = CodingSession(wrong)
        built.add("progress", data={})
        assert find_session(head_of(built)).session_id is None


def test_the_record_names_the_format():
    assert CODING_AGENT.name == "coding-agent"
    assert iso(1_770_000_001_500) == "2026-02-02T02:40:01.500Z"
