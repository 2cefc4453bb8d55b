"""The text of content blocks, as the known formats write them."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from synthetic_transcripts.content import text_of_blocks

DEEP: Any = "too deep"
for _ in range(100):
    DEEP = {"content": [DEEP]}

BLOCKS = {
    "nothing": ([], ""),
    "text": ([{"type": "text", "text": "Hello."}], "Hello."),
    "thinking and text": (
        [{"type": "thinking", "thinking": "Hm.", "signature": "x"}, {"type": "text", "text": "Yes."}],
        "Hm.\nYes.",
    ),
    "a tool call": ([{"type": "tool_use", "id": "1", "name": "Read", "input": {"text": "not said"}}], ""),
    "a tool result in plain text": ([{"type": "tool_result", "tool_use_id": "1", "content": "3 files"}], "3 files"),
    "a tool result in blocks": (
        [
            {
                "type": "tool_result",
                "content": [{"type": "text", "text": "a"}, {"type": "image", "source": {"data": "b"}}],
            }
        ],
        "a",
    ),
    "plain texts": (["a", "b"], "a\nb"),
    "what is no block": ([None, 5, True, {"text": None}, {"text": ""}], ""),
    "an answer in parts": ([{"type": "output_text", "text": "a"}, {"type": "input_text", "text": "b"}], "a\nb"),
    "blocks that are too deep": ([DEEP, "b"], "b"),
}


@pytest.mark.parametrize(("blocks", "text"), BLOCKS.values(), ids=BLOCKS.keys())
def test_the_text_is_what_a_person_would_read(blocks, text) -> None:
    assert text_of_blocks(orjson.dumps(blocks)) == text
