"""Made-up chats and trajectories."""

from __future__ import annotations

import json
from typing import Any

CHAT_LINES: tuple[dict[str, Any], ...] = (
    {"role": "system", "content": "You are a gardener."},
    {"role": "user", "content": "Which tulips?", "timestamp": "2026-02-01T10:00:00Z"},
    {
        "role": "assistant",
        "content": None,
        "model": "open-1",
        "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"in":"shed"}'}},
            {"id": "call_2", "type": "function", "function": {"name": "look", "arguments": '{"in":"cellar"}'}},
        ],
        "usage": {"prompt_tokens": 120, "completion_tokens": 30, "prompt_tokens_details": {"cached_tokens": 100}},
        "timestamp": 1_769_940_001,
    },
    {"role": "tool", "tool_call_id": "call_1", "name": "look", "content": "red ones"},
    {"role": "tool", "tool_call_id": "call_2", "name": "look", "content": [{"type": "text", "text": "none"}]},
    {
        "role": "assistant",
        "content": [{"type": "text", "text": "The red ones."}],
        "model": "open-1",
        "usage": {"prompt_tokens": 150, "completion_tokens": 5},
        "created_at": 1_769_940_002_500,
    },
)

CONVERSATION: dict[str, Any] = {
    "id": "conversation-1",
    "messages": [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Good day", "function_call": {"name": "bow", "arguments": "{}"}},
        {"role": "function", "name": "bow", "content": "bowed"},
    ],
}


def trajectory(steps: int = 2, *, tokens: int = 700, finished: bool = True) -> dict[str, Any]:
    """A run as the newer versions write it, with calls of tools."""
    history: list[dict[str, Any]] = [
        {"role": "system", "content": "You fix things.", "agent": "main", "message_type": "system_prompt"},
        {"role": "user", "content": "The gate squeaks.\nOil it.", "agent": "main", "message_type": "observation"},
    ]
    trail: list[dict[str, Any]] = []
    for number in range(steps):
        action = f"oil {number}"
        history.append(
            {
                "role": "assistant",
                "content": f"I try oil {number}.",
                "thought": f"I try oil {number}.",
                "action": action,
                "agent": "main",
                "tool_calls": [
                    {
                        "function": {"name": "oil", "arguments": f'{{"n":{number}}}'},
                        "id": f"c{number}",
                        "type": "function",
                    }
                ],
                "message_type": "action",
            }
        )
        history.append(
            {
                "role": "tool",
                "content": f"squeak {number}",
                "agent": "main",
                "message_type": "observation",
                "tool_call_ids": [f"c{number}"],
            }
        )
        trail.append(
            {
                "action": action,
                "observation": f"squeak {number}",
                "response": f"I try oil {number}.",
                "thought": f"I try oil {number}.",
                "execution_time": 0.5,
                "state": {"working_dir": "/gate"},
                "messages": history[:2],
            }
        )
    info: dict[str, Any] = {"model_stats": {"tokens_sent": tokens, "tokens_received": tokens // 10, "api_calls": steps}}
    if finished:
        info |= {"exit_status": "submitted", "submission": "diff"}
    config = {"agent": {"name": "oiler", "model": {"name": "open-2"}}}
    return {
        "trajectory": trail,
        "history": history,
        "info": info,
        "replay_config": json.dumps(config),
        "environment": "gate",
    }


def old_trajectory() -> dict[str, Any]:
    """A run as the older versions wrote it: commands in the text, the last observation only in the steps."""
    return {
        "environment": "swe_main",
        "trajectory": [
            {
                "action": "ls\n",
                "observation": "gate.py\n",
                "response": "I look.\n```\nls\n```",
                "state": "{}",
                "thought": "I look.\n",
            },
            {
                "action": "submit\n",
                "observation": "diff",
                "response": "Done.\n```\nsubmit\n```",
                "state": "{}",
                "thought": "Done.\n",
            },
        ],
        "history": [
            {"message_type": "system_prompt", "role": "system", "content": "Fix.", "agent": "primary"},
            {"role": "user", "content": "A demonstration", "agent": "primary", "is_demo": True},
            {"message_type": "observation", "role": "user", "content": "The gate.", "agent": "primary"},
            {
                "message_type": "action",
                "role": "assistant",
                "content": "I look.\n```\nls\n```",
                "thought": "I look.\n",
                "action": "ls\n",
                "agent": "primary",
            },
            {"message_type": "observation", "role": "user", "content": "gate.py\n(Open file: n/a)", "agent": "primary"},
            {
                "message_type": "action",
                "role": "assistant",
                "content": "Done.\n```\nsubmit\n```",
                "thought": "Done.\n",
                "action": "submit\n",
                "agent": "primary",
            },
        ],
        "info": {
            "exit_status": "submitted",
            "submission": "diff",
            "model_stats": {"total_cost": 0, "tokens_sent": 0, "tokens_received": 0},
        },
    }
