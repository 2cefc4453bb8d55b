"""Trajectories of SWE-agent (`.traj`): one JSON document a run, rewritten as the run goes on.

The messages are the entries of `history`; where there is none (or an empty
one), they are made of the steps of `trajectory`, each an action and what was
observed. The versions differ; what holds for all of them:

- An entry of the assistant that acts is a tool call: as many as its
  `tool_calls`, or one if it has an `action` but no such list (the older
  versions wrote commands into the text).
- What is observed after an action is a tool result, whatever role it was given.
- Demonstrations (`is_demo`) are part of the prompt: texts, whose tool calls
  this run did not make.
- The step of `trajectory` that belongs to an action adds its state and time to
  the metadata. Its `messages` or `query` quote the history, and are left out.
- The last observation of a finished run stands only in `trajectory` in the
  older versions; it is then added as a tool result.
- `info` is the last message, of the kind OTHER, once it says how the run ended:
  before, it changes with every step. Its `model_stats` are the usage of the run.

An entry's source id is made of its place and content, so a run that goes on
adds to its transcript, and nothing is stored twice: a transcript that was read
as its run went on equals one that was read at the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import orjson

from synthetic_ingest.importer import CONFIDENCE_MAX, Head, Importer, LineRejectedError, Parsed
from synthetic_ingest.importers.blocks import MODEL_CHARACTERS, count_of, first_text, plain_fact, read_blocks, title_of
from synthetic_sessions.store import SessionFacts
from synthetic_transcripts.store import MessageKind, MessageRole, NewMessage, Usage

AGENT = "SWE-agent"
INFO_ID = "info"
"""Source id of the last message. A run ends once, so what is written into `info` after that adds no other."""

USAGE_ID = "model_stats"

_ROLES = {
    "user": MessageRole.USER,
    "assistant": MessageRole.ASSISTANT,
    "system": MessageRole.SYSTEM,
    "tool": MessageRole.TOOL,
}
_QUOTES = ("action", "observation", "response", "thought", "messages", "query")
"""What a step repeats of the history."""

_FIRST_KEYS = (b"trajectory", b"history", b"environment", b"info", b"replay_config", b"attempts")
_SUFFIX = ".traj"
_CONFIDENCE_BY_NAME = 1
_KEYS = re.compile(rb'"(?:trajectory|history)"\s*:\s*\[')


def parse_document(document: Any) -> Parsed:
    """All messages of a run, and what it says of its session.

    Raises:
        LineRejectedError: It is no trajectory, or one of its entries is none.
    """
    if type(document) is not dict:
        raise LineRejectedError("It is no JSON object.")
    steps = _list_of(document, "trajectory")
    entries = _list_of(document, "history")
    if document.get("history") is None and document.get("trajectory") is None:
        raise LineRejectedError("It has neither history nor trajectory.")
    info = document.get("info")
    info = info if type(info) is dict else {}
    messages = list(_from_history(entries, steps) if entries else _from_steps(steps))
    if info.get("exit_status") is not None:
        if entries:
            messages.extend(_last_observation(entries, steps))
        messages.append(_from_info(info, _model_of(document)))
    return Parsed(tuple(messages), _facts_of(document, info, messages))


def _list_of(document: dict[str, Any], key: str) -> list[dict[str, Any]]:
    items = document.get(key)
    if items is None:
        return []
    if type(items) is not list or any(type(item) is not dict for item in items):
        raise LineRejectedError(f"Its {key} is no list of JSON objects.")
    return items


def _from_history(entries: list[dict[str, Any]], steps: list[dict[str, Any]]) -> Iterator[NewMessage]:
    remaining = iter(steps)
    step = next(remaining, None)
    after_action = False
    for index, entry in enumerate(entries):
        metadata = {key: value for key, value in entry.items() if key not in ("role", "content", "tool_calls")}
        acts = _acts(entry)
        if acts and step is not None and _text_of(step.get("action")) == _text_of(entry.get("action")):
            added = {key: value for key, value in step.items() if key not in _QUOTES}
            if added:
                metadata["step"] = added
            step = next(remaining, None)
        yield _message_of(entry, index, metadata, acts=acts, after_action=after_action)
        after_action = acts


def _acts(entry: dict[str, Any]) -> bool:
    """Whether an entry is an action of this run."""
    if entry.get("role") != "assistant" or entry.get("is_demo"):
        return False
    return bool(entry.get("tool_calls")) or bool(_text_of(entry.get("action")))


def _message_of(
    entry: dict[str, Any], index: int, metadata: dict[str, Any], *, acts: bool, after_action: bool
) -> NewMessage:
    role_name = entry.get("role")
    role = _ROLES.get(role_name, MessageRole.SYSTEM) if type(role_name) is str else MessageRole.SYSTEM
    if role is MessageRole.SYSTEM and role_name != "system":
        metadata["role"] = role_name
    content = entry.get("content")
    blocks = content if type(content) is list else None
    text = content if type(content) is str else None
    kind, tool_calls = read_blocks(blocks) if blocks is not None else (MessageKind.TEXT, 0)
    calls = entry.get("tool_calls")
    if type(calls) is list and calls:
        blocks = [*(blocks or ([{"type": "text", "text": text}] if text else [])), *calls]
        text = None
    if entry.get("is_demo"):
        kind, tool_calls = MessageKind.TEXT, 0
    elif acts:
        kind, tool_calls = MessageKind.TOOL_CALL, len(calls) if type(calls) is list and calls else max(1, tool_calls)
    elif role is MessageRole.TOOL or (after_action and entry.get("message_type") == "observation"):
        role, kind = MessageRole.TOOL, MessageKind.TOOL_RESULT
    elif role is MessageRole.SYSTEM:
        kind = MessageKind.SYSTEM
    return NewMessage(
        source_id=_source_id("history", index, entry),
        role=role,
        kind=kind,
        text=text,
        blocks=blocks,
        tool_calls=tool_calls,
        metadata=metadata,
    )


def _from_steps(steps: list[dict[str, Any]]) -> Iterator[NewMessage]:
    """Two messages of each step: what was done, and what was observed."""
    for index, step in enumerate(steps):
        response = _text_of(step.get("response")) or _text_of(step.get("thought"))
        action = _text_of(step.get("action"))
        blocks: list[Any] = [{"type": "text", "text": response}] if response else []
        if action:
            blocks.append({"type": "action", "action": action})
        yield NewMessage(
            source_id=_source_id("step", index, step),
            role=MessageRole.ASSISTANT,
            kind=MessageKind.TOOL_CALL if action else MessageKind.TEXT,
            blocks=blocks,
            tool_calls=1 if action else 0,
            metadata={key: value for key, value in step.items() if key not in _QUOTES},
        )
        observation = _text_of(step.get("observation"))
        if observation:
            yield _observed(index, step, observation)


def _last_observation(entries: list[dict[str, Any]], steps: list[dict[str, Any]]) -> Iterator[NewMessage]:
    """What the last action of a finished run brought, if the history ends with that action."""
    if steps and _acts(entries[-1]):
        observation = _text_of(steps[-1].get("observation"))
        if observation:
            yield _observed(len(steps) - 1, steps[-1], observation)


def _observed(index: int, step: dict[str, Any], observation: str) -> NewMessage:
    return NewMessage(
        source_id=_source_id("observation", index, step),
        role=MessageRole.TOOL,
        kind=MessageKind.TOOL_RESULT,
        text=observation,
    )


def _from_info(info: dict[str, Any], model: str | None) -> NewMessage:
    stats = info.get("model_stats")
    usage = None
    if type(stats) is dict and ("tokens_sent" in stats or "tokens_received" in stats):
        usage = Usage(
            input_tokens=count_of(stats.get("tokens_sent")), output_tokens=count_of(stats.get("tokens_received"))
        )
    return NewMessage(
        source_id=INFO_ID,
        role=MessageRole.SYSTEM,
        kind=MessageKind.OTHER,
        blocks=[info],
        model=model,
        usage=usage,
        usage_id=USAGE_ID if usage is not None else None,
    )


def _model_of(document: dict[str, Any]) -> str | None:
    """The model that ran, where the recorded configuration names it; replays name none."""
    found: Any = document.get("replay_config")
    if type(found) is str:
        try:
            found = orjson.loads(found)
        except orjson.JSONDecodeError:
            return None
    for key in ("agent", "model", "name"):
        if type(found) is not dict:
            return None
        found = found.get(key)
    return found if type(found) is str and 0 < len(found) <= MODEL_CHARACTERS else None


def _facts_of(document: dict[str, Any], info: dict[str, Any], messages: list[NewMessage]) -> SessionFacts:
    named = {"environment": plain_fact(document.get("environment")), "exitStatus": plain_fact(info.get("exit_status"))}
    metadata = {name: value for name, value in named.items() if value is not None}
    title = None
    for message in messages:
        if message.role is MessageRole.USER:
            text = first_text(message.text if message.blocks is None else message.blocks)
            title = title_of(text) if text else None
            break
    return SessionFacts(agent=AGENT, title=title, metadata=metadata)


def _source_id(part: str, index: int, value: dict[str, Any]) -> str:
    return f"{part}-{index}-{blake2b(orjson.dumps(value), digest_size=8).hexdigest()}"


def _text_of(value: Any) -> str:
    return value.strip() if type(value) is str else ""


def recognise(head: Head) -> int:
    """Whether the first key is one of a trajectory's and a history or trajectory is begun in its first bytes.

    An object that nobody else knows is a broken trajectory where it is called one.
    """
    content = head.content.lstrip()
    if not content.startswith(b"{"):
        return 0
    key = content[1:].lstrip()[:20].split(b'"')
    if len(key) >= 2 and not key[0] and key[1] in _FIRST_KEYS and _KEYS.search(content):
        return CONFIDENCE_MAX
    return _CONFIDENCE_BY_NAME if _SUFFIX in head.path.suffixes else 0


SWE_AGENT = Importer(
    name="swe-agent",
    summary="Trajectories of SWE-agent (.traj): a JSON document with history, trajectory and info.",
    recognise=recognise,
    parse_document=parse_document,
)
