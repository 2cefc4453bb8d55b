"""This plugin's enums as the schema shows them, with what each value means.

Most are defined in `model.py`, which knows nothing of GraphQL; types and
inputs import them from here, so that they are never used without a meaning.
"""

from __future__ import annotations

from enum import StrEnum

from synthetic import describe_enum
from synthetic_transcripts.model import MessageKind, MessageRole

__all__ = ["MessageKind", "MessageRole", "TranscriptOrder"]


class TranscriptOrder(StrEnum):
    """The orders that transcripts are listed in, as columns and directions."""

    CREATED_AT_DESC = "created_at desc"
    CREATED_AT_ASC = "created_at asc"
    UPDATED_AT_DESC = "updated_at desc"
    UPDATED_AT_ASC = "updated_at asc"


describe_enum(
    MessageKind,
    "What a message is.",
    {
        MessageKind.TEXT: "Words of a person or a model.",
        MessageKind.THINKING: "What a model thought before it spoke.",
        MessageKind.TOOL_CALL: "It calls tools, whatever else it says.",
        MessageKind.TOOL_RESULT: "It brings what tools gave back, whatever else it says.",
        MessageKind.SYSTEM: "Instructions to the model, or notes of the program that runs it.",
        MessageKind.OTHER: "Anything else that the source recorded: progress, snapshots, hooks.",
    },
)
describe_enum(
    MessageRole,
    "Who speaks in a message.",
    {
        MessageRole.USER: "The person or program that the model works for.",
        MessageRole.ASSISTANT: "The model.",
        MessageRole.SYSTEM: "The program that runs the model.",
        MessageRole.TOOL: "A tool that the model called.",
    },
)
describe_enum(
    TranscriptOrder,
    "The orders that transcripts are listed in; equal ones are ordered by id.",
    {
        TranscriptOrder.CREATED_AT_DESC: "The last stored first.",
        TranscriptOrder.CREATED_AT_ASC: "The first stored first.",
        TranscriptOrder.UPDATED_AT_DESC: "The last appended to first.",
        TranscriptOrder.UPDATED_AT_ASC: "The longest untouched first.",
    },
)
