"""Chat logs: one JSON object a line, in the shape that most model APIs share.

A line is a message (`role`, `content` as a text or a list of parts, and
optionally `tool_calls`, `tool_call_id`, `name`, `model`, `usage`, `timestamp`),
or a whole conversation (`{"messages": [...]}`). One file is one transcript:
the messages of a conversation follow each other, each answering the one before
it, and carry the number of their line as `conversation` in their metadata.

A message's source id is made of its place and content, never of an `id` in the
line: in such logs that is as often the id of the conversation.

Where a message has both text and `tool_calls`, its content is a list: a block
`{"type": "text"}` and the calls as they came.
"""

from __future__ import annotations

from typing import Any

from synthetic_ingest.importer import CONFIDENCE_MAX, Head, Importer, LineRejectedError, Parsed
from synthetic_ingest.importers.blocks import (
    MODEL_CHARACTERS,
    first_text,
    read_blocks,
    title_of,
    usage_of,
)
from synthetic_ingest.instants import instant_of
from synthetic_ingest.json_lines import decode_object, source_id_of
from synthetic_sessions.store import SessionFacts
from synthetic_transcripts.store import MessageKind, MessageRole, NewMessage

_ROLES = {
    "user": MessageRole.USER,
    "human": MessageRole.USER,
    "assistant": MessageRole.ASSISTANT,
    "ai": MessageRole.ASSISTANT,
    "model": MessageRole.ASSISTANT,
    "system": MessageRole.SYSTEM,
    "developer": MessageRole.SYSTEM,
    "tool": MessageRole.TOOL,
    "function": MessageRole.TOOL,
}
_TIMES = ("timestamp", "created_at", "created")


def parse_line(line: bytes, offset: int, number: int) -> Parsed:
    """The message, or the messages of the conversation, of one line.

    Raises:
        LineRejectedError: It is neither, or one of its messages is none.
    """
    value = decode_object(line)
    source_id = source_id_of(line, offset)
    conversation = value.get("messages")
    if type(conversation) is not list:
        message = read_message(value, source_id)
        return Parsed((message,), _facts_of((message,)))
    rest = {key: item for key, item in value.items() if key != "messages"}
    messages: list[NewMessage] = []
    for index, item in enumerate(conversation):
        if type(item) is not dict:
            raise LineRejectedError(f"Message {index} of the conversation is no JSON object.")
        item["conversation"] = number
        if index == 0 and rest:
            item["conversationMetadata"] = rest
        parent = f"{source_id}-{index - 1}" if index else None
        messages.append(read_message(item, f"{source_id}-{index}", parent))
    return Parsed(tuple(messages), _facts_of(messages))


def read_message(value: dict[str, Any], source_id: str, parent: str | None = None) -> NewMessage:
    """The message that an object with a `role` is; what no field of a message says stays in its metadata.

    Args:
        value: The object; it is taken apart.
        source_id: The message's id.
        parent: Source id of the message that it answers.

    Raises:
        LineRejectedError: It has no role, or neither content nor calls of tools.
    """
    role_name = value.get("role")
    if type(role_name) is not str:
        raise LineRejectedError("It has no role: it is no message of a chat.")
    role = _ROLES.get(role_name.lower())
    calls = _take_calls(value)
    if "content" not in value and not calls:
        raise LineRejectedError("It has neither content nor tool_calls.")
    text, blocks, kind = _content_of(value.pop("content", None), calls)
    tool_calls = len(calls)
    if kind is MessageKind.TOOL_CALL:
        tool_calls = max(tool_calls, read_blocks(blocks or ()).tool_calls)
    if role is None:
        role, kind = MessageRole.SYSTEM, MessageKind.OTHER
    else:
        if role_name == role.value.lower():
            del value["role"]
        kind = _kind_for(role, kind)
        if kind is MessageKind.TOOL_RESULT:
            role = MessageRole.TOOL
    usage = usage_of(value.get("usage"))
    model = value.get("model")
    if type(model) is str and len(model) <= MODEL_CHARACTERS:
        del value["model"]
    else:
        model = None
    return NewMessage(
        source_id=source_id,
        role=role,
        kind=kind,
        text=text,
        blocks=blocks,
        tool_calls=tool_calls,
        model=model,
        usage=usage,
        parent_source_id=parent,
        occurred_at=_take_time(value),
        metadata=value,
    )


def _take_calls(value: dict[str, Any]) -> list[Any]:
    """The calls of tools, in the present form or the older `function_call`."""
    calls = value.get("tool_calls")
    if type(calls) is list:
        del value["tool_calls"]
        return calls
    call = value.get("function_call")
    if type(call) is dict:
        del value["function_call"]
        return [{"type": "function", "function": call}]
    return []


def _content_of(content: Any, calls: list[Any]) -> tuple[str | None, list[Any] | None, MessageKind]:
    """Content and calls as a text or as blocks, and the kind that these make."""
    if not calls:
        if content is None or type(content) is str:
            return content, None, MessageKind.TEXT
        if type(content) is list:
            return None, content, read_blocks(content).kind
        return None, [content], MessageKind.OTHER
    blocks: list[Any] = []
    if type(content) is list:
        blocks.extend(content)
    elif content:
        blocks.append({"type": "text", "text": content} if type(content) is str else content)
    return None, [*blocks, *calls], MessageKind.TOOL_CALL


def _kind_for(role: MessageRole, kind: MessageKind) -> MessageKind:
    if role is MessageRole.TOOL:
        return MessageKind.TOOL_RESULT
    if role is MessageRole.SYSTEM and kind is MessageKind.TEXT:
        return MessageKind.SYSTEM
    return kind


def _take_time(value: dict[str, Any]) -> int | None:
    for name in _TIMES:
        instant = instant_of(value.get(name))
        if instant is not None:
            del value[name]
            return instant
    return None


def _facts_of(messages: tuple[NewMessage, ...] | list[NewMessage]) -> SessionFacts | None:
    """A title from the first text of a person."""
    for message in messages:
        if message.role is MessageRole.USER and message.kind is MessageKind.TEXT:
            text = first_text(message.text if message.blocks is None else message.blocks)
            title = title_of(text) if text else None
            if title is not None:
                return SessionFacts(title=title)
    return None


def recognise(head: Head) -> int:
    """How many of the first lines are messages or conversations, as a share of 100."""
    if not head.lines:
        return 0
    return CONFIDENCE_MAX * sum(map(_is_chat, head.lines)) // len(head.lines)


def _is_chat(value: Any) -> bool:
    if type(value) is not dict:
        return False
    conversation = value.get("messages")
    if type(conversation) is list:
        return all(map(_is_message, conversation[:4]))
    return _is_message(value)


def _is_message(value: Any) -> bool:
    return (
        type(value) is dict
        and type(value.get("role")) is str
        and ("content" in value or "tool_calls" in value or "function_call" in value)
    )


CHAT = Importer(
    name="chat",
    summary="Chat logs, one JSON object a line: a message (role, content, tool_calls) or {messages: [...]}.",
    recognise=recognise,
    parse_line=parse_line,
)
