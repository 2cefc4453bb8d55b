from __future__ import annotations

import json
from pathlib import Path

import pytest

from synthetic_ingest.importer import Head, LineRejectedError
from synthetic_ingest.importers.swe_agent import parse_document, recognise
from synthetic_sessions.store import SessionFacts
from synthetic_transcripts.store import MessageKind, MessageRole, Usage
from tests.plugins.ingest.samples_of_runs import old_trajectory, trajectory

KINDS = MessageKind


def shape(parsed):
    return [(message.role, message.kind, message.tool_calls) for message in parsed.messages]


def test_a_run_with_calls_of_tools():
    parsed = parse_document(trajectory())
    call, answer = (MessageRole.ASSISTANT, KINDS.TOOL_CALL, 1), (MessageRole.TOOL, KINDS.TOOL_RESULT, 0)
    assert shape(parsed) == [
        (MessageRole.SYSTEM, KINDS.SYSTEM, 0),
        (MessageRole.USER, KINDS.TEXT, 0),
        *[call, answer] * 2,
        (MessageRole.SYSTEM, KINDS.OTHER, 0),
    ]
    acting = parsed.messages[2]
    assert acting.blocks[0] == {"type": "text", "text": "I try oil 0."}
    assert acting.blocks[1]["function"]["name"] == "oil"
    assert acting.metadata["step"] == {"execution_time": 0.5, "state": {"working_dir": "/gate"}}
    assert acting.metadata["action"] == "oil 0"
    assert parsed.messages[3].metadata["tool_call_ids"] == ["c0"]
    assert parsed.facts == SessionFacts(
        agent="SWE-agent", title="The gate squeaks.", metadata={"environment": "gate", "exitStatus": "submitted"}
    )


def test_the_tokens_of_a_run_are_those_of_its_end():
    before, after = parse_document(trajectory(1, tokens=500, finished=False)), parse_document(trajectory(2, tokens=900))
    assert all(message.usage is None for message in before.messages)
    assert after.messages[-1].usage == Usage(900, 90)
    assert after.messages[-1].model == "open-2"


def test_a_run_that_goes_on_keeps_the_ids_of_what_was_there():
    before = [message.source_id for message in parse_document(trajectory(1, finished=False)).messages]
    after = [message.source_id for message in parse_document(trajectory(3, finished=False)).messages]
    assert after[: len(before)] == before
    assert len(set(after)) == len(after)


def test_a_run_of_the_older_versions():
    parsed = parse_document(old_trajectory())
    assert shape(parsed) == [
        (MessageRole.SYSTEM, KINDS.SYSTEM, 0),
        (MessageRole.USER, KINDS.TEXT, 0),
        (MessageRole.USER, KINDS.TEXT, 0),
        (MessageRole.ASSISTANT, KINDS.TOOL_CALL, 1),
        (MessageRole.TOOL, KINDS.TOOL_RESULT, 0),
        (MessageRole.ASSISTANT, KINDS.TOOL_CALL, 1),
        (MessageRole.TOOL, KINDS.TOOL_RESULT, 0),
        (MessageRole.SYSTEM, KINDS.OTHER, 0),
    ]
    assert parsed.messages[3].text == "I look.\n```\nls\n```"
    assert parsed.messages[6].text == "diff"


def test_the_last_observation_is_not_added_while_the_run_goes_on():
    document = old_trajectory()
    del document["info"]["exit_status"]
    assert shape(parse_document(document))[-1] == (MessageRole.ASSISTANT, KINDS.TOOL_CALL, 1)


def test_without_a_history_the_steps_are_the_messages():
    steps = [
        {"action": "ls", "observation": "gate.py", "response": "I look.", "state": "{}"},
        {"action": "", "observation": "", "thought": "Done."},
    ]
    parsed = parse_document({"trajectory": steps, "history": []})
    assert shape(parsed) == [
        (MessageRole.ASSISTANT, KINDS.TOOL_CALL, 1),
        (MessageRole.TOOL, KINDS.TOOL_RESULT, 0),
        (MessageRole.ASSISTANT, KINDS.TEXT, 0),
    ]
    assert parsed.messages[0].blocks == [{"type": "text", "text": "I look."}, {"type": "action", "action": "ls"}]
    assert parsed.messages[0].metadata == {"state": "{}"}
    assert parsed.messages[1].text == "gate.py"


def test_entries_in_other_forms_are_kept():
    entries = [
        {"role": "user", "content": [{"type": "text", "text": "The gate."}], "agent": "main"},
        {"role": "assistant", "content": [{"type": "text", "text": "x"}], "tool_calls": [{"id": "a"}, {"id": "b"}]},
        {"role": "critic", "content": "Hm."},
        {"content": None},
    ]
    parsed = parse_document({"history": entries})
    assert shape(parsed) == [
        (MessageRole.USER, KINDS.TEXT, 0),
        (MessageRole.ASSISTANT, KINDS.TOOL_CALL, 2),
        (MessageRole.SYSTEM, KINDS.SYSTEM, 0),
        (MessageRole.SYSTEM, KINDS.SYSTEM, 0),
    ]
    assert parsed.messages[1].blocks == [{"type": "text", "text": "x"}, {"id": "a"}, {"id": "b"}]
    assert parsed.messages[2].metadata == {"role": "critic"}
    assert parsed.facts.title == "The gate."


@pytest.mark.parametrize(
    "config",
    [None, "{", "[]", {"agent": 5}, {"agent": {"model": {"name": 5}}}, {"agent": {"model": {"name": "x" * 201}}}],
)
def test_a_model_that_is_not_named_is_none(config):
    assert parse_document({**trajectory(), "replay_config": config}).messages[-1].model is None


@pytest.mark.parametrize("stats", [None, 5, {}, {"api_calls": 3}])
def test_without_counts_there_is_no_usage(stats):
    message = parse_document({**trajectory(), "info": {"model_stats": stats, "exit_status": "submitted"}}).messages[-1]
    assert message.usage is None
    assert message.usage_id is None


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "no JSON object"),
        ({}, "neither history nor trajectory"),
        ({"history": None, "info": {}}, "neither history nor trajectory"),
        ({"history": {}}, "history is no list"),
        ({"history": [5]}, "history is no list of JSON objects"),
        ({"trajectory": "x"}, "trajectory is no list"),
    ],
)
def test_what_is_no_run_is_rejected(document, reason):
    with pytest.raises(LineRejectedError, match=reason):
        parse_document(document)


@pytest.mark.parametrize("indent", [None, 4])
@pytest.mark.parametrize("document", [trajectory(), old_trajectory(), {"history": [{"role": "user"}]}])
def test_runs_are_recognised_however_they_are_written(document, indent):
    content = b"\n " + json.dumps(document, indent=indent).encode()
    assert recognise(Head(Path("x"), content[:65_536], ())) == 100


@pytest.mark.parametrize(
    "content",
    [b"", b"[", b"{}", b'{"history"', b'{"history": "x"}', b'{"type": "user", "history": [', b'{7, "history": ['],
)
def test_others_are_not(content):
    assert recognise(Head(Path("x.json"), content, ())) == 0


@pytest.mark.parametrize("name", ["x.traj", "x.traj.gz", "x.traj.zst"])
def test_an_object_that_is_called_a_run_is_one_if_nobody_knows_better(name):
    assert recognise(Head(Path(name), b'{"traj', ())) == 1
    assert recognise(Head(Path(name), b"\x00binary", ())) == 0


def test_a_run_that_has_just_begun_has_no_messages():
    assert parse_document({"trajectory": [], "history": [], "info": {"model_stats": {}}}).messages == ()
