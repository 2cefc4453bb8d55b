"""What made-up agents say: conversations of text, thinking, tool calls and their results, with what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from random import Random
from typing import Any, NamedTuple

from synthetic.demo import paragraph, sentence, slug
from synthetic_transcripts.model import MessageKind, MessageRole, NewMessage, Usage

CONTEXT_TOKENS_MAX = 180_000
LONG_RESULTS = 0.003
"""So many of the results of tools are long: larger than what is kept with other messages."""

LONG_RESULT_LINES = 900


class Conversation(NamedTuple):
    """What it is about.

    Attributes:
        agent: Who runs.
        goal: What is to be done.
        part: The part of a program that it is about.
        model: What the agent speaks with.
    """

    agent: str
    goal: str
    part: str
    model: str


class _Line(NamedTuple):
    """A message without its place and time."""

    role: MessageRole
    kind: MessageKind
    text: str | None = None
    blocks: list[Any] | None = None
    usage: Usage | None = None
    usage_id: str | None = None


def compose(
    draw: Random, conversation: Conversation, first: int, count: int, span: tuple[int, int]
) -> list[NewMessage]:
    """Some messages of a conversation.

    Args:
        draw: Decides everything that is left open.
        conversation: What it is about.
        first: How many messages there are before; at 0 the conversation begins.
        count: How many messages.
        span: From when to when, Unix milliseconds; they are spread over it.
    """
    begin, end = span
    messages: list[NewMessage] = []
    for number, line in enumerate(islice(_lines(draw, conversation, first), count), 1):
        is_spoken = line.role is MessageRole.ASSISTANT
        messages.append(
            NewMessage(
                source_id=_uuid(draw),
                role=line.role,
                kind=line.kind,
                text=line.text,
                blocks=line.blocks,
                tool_calls=1 if line.kind is MessageKind.TOOL_CALL else 0,
                model=conversation.model if is_spoken else None,
                usage=line.usage,
                usage_id=line.usage_id,
                parent_source_id=messages[-1].source_id if messages else None,
                occurred_at=begin + (end - begin) * number // count,
            )
        )
    return messages


def _lines(draw: Random, conversation: Conversation, first: int) -> Iterator[_Line]:
    """The conversation, without an end."""
    agent, goal, part, _ = conversation
    if first == 0:
        yield _Line(MessageRole.SYSTEM, MessageKind.SYSTEM, f"You are {agent}. Work in small steps, and test each.")
        yield _Line(MessageRole.USER, MessageKind.TEXT, f"Please {goal}. {sentence(draw, part)}")
    context = min(CONTEXT_TOKENS_MAX, 2_000 + 900 * first)
    while True:
        chance = draw.random()
        if chance < 0.03:
            yield _Line(MessageRole.USER, MessageKind.TEXT, f"And what if {sentence(draw, part).lower()}")
        elif chance < 0.04:
            yield _Line(
                MessageRole.SYSTEM, MessageKind.OTHER, blocks=[{"type": "summary", "summary": sentence(draw, part)}]
            )
        else:
            context = min(CONTEXT_TOKENS_MAX, context + draw.randrange(300, 1_800))
            yield from _response(draw, part, context)


def _response(draw: Random, part: str, context: int) -> Iterator[_Line]:
    """One response of the model: all its messages carry the same usage; and what its tool returned."""
    response_id = f"response-{draw.getrandbits(64):016x}"
    fresh = draw.randrange(40, 900)
    usage = Usage(
        input_tokens=fresh,
        output_tokens=draw.randrange(40, 900),
        cache_read_tokens=context - fresh if context > fresh else 0,
        cache_write_tokens=draw.randrange(0, 1_500),
    )
    shape = draw.random()
    if shape < 0.45:
        thought = paragraph(draw, part, draw.randrange(1, 4))
        block = {"type": "thinking", "thinking": thought}
        yield _Line(MessageRole.ASSISTANT, MessageKind.THINKING, None, [block], usage, response_id)
    if shape > 0.3:
        text = paragraph(draw, part, draw.randrange(1, 5))
        yield _Line(MessageRole.ASSISTANT, MessageKind.TEXT, text, None, usage, response_id)
    if shape < 0.85:
        call_id = f"call-{draw.getrandbits(48):012x}"
        name, given, result = _tool(draw, part)
        call = {"type": "tool_use", "id": call_id, "name": name, "input": given}
        yield _Line(MessageRole.ASSISTANT, MessageKind.TOOL_CALL, None, [call], usage, response_id)
        answer = {"type": "tool_result", "tool_use_id": call_id, "content": result}
        yield _Line(MessageRole.TOOL, MessageKind.TOOL_RESULT, None, [answer])


def _tool(draw: Random, part: str) -> tuple[str, dict[str, Any], str]:
    """A tool, what it is called with, and what it returns."""
    path = f"src/{draw.choice(('api', 'core', 'jobs', 'store', 'web'))}/{slug(part)}.py"
    line = draw.randrange(1, 400)
    match draw.randrange(5):
        case 0:
            lines = LONG_RESULT_LINES if draw.random() < 5 * LONG_RESULTS else draw.randrange(4, 14)
            body = "\n".join(f"{line + place:>5}  # {sentence(draw, part)}" for place in range(lines))
            return "read_file", {"path": path, "offset": line}, body
        case 1:
            found = [f"{path}:{line + 7 * place}: {sentence(draw, part)}" for place in range(draw.randrange(0, 5))]
            return "search", {"pattern": part, "path": "src"}, "\n".join(found) or "No matches."
        case 2:
            edit = {"path": path, "old": sentence(draw, part), "new": sentence(draw, part)}
            return "edit_file", edit, f"Changed {draw.randrange(1, 30)} lines of {path}."
        case 3:
            failed = draw.choice((0, 0, 0, 1, 3))
            seconds = draw.randrange(10, 900) / 10
            outcome = f"{draw.randrange(20, 400)} passed, {failed} failed in {seconds} s"
            return "run_tests", {"path": f"tests/test_{slug(part)}.py"}, outcome
        case _:
            return "shell", {"command": f"git diff --stat {path}"}, f"{path} | {draw.randrange(2, 80)} +++---"


def _uuid(draw: Random) -> str:
    digits = f"{draw.getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
