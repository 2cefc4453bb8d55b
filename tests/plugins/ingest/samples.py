"""Made-up files of every format, small enough to read and rich enough to go wrong."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from tests.plugins.ingest.samples_of_runs import CHAT_LINES, CONVERSATION, old_trajectory, trajectory

SESSION = "0b5e9c1e-6f0a-4d8e-9a55-3b1d2c4e5f60"
OTHER_SESSION = "7d1c2b3a-9e8f-4a6b-8c5d-1f2e3d4c5b6a"
AGENT = "a1b2c3d"
LONG_AGO = 1_770_000_000
"""Seconds since 1970; files of this age are idle."""


def identifier(name: str) -> str:
    """A UUID that is always the same for a name."""
    return str(uuid5(NAMESPACE_URL, name))


def jsonl(*values: Any) -> bytes:
    """One line for each value."""
    return b"".join(json.dumps(value, ensure_ascii=False).encode() + b"\n" for value in values)


def write(path: Path, content: bytes, modified_at: int = LONG_AGO) -> Path:
    """Write a file that was last changed long ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (modified_at, modified_at))
    return path


def append(path: Path, content: bytes, modified_at: int = LONG_AGO + 60) -> None:
    """Add to a file."""
    with path.open("ab") as file:
        file.write(content)
    os.utime(path, (modified_at, modified_at))


class CodingSession:
    """Builds the lines of a coding agent's session, each answering the one before."""

    def __init__(self, session: str = SESSION, agent: str | None = None, start: int = 1_770_000_000_000) -> None:
        self.session = session
        self.agent = agent
        self.lines: list[dict[str, Any]] = []
        self._parent: str | None = None
        self._at = start

    def add(self, line_type: str, **fields: Any) -> dict[str, Any]:
        """Add a line with everything that the agent writes into each."""
        name = f"{self.session}/{self.agent}/{len(self.lines)}"
        self._at += 1_500
        line = {
            "parentUuid": self._parent,
            "isSidechain": self.agent is not None,
            "userType": "external",
            "cwd": "/projects/garden",
            "sessionId": self.session,
            "version": "2.1.39",
            "gitBranch": "main",
            **({"agentId": self.agent} if self.agent else {}),
            "type": line_type,
            "uuid": identifier(name),
            "timestamp": iso(self._at),
            **fields,
        }
        self._parent = line["uuid"]
        self.lines.append(line)
        return line

    def user(self, content: Any, **fields: Any) -> dict[str, Any]:
        """A line in the user's name."""
        return self.add("user", message={"role": "user", "content": content}, **fields)

    def assistant(
        self, response: str, block: dict[str, Any], output_tokens: int, model: str = "large-1", **counts: int
    ) -> dict[str, Any]:
        """One block of a response; its usage grows with each."""
        usage = {
            "input_tokens": 3,
            "cache_creation_input_tokens": 100,
            "cache_read_input_tokens": 1_000,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 100},
            "output_tokens": output_tokens,
            "service_tier": "standard",
            **counts,
        }
        message = {
            "model": model,
            "id": response,
            "type": "message",
            "role": "assistant",
            "content": [block],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage,
        }
        return self.add("assistant", message=message, requestId=f"req_{response}")

    def bytes(self) -> bytes:
        """The file."""
        return jsonl(*self.lines)


def iso(at_ms: int) -> str:
    """Unix milliseconds as the agents write them."""
    from synthetic import iso_from_ms

    return iso_from_ms(at_ms)


def main_session(session: str = SESSION) -> CodingSession:
    """A session with every sort of line."""
    built = CodingSession(session)
    built.lines.append(
        {
            "type": "file-history-snapshot",
            "messageId": identifier("snapshot"),
            "snapshot": {"messageId": identifier("snapshot"), "trackedFileBackups": {}},
            "isSnapshotUpdate": False,
        }
    )
    built.add("progress", data={"type": "hook_progress", "hookEvent": "SessionStart", "command": "prime"})
    built.user("<local-command-caveat>Caveat: typed by a machine.</local-command-caveat>", isMeta=True)
    built.user("Please plant\nthe tulips 🌷", thinkingMetadata={"maxThinkingTokens": 31_999}, todos=[])
    built.assistant("msg_1", {"type": "thinking", "thinking": "Where is the spade?", "signature": "c2ln"}, 5)
    built.assistant("msg_1", {"type": "text", "text": "I look for the spade."}, 9)
    built.assistant("msg_1", {"type": "tool_use", "id": "toolu_1", "name": "Glob", "input": {"pattern": "*"}}, 40)
    built.assistant("msg_1", {"type": "tool_use", "id": "toolu_2", "name": "Task", "input": {"prompt": "dig"}}, 41)
    built.user([{"type": "tool_result", "tool_use_id": "toolu_1", "content": "shed/spade"}], toolUseResult={"n": 1})
    quoted = {
        "type": "assistant",
        "message": {
            "model": "small-1",
            "id": "msg_sub",
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "toolu_9", "name": "Dig", "input": {}}],
            "usage": {"input_tokens": 500, "output_tokens": 500},
        },
    }
    built.add(
        "progress", data={"type": "agent_progress", "agentId": AGENT, "message": quoted, "normalizedMessages": []}
    )
    built.user(
        [{"type": "tool_result", "tool_use_id": "toolu_2", "content": [{"type": "text", "text": "dug"}]}],
    )
    built.assistant("msg_2", {"type": "text", "text": "Done."}, 7, model="small-1")
    built.add("system", subtype="turn_duration", durationMs=1_200, isMeta=False)
    built.add("system", subtype="local_command", content="<local-command-stdout></local-command-stdout>", level="info")
    built.lines.append(
        {
            "type": "queue-operation",
            "operation": "enqueue",
            "timestamp": iso(1_770_000_100_000),
            "sessionId": session,
            "content": "/mcp",
        }
    )
    built.lines.append({"type": "summary", "summary": "Tulips planted", "leafUuid": built.lines[-2]["uuid"]})
    return built


def sub_session(session: str = SESSION, agent: str = AGENT) -> CodingSession:
    """The session of a sub-agent."""
    built = CodingSession(session, agent, start=1_770_000_010_000)
    built.user("dig a hole")
    built.assistant("msg_sub", {"type": "text", "text": "Digging."}, 250, model="small-1")
    built.assistant(
        "msg_sub", {"type": "tool_use", "id": "toolu_9", "name": "Dig", "input": {"deep": True}}, 500, model="small-1"
    )
    built.user([{"type": "tool_result", "tool_use_id": "toolu_9", "content": "a hole"}])
    return built


def long_session(responses: int, session: str = OTHER_SESSION) -> CodingSession:
    """A session of many lines: four for each response."""
    built = CodingSession(session)
    for number in range(responses):
        built.user(f"Question {number}: " + "why? " * (number % 40))
        built.assistant(f"msg_{number}", {"type": "text", "text": f"Because {number}. " * (number % 30 + 1)}, 10)
        call = {"type": "tool_use", "id": f"toolu_{number}", "name": "Read", "input": {"file": f"{number}.txt"}}
        built.assistant(f"msg_{number}", call, 20)
        built.user([{"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": "line\n" * (number % 50)}])
    return built


def say(*texts: str) -> bytes:
    """Lines of a chat."""
    return jsonl(*({"role": "user", "content": text} for text in texts))


def fill_folder(folder: Path) -> Path:
    """A folder with a file of every format, as the agents lay them out."""
    write(folder / f"{SESSION}.jsonl", main_session().bytes())
    write(folder / SESSION / "subagents" / f"agent-{AGENT}.jsonl", sub_session().bytes())
    write(folder / "runs" / "new.traj", json.dumps(trajectory(), indent=2).encode())
    write(folder / "runs" / "old.traj", json.dumps(old_trajectory()).encode())
    write(folder / "chats" / "chat.jsonl", jsonl(*CHAT_LINES))
    write(folder / "chats" / "conversations.jsonl", jsonl(CONVERSATION, CONVERSATION))
    return folder
