"""Session files of coding agents: one JSON object a line, as Claude Code writes them.

What becomes of a line:

- `user` and `assistant` lines are messages. A `user` line that brings a tool's
  result is spoken by the tool. Several lines share one `message.id`, because a
  response is written block by block, each line repeating or growing its usage:
  so the id of the response is the usage's id, and the last line counts.
- `system` and `summary` lines are of the kind SYSTEM.
- Everything else (`progress`, `file-history-snapshot`, `queue-operation` …) is
  kept as OTHER. A `progress` line quotes messages of sub-agents with their
  usage; these stand in the sub-agent's own file, so here they are content and
  are not counted.

What a line says beyond the fields of a message stays in its metadata, so that
nothing is lost. A line without a `uuid` gets a source id from its place and
content.

A file `SESSION/subagents/agent-ID.jsonl` (older versions put it beside
`SESSION.jsonl`) is a session of its own, `SESSION/agent-ID`, whose parent is
`SESSION`: both come from its lines (`sessionId`, `agentId`), and from the path
only where the lines do not say. The result of the call that started it names
the agent, so that message's metadata gets its session as `startedSessionId`.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import PurePath
from typing import Any
from uuid import UUID

from synthetic_ingest.importer import CONFIDENCE_MAX, FileSession, Head, Importer, LineRejectedError, Parsed
from synthetic_ingest.importers.blocks import (
    MODEL_CHARACTERS,
    count_of,
    first_text,
    plain_fact,
    read_blocks,
    title_of,
    usable_id,
)
from synthetic_ingest.instants import instant_of
from synthetic_ingest.json_lines import decode_object, source_id_of
from synthetic_sessions.store import SessionFacts
from synthetic_transcripts.store import MessageKind, MessageRole, NewMessage, Usage

AGENT = "claude-code"
SUBAGENT = "claude-code/subagent"

_SPEAKERS = ("user", "assistant")
_BODIES = {"progress": "data", "file-history-snapshot": "snapshot"}
"""Where lines of these types have what they are about."""

_MARKUP = ("<command-", "<local-command-", "<system-reminder>", "<task-notification>", "Caveat: ")
"""How texts begin that stand in a user's name but were not written by a person."""

_NAME_CHARACTERS = 90
"""Two of them, joined, still make an id of a session (200 characters)."""

_SUFFIXES = (".gz", ".zst", ".jsonl")


def parse_line(line: bytes, offset: int, number: int) -> Parsed:  # noqa: ARG001 - the number is for other formats
    """The message of one line, and what the line says of the session.

    Raises:
        LineRejectedError: It is no JSON object with a `type`.
    """
    entry = decode_object(line)
    entry_type = entry.get("type")
    if type(entry_type) is not str:
        raise LineRejectedError("It has no type: it is no entry of a coding agent's session.")
    source_id = usable_id(entry.get("uuid"))
    if source_id is None:
        source_id = source_id_of(line, offset)
    else:
        del entry["uuid"]
    # Most lines are of progress, and say nothing of the session that others do not.
    facts = None if entry_type == "progress" else _facts_of(entry)
    occurred_at = instant_of(entry.get("timestamp"))
    if occurred_at is not None:
        del entry["timestamp"]
    parent = usable_id(entry.get("parentUuid"))
    if parent is not None or entry.get("parentUuid", "") is None:
        del entry["parentUuid"]
    if entry_type in _SPEAKERS and type(entry.get("message")) is dict:
        if entry_type == "user":
            facts = _with_title(facts, entry)
            _name_started_session(entry)
        return Parsed((_spoken(entry, source_id, parent, occurred_at),), facts)
    if entry_type == "summary" and type(entry.get("summary")) is str:
        facts = _titled(facts, title_of(entry["summary"]))
    return Parsed((_noted(entry, entry_type, source_id, parent, occurred_at),), facts)


def _spoken(entry: dict[str, Any], source_id: str, parent: str | None, occurred_at: int | None) -> NewMessage:
    """The message of a `user` or `assistant` line; what is taken out of the entry, the rest is metadata."""
    message = entry.pop("message")
    content = message.pop("content", None)
    text = blocks = None
    kind, tool_calls = MessageKind.TEXT, 0
    if type(content) is list:
        blocks = content
        kind, tool_calls = read_blocks(content)
    elif type(content) is str:
        text = content
    elif content is not None:
        blocks, kind = [content], MessageKind.OTHER
    role = MessageRole.ASSISTANT if entry["type"] == "assistant" else MessageRole.USER
    if kind is MessageKind.TOOL_RESULT and role is MessageRole.USER:
        role = MessageRole.TOOL
    model = message.get("model")
    if type(model) is str and len(model) <= MODEL_CHARACTERS:
        del message["model"]
    else:
        model = None
    usage_id = usable_id(message.get("id"))
    if usage_id is not None:
        del message["id"]
    if message.get("role") == entry["type"]:
        del message["role"]
    usage = _take_usage(message)
    rest = {key: value for key, value in message.items() if value is not None}
    if rest:
        entry["message"] = rest
    return NewMessage(
        source_id=source_id,
        role=role,
        kind=kind,
        text=text,
        blocks=blocks,
        tool_calls=tool_calls,
        model=model,
        usage=usage,
        usage_id=usage_id,
        parent_source_id=parent,
        occurred_at=occurred_at,
        metadata=entry,
    )


def _name_started_session(entry: dict[str, Any]) -> None:
    """Put the id of the sub-agent's session beside the result of the call that started it."""
    result = entry.get("toolUseResult")
    if type(result) is dict:
        session_id, agent_id = _plain_name(entry.get("sessionId")), _plain_name(result.get("agentId"))
        if session_id is not None and agent_id is not None:
            entry["startedSessionId"] = _session_of_agent(session_id, agent_id)


def _noted(
    entry: dict[str, Any], entry_type: str, source_id: str, parent: str | None, occurred_at: int | None
) -> NewMessage:
    """The message of any other line."""
    text = blocks = None
    kind = MessageKind.SYSTEM if entry_type in ("system", "summary") else MessageKind.OTHER
    body = _BODIES.get(entry_type)
    if body is not None:
        if body in entry:
            blocks = [entry.pop(body)]
    else:
        name = "summary" if entry_type == "summary" else "content"
        if type(entry.get(name)) is str:
            text = entry.pop(name)
    return NewMessage(
        source_id=source_id,
        role=MessageRole.SYSTEM,
        kind=kind,
        text=text,
        blocks=blocks,
        parent_source_id=parent,
        occurred_at=occurred_at,
        metadata=entry,
    )


def _take_usage(message: dict[str, Any]) -> Usage | None:
    """Take the four counts out of a message's usage; how caches were priced and served stays."""
    counts = message.get("usage")
    if type(counts) is not dict or ("input_tokens" not in counts and "output_tokens" not in counts):
        return None
    usage = Usage(
        input_tokens=count_of(counts.pop("input_tokens", 0)),
        output_tokens=count_of(counts.pop("output_tokens", 0)),
        cache_read_tokens=count_of(counts.pop("cache_read_input_tokens", 0)),
        cache_write_tokens=count_of(counts.pop("cache_creation_input_tokens", 0)),
    )
    if not counts:
        del message["usage"]
    return usage


def _facts_of(entry: dict[str, Any]) -> SessionFacts | None:
    get = entry.get
    return _surroundings(plain_fact(get("cwd")), plain_fact(get("gitBranch")), plain_fact(get("version")))


@lru_cache(maxsize=256)
def _surroundings(cwd: str | None, branch: str | None, version: str | None) -> SessionFacts | None:
    """Where a session runs; one object for the thousands of lines that say the same."""
    named = {"cwd": cwd, "gitBranch": branch, "version": version}
    known = {name: value for name, value in named.items() if value is not None}
    return SessionFacts(metadata=known) if known else None


def _with_title(facts: SessionFacts | None, entry: dict[str, Any]) -> SessionFacts | None:
    """The facts with a title, if this is a text that a person wrote to the agent."""
    if entry.get("isMeta") is True or entry.get("isCompactSummary") is True:
        return facts
    text = first_text(entry["message"].get("content"))
    if text is None or text.lstrip().startswith(_MARKUP):
        return facts
    return _titled(facts, title_of(text))


def _titled(facts: SessionFacts | None, title: str | None) -> SessionFacts | None:
    if title is None:
        return facts
    return SessionFacts(title=title, metadata=facts.metadata if facts is not None else {})


def recognise(head: Head) -> int:
    """How many of the first lines are entries of a session, as a share of 100."""
    if not head.lines:
        return 0
    return CONFIDENCE_MAX * sum(map(_is_entry, head.lines)) // len(head.lines)


def _is_entry(value: Any) -> bool:
    if type(value) is not dict or type(value.get("type")) is not str:
        return False
    if type(value.get("sessionId")) is str or (type(value.get("uuid")) is str and "parentUuid" in value):
        return True
    return (type(value.get("messageId")) is str and "snapshot" in value) or (
        value["type"] == "summary" and type(value.get("leafUuid")) is str
    )


def find_session(head: Head) -> FileSession:
    """The session that a file holds, and for a sub-agent's file the one that it belongs to."""
    session_id, agent_id = _ids_in_lines(head.lines) or _ids_in_path(head.path)
    if agent_id is None:
        return FileSession(session_id=session_id, facts=SessionFacts(agent=AGENT))
    facts = SessionFacts(agent=SUBAGENT, parent_session_id=session_id, metadata={"agentId": agent_id})
    return FileSession(session_id=session_id and _session_of_agent(session_id, agent_id), facts=facts)


def _session_of_agent(session_id: str, agent_id: str) -> str:
    """The id of a sub-agent's session."""
    return f"{session_id}/agent-{agent_id}"


def _ids_in_lines(lines: tuple[Any, ...]) -> tuple[str | None, str | None] | None:
    """The ids of the session and, when the file is a sub-agent's, of the agent; None where no line says."""
    for value in lines:
        session_id = _plain_name(value.get("sessionId")) if type(value) is dict else None
        if session_id is not None:
            return session_id, _plain_name(value.get("agentId")) if value.get("isSidechain") is True else None
    return None


def _ids_in_path(path: PurePath) -> tuple[str | None, str | None]:
    """As `_ids_in_lines`; only a UUID is taken for a session's id, since any other name may be used twice."""
    name = path.name
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    if path.parent.name == "subagents" and name.startswith("agent-"):
        return _uuid(path.parent.parent.name), _plain_name(name.removeprefix("agent-"))
    return _uuid(name), None


def _plain_name(value: Any) -> str | None:
    """A text that can be the id of a session, or a part of one."""
    if type(value) is not str or not 0 < len(value) <= _NAME_CHARACTERS:
        return None
    return value if value.isprintable() and value == value.strip() else None


def _uuid(name: str) -> str | None:
    try:
        return name if str(UUID(name)) == name.lower() else None
    except ValueError:
        return None


CODING_AGENT = Importer(
    name="coding-agent",
    summary="Session files of coding agents (Claude Code): SESSION.jsonl and SESSION/subagents/agent-ID.jsonl.",
    recognise=recognise,
    parse_line=parse_line,
    find_session=find_session,
    keeps_ids=True,
)
