from __future__ import annotations

from pathlib import Path

import pytest

from synthetic import to_json
from synthetic_ingest.importer import Head, LineRejectedError
from synthetic_ingest.importers.chat import parse_line, recognise
from synthetic_transcripts.store import MessageKind, MessageRole, NewMessage, Usage
from tests.plugins.ingest.samples_of_runs import CHAT_LINES, CONVERSATION


def parse(line, offset=0, number=1):
    return parse_line(to_json(line).encode(), offset, number)


def message_of(line) -> NewMessage:
    [message] = parse(line).messages
    return message


def test_a_chat_is_read_message_by_message():
    messages = [message_of(line) for line in CHAT_LINES]
    assert [(message.role, message.kind, message.tool_calls) for message in messages] == [
        (MessageRole.SYSTEM, MessageKind.SYSTEM, 0),
        (MessageRole.USER, MessageKind.TEXT, 0),
        (MessageRole.ASSISTANT, MessageKind.TOOL_CALL, 2),
        (MessageRole.TOOL, MessageKind.TOOL_RESULT, 0),
        (MessageRole.TOOL, MessageKind.TOOL_RESULT, 0),
        (MessageRole.ASSISTANT, MessageKind.TEXT, 0),
    ]
    assert messages[0].text == "You are a gardener."
    assert messages[2].blocks == CHAT_LINES[2]["tool_calls"]
    assert messages[2].usage == Usage(20, 30, 100, 0)
    assert messages[2].model == "open-1"
    assert messages[2].occurred_at == 1_769_940_001_000
    assert messages[3].text == "red ones"
    assert messages[3].metadata == {"tool_call_id": "call_1", "name": "look"}
    assert messages[4].blocks == [{"type": "text", "text": "none"}]
    assert messages[5].occurred_at == 1_769_940_002_500
    assert [message.occurred_at for message in messages[:2]] == [None, 1_769_940_000_000]


def test_text_and_calls_stand_together_as_blocks():
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    assert message_of({"role": "assistant", "content": "Look:", "tool_calls": [call]}).blocks == [
        {"type": "text", "text": "Look:"},
        call,
    ]
    parts = [{"type": "text", "text": "Look:"}]
    assert message_of({"role": "assistant", "content": parts, "tool_calls": [call]}).blocks == [*parts, call]
    assert message_of({"role": "assistant", "tool_calls": [call]}).blocks == [call]


def test_blocks_of_other_vendors_are_understood():
    message = message_of(
        {"role": "assistant", "content": [{"type": "text", "text": "x"}, {"type": "tool_use", "id": "t"}]}
    )
    assert (message.kind, message.tool_calls) == (MessageKind.TOOL_CALL, 1)
    answer = message_of({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "y"}]})
    assert (answer.kind, answer.role) == (MessageKind.TOOL_RESULT, MessageRole.TOOL)


@pytest.mark.parametrize(
    ("name", "role", "kind"),
    [
        ("developer", MessageRole.SYSTEM, MessageKind.SYSTEM),
        ("human", MessageRole.USER, MessageKind.TEXT),
        ("ai", MessageRole.ASSISTANT, MessageKind.TEXT),
        ("function", MessageRole.TOOL, MessageKind.TOOL_RESULT),
        ("critic", MessageRole.SYSTEM, MessageKind.OTHER),
    ],
)
def test_roles_by_other_names_are_kept_in_the_metadata(name, role, kind):
    message = message_of({"role": name, "content": "x"})
    assert (message.role, message.kind) == (role, kind)
    assert message.metadata == {"role": name}


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (
            {"input_tokens": 1, "output_tokens": 2, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 4},
            Usage(1, 2, 3, 4),
        ),
        ({"prompt_tokens": 5, "completion_tokens": 2.0}, Usage(5, 2, 0, 0)),
        ({"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 9}}, Usage(0, 0, 5, 0)),
        ({"prompt_tokens": 5, "prompt_tokens_details": None}, Usage(5, 0, 0, 0)),
        ({"total_tokens": 5}, None),
        (None, None),
        (7, None),
    ],
)
def test_usage_is_read_in_the_words_of_either_family(usage, expected):
    assert message_of({"role": "assistant", "content": "x", "usage": usage}).usage == expected


def test_a_conversation_is_one_message_after_the_other():
    parsed = parse(CONVERSATION, 700, 3)
    first, second, third = parsed.messages
    assert parsed.facts.title == "Hello"
    assert first.metadata == {"conversation": 3, "conversationMetadata": {"id": "conversation-1"}}
    assert [first.parent_source_id, second.parent_source_id, third.parent_source_id] == [
        None,
        first.source_id,
        second.source_id,
    ]
    assert second.blocks == [
        {"type": "text", "text": "Good day"},
        {"type": "function", "function": {"name": "bow", "arguments": "{}"}},
    ]
    assert second.tool_calls == 1
    assert {message.source_id for message in parse(CONVERSATION, 800, 4).messages}.isdisjoint(
        message.source_id for message in parsed.messages
    )


def test_an_empty_conversation_says_nothing():
    assert parse({"messages": []}).messages == ()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ({"content": "x"}, "no role"),
        ({"role": 5, "content": "x"}, "no role"),
        ({"role": "user"}, "neither content nor tool_calls"),
        ({"messages": [{"role": "user", "content": "x"}, 5]}, "Message 1 of the conversation"),
        ({"messages": [{"role": "user"}]}, "neither content"),
        ({"messages": "x"}, "no role"),
    ],
)
def test_what_is_no_message_is_rejected(line, reason):
    with pytest.raises(LineRejectedError, match=reason):
        parse(line)


def test_the_title_is_the_first_text_of_a_person():
    assert parse(CHAT_LINES[0]).facts is None
    assert parse(CHAT_LINES[1]).facts.title == "Which tulips?"
    assert parse({"role": "user", "content": [{"type": "image"}, "Look\nhere"]}).facts.title == "Look"
    assert parse({"role": "user", "content": ""}).facts is None


def test_chats_are_recognised_by_their_lines():
    assert recognise(Head(Path("x"), b"", CHAT_LINES)) == 100
    assert recognise(Head(Path("x"), b"", (CONVERSATION,))) == 100
    assert recognise(Head(Path("x"), b"", (CHAT_LINES[0], {"a": 1}))) == 50
    assert recognise(Head(Path("x"), b"", ())) == 0
    assert recognise(Head(Path("chat.jsonl"), b"", (7, {"messages": [7]}, {"role": "user"}))) == 0
