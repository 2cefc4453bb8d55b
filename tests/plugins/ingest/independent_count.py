"""Counts what is in raw files with nothing but `json`, to hold against what is in a store.

Written from the formats, not from the importers, and it shares no code with them.
"""

from __future__ import annotations

import gzip
import io
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zstandard


@dataclass
class Count:
    """What a folder holds.

    Attributes:
        sessions: How many.
        transcripts: How many.
        kinds: Messages by kind.
        tool_calls: Made in all messages.
        tokens: From a model to input, output, cache read and cache write tokens.
    """

    sessions: int = 0
    transcripts: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    tool_calls: int = 0
    tokens: dict[str | None, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0, 0]))

    def spend(self, model: str | None, *tokens: int) -> None:
        for index, number in enumerate(tokens):
            self.tokens[model][index] += number

    def spent(self) -> dict[str | None, tuple[int, ...]]:
        return {model: tuple(tokens) for model, tokens in self.tokens.items() if any(tokens)}


def count_folder(folder: Path) -> Count:
    """Count everything in a folder that holds nothing but files of the known formats."""
    count = Count()
    named: set[str] = set()
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name == "LICENSE":
            continue
        text = unpack(path.read_bytes()).decode()
        count.transcripts += 1
        if ".traj" in path.name:
            count.sessions += 1
            count_trajectory(json.loads(text), count)
            continue
        lines = [json.loads(line) for line in text.split("\n") if line.strip()]
        session = next((line["sessionId"] for line in lines if line.get("sessionId")), None)
        if session is None:
            count.sessions += 1
            count_chat(lines, count)
        else:
            named.add(f"{session}/{path.name}" if "subagents" in path.parts else session)
            count_coding(lines, count)
    count.sessions += len(named)
    return count


def unpack(content: bytes) -> bytes:
    if content.startswith(b"\x1f\x8b"):
        return gzip.decompress(content)
    if content.startswith(b"\x28\xb5\x2f\xfd"):
        return zstandard.ZstdDecompressor().stream_reader(io.BytesIO(content), read_across_frames=True).read()
    return content


def count_coding(lines: list[dict[str, Any]], count: Count) -> None:
    last: dict[str, tuple[str, dict[str, int]]] = {}
    for line in lines:
        if line["type"] not in ("user", "assistant"):
            count.kinds["SYSTEM" if line["type"] in ("system", "summary") else "OTHER"] += 1
            continue
        message = line["message"]
        content = message["content"]
        types = ["text"] if isinstance(content, str) else [block["type"] for block in content]
        calls = types.count("tool_use")
        count.tool_calls += calls
        if calls:
            count.kinds["TOOL_CALL"] += 1
        elif "tool_result" in types:
            count.kinds["TOOL_RESULT"] += 1
        elif "text" in types:
            count.kinds["TEXT"] += 1
        else:
            assert set(types) <= {"thinking", "redacted_thinking"}, types
            count.kinds["THINKING"] += 1
        if "usage" in message:
            last[message["id"]] = (message["model"], message["usage"])
    for model, usage in last.values():
        count.spend(
            model,
            usage.get("input_tokens", 0),
            usage.get("output_tokens", 0),
            usage.get("cache_read_input_tokens", 0),
            usage.get("cache_creation_input_tokens", 0),
        )


def count_trajectory(document: dict[str, Any], count: Count) -> None:
    acted = False
    for entry in document["history"]:
        if entry.get("is_demo"):
            count.kinds["TEXT"] += 1
            acted = False
            continue
        calls = len(entry.get("tool_calls") or ()) or int(bool(entry.get("action")))
        count.tool_calls += calls
        if calls:
            count.kinds["TOOL_CALL"] += 1
        elif acted:
            count.kinds["TOOL_RESULT"] += 1
        else:
            count.kinds["SYSTEM" if entry["role"] == "system" else "TEXT"] += 1
        acted = bool(calls)
    if document.get("info", {}).get("exit_status"):
        count.kinds["TOOL_RESULT"] += bool(acted)
        count.kinds["OTHER"] += 1
        stats = document["info"].get("model_stats", {})
        config = document.get("replay_config") or {}
        config = json.loads(config) if isinstance(config, str) else config
        model = config.get("agent", {}).get("model", {}).get("name")
        count.spend(model, stats.get("tokens_sent", 0), stats.get("tokens_received", 0))


def count_chat(lines: list[dict[str, Any]], count: Count) -> None:
    for message in (message for line in lines for message in line.get("messages", [line])):
        calls = len(message.get("tool_calls") or ()) + int("function_call" in message)
        count.tool_calls += calls
        if calls:
            count.kinds["TOOL_CALL"] += 1
        elif message["role"] in ("tool", "function"):
            count.kinds["TOOL_RESULT"] += 1
        else:
            count.kinds["SYSTEM" if message["role"] == "system" else "TEXT"] += 1
        usage = message.get("usage")
        if usage:
            cached = usage.get("prompt_tokens_details", {}).get("cached_tokens", 0)
            count.spend(message.get("model"), usage["prompt_tokens"] - cached, usage["completion_tokens"], cached)
