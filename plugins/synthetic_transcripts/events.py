"""What this plugin writes to the log, and what its events carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from synthetic import EventType
from synthetic_transcripts.model import Appended, KindCounts, MessageKind, Transcript

USAGE_MODELS_MAX = 8
"""An event is short, whatever a batch holds: the usage of more models than these is summed up in one entry."""

TRANSCRIPT_CREATED = EventType(
    name="transcript.created",
    entity="transcript",
    purpose="A transcript was made, for the session `sessionId`, without messages. `source` is its label, or null.",
)
TRANSCRIPT_DESCRIBED = EventType(
    name="transcript.described",
    entity="transcript",
    purpose="A transcript of the session `sessionId` got the `source` or the title that it lacked; `changed` names"
    " which.",
)
MESSAGES_APPENDED = EventType(
    name="transcript.messages_appended",
    entity="transcript",
    purpose="Messages were appended to a transcript of the session `sessionId`: `messages` of them, from `firstSeq` to"
    " `lastSeq`, with `toolCalls`; `kinds` counts them by kind. `usage` says by how much the sums of each model have"
    " changed (a later word on a response replaces the one before, so a number may be negative); `model` is null for"
    f" those that are not named, and for what exceeds {USAGE_MODELS_MAX} models. It occurred when the last message was"
    " written, where the messages say so.",
)
TRANSCRIPT_DELETED = EventType(
    name="transcript.deleted",
    entity="transcript",
    purpose="A transcript was deleted with its messages.",
)
EVENTS = (TRANSCRIPT_CREATED, TRANSCRIPT_DESCRIBED, MESSAGES_APPENDED, TRANSCRIPT_DELETED)

_SUMS = ("inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens", "responses")


def appended_payload(
    transcript: Transcript,
    done: Appended,
    kinds: KindCounts,
    tool_calls: int,
    usage: Mapping[str, Sequence[int]],
) -> dict[str, Any]:
    """What `transcript.messages_appended` carries.

    Args:
        transcript: Whose messages.
        done: What was appended.
        kinds: The messages by kind.
        tool_calls: How many tool calls they make.
        usage: How the sums change by model, as `accounting.record_usage` says.
    """
    return {
        "sessionId": transcript.session_id,
        "firstSeq": done.first_seq,
        "lastSeq": done.last_seq,
        "messages": done.appended,
        "toolCalls": tool_calls,
        "kinds": {kind.value: count for kind, count in zip(MessageKind, kinds, strict=True) if count},
        "usage": [
            {"model": model or None, **dict(zip(_SUMS, sums, strict=True))} for model, sums in _bounded(usage).items()
        ],
    }


def _bounded(usage: Mapping[str, Sequence[int]]) -> Mapping[str, Sequence[int]]:
    """The changes of at most so many models; those of the others count as of none that is named."""
    if len(usage) <= USAGE_MODELS_MAX:
        return usage
    named = [model for model in usage if model][: USAGE_MODELS_MAX - 1]
    rest = [sums for model, sums in usage.items() if model not in named]
    return {**{model: usage[model] for model in named}, "": [sum(column) for column in zip(*rest, strict=True)]}
