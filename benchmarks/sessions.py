"""Made-up session files of a coding agent, of any size, that cost to read and to keep what real ones do.

Measured on real sessions: three lines of five tell of hooks, the rest are text,
calls of tools and their results, each result twice (for the model, and as the
tool gave it); half of the lines are under 700 bytes, a tenth over 2,000.
Sentences are words drawn by their rank, as in English, so a stretch compresses
like one of a real session and not like one text repeated.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

PARAGRAPHS = 4_096
WORDS = 3_000
START = datetime(2026, 3, 1, 9)  # noqa: DTZ001 - written with a Z
LETTERS = "etaoinshrdlucmfwypvbgkjqxz"
HOOKS = (
    "cd ${PLUGIN_ROOT}/hooks && bun run ./guardian.ts",
    "${PLUGIN_ROOT}/scripts/pre-commit.sh",
    "${PLUGIN_ROOT}/scripts/check-formatting.sh --changed",
)


class Session:
    """The lines of one session, turn after turn, without end; the same seed makes the same lines."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self._paragraphs = self._write_paragraphs()
        self._id = self._uuid()
        self._parent: str | None = None
        self._seconds = 0.0

    def lines(self) -> Iterator[bytes]:
        """JSON, each line with its end."""
        yield self._line({"type": "user", "message": {"role": "user", "content": self._text(2)}})
        for turn in itertools.count():
            yield from self._turn(turn)

    def _write_paragraphs(self) -> list[str]:
        draw = self._random
        weights = [1 / (rank + 1) for rank in range(len(LETTERS))]
        words = ["".join(draw.choices(LETTERS, weights, k=draw.randint(2, 9))) for _ in range(WORDS)]
        ranks = list(itertools.accumulate(1 / (rank + 2) for rank in range(WORDS)))
        return [
            " ".join(draw.choices(words, cum_weights=ranks, k=draw.randint(10, 60))).capitalize() + ".\n"
            for _ in range(PARAGRAPHS)
        ]

    def _text(self, paragraphs_max: int) -> str:
        return "".join(self._random.choices(self._paragraphs, k=self._random.randint(1, paragraphs_max)))

    def _uuid(self) -> str:
        digits = f"{self._random.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    def _line(self, parts: dict[str, Any]) -> bytes:
        uuid = self._uuid()
        self._seconds += self._random.random() * 4
        line = {
            "parentUuid": self._parent,
            "isSidechain": False,
            "userType": "external",
            "cwd": "/srv/somebody/projects/something",
            "sessionId": self._id,
            "version": "2.1.38",
            "gitBranch": "main",
            **parts,
            "uuid": uuid,
            "timestamp": (START + timedelta(seconds=self._seconds)).isoformat(timespec="milliseconds") + "Z",
        }
        self._parent = uuid
        return orjson.dumps(line) + b"\n"

    def _turn(self, turn: int) -> Iterator[bytes]:
        """What a model says, what it calls, what hooks have to say to that, and the result."""
        usage = self._usage(turn)
        call = f"toolu_{self._random.getrandbits(96):024x}"
        path = f"/srv/somebody/projects/something/src/module_{self._random.randrange(200)}.py"
        yield self._response(turn, usage, {"type": "text", "text": self._text(2)})
        asked = {"command": f"grep -n {self._random.choice(HOOKS)[-8:]} {path}", "description": self._text(1)}
        yield self._response(turn, usage, {"type": "tool_use", "id": call, "name": "Bash", "input": asked})
        for hook in self._random.choices(HOOKS, k=6):
            data = {"type": "hook_progress", "hookEvent": "PreToolUse", "hookName": "PreToolUse:Bash", "command": hook}
            yield self._line({"type": "progress", "data": data, "toolUseID": call, "parentToolUseID": call})
        output = self._text(12)
        result = {"tool_use_id": call, "type": "tool_result", "content": output, "is_error": False}
        yield self._line(
            {
                "type": "user",
                "message": {"role": "user", "content": [result]},
                "toolUseResult": {"stdout": output, "stderr": "", "interrupted": False, "isImage": False},
                "sourceToolAssistantUUID": self._parent,
            }
        )

    def _usage(self, turn: int) -> dict[str, Any]:
        return {
            "input_tokens": self._random.randrange(20),
            "cache_creation_input_tokens": self._random.randrange(9_000),
            "cache_read_input_tokens": 15_000 + 200 * (turn % 700),
            "output_tokens": self._random.randrange(900),
            "service_tier": "standard",
        }

    def _response(self, turn: int, usage: dict[str, Any], block: dict[str, Any]) -> bytes:
        """One block of a response; each repeats what the whole has cost."""
        message = {
            "model": "a-model-4-6",
            "id": f"msg_{turn:024x}",
            "type": "message",
            "role": "assistant",
            "content": [block],
            "stop_reason": None,
            "usage": usage,
        }
        return self._line({"type": "assistant", "message": message, "requestId": f"req_{turn:024x}"})


def write_session(path: Path, lines: int, seed: int = 0) -> Path:
    """Write the first lines of a session to a file: a megabyte a thousand."""
    with path.open("wb") as file:
        file.writelines(itertools.islice(Session(seed).lines(), lines))
    return path
