"""What this plugin writes to the log, and what its events carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from synthetic import Event, EventType, to_json
from synthetic_transcripts.model import Appended, KindCounts, MessageKind, Transcript

USAGE_CHARACTERS_MAX = 12_000
"""So long is the usage of one event at most, as JSON: what has no room there goes on in further events."""

QUARTER_MS = 15 * 60_000
"""Usage is told by quarters of an hour, of which the days and hours of all time zones in use are made."""

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
    " changed, in the quarter of an hour from `quarterAt` (Unix milliseconds) in which the response was first told of;"
    " a later word on a response replaces the one before, so a number may be negative. `model` is null for responses"
    " whose model is not named. A message that does not say when it was written, or says the future, counts as written"
    " now. What has no room in `usage` follows in `transcript.usage_appended`. The event occurred when the last message"
    " was written, where the messages say so.",
)
USAGE_APPENDED = EventType(
    name="transcript.usage_appended",
    entity="transcript",
    purpose="More `usage`, of the same form, of the messages that the `transcript.messages_appended` before it tells"
    " of: it has no room for more than some seventy entries. `sessionId` is that of the transcript.",
)
TRANSCRIPT_DELETED = EventType(
    name="transcript.deleted",
    entity="transcript",
    purpose="A transcript was deleted with its messages.",
)
EVENTS = (TRANSCRIPT_CREATED, TRANSCRIPT_DESCRIBED, MESSAGES_APPENDED, USAGE_APPENDED, TRANSCRIPT_DELETED)

USAGE_EVENTS = (MESSAGES_APPENDED, USAGE_APPENDED)
"""Whoever counts tokens takes in both, with `usage_in`."""

_SUMS = ("inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens", "responses")


class UsageChange(NamedTuple):
    """By how much the sums of a model have changed in one quarter of an hour.

    Attributes:
        quarter_at: When the quarter begins, Unix milliseconds UTC.
        model: None for responses whose model is not named.
        responses: How many have come.
    """

    quarter_at: int
    model: str | None
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    responses: int


def quarter_of(instant: int) -> int:
    """When the quarter of an hour begins in which an instant lies, both in Unix milliseconds UTC."""
    return instant - instant % QUARTER_MS


def usage_in(event: Event) -> list[UsageChange]:
    """What an event of `USAGE_EVENTS` says of usage.

    Events of before usage was told by quarters count in the quarter in which they occurred.
    """
    occurred = quarter_of(event.occurred_at_utc)
    return [
        UsageChange(each.get("quarterAt", occurred), each["model"], *(each[name] for name in _SUMS))
        for each in event.data()["usage"]
    ]


def appended_payloads(
    transcript: Transcript, done: Appended, kinds: KindCounts, tool_calls: int, usage: Sequence[UsageChange]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What `transcript.messages_appended` carries, and the `transcript.usage_appended` that follow it.

    Args:
        transcript: Whose messages.
        done: What was appended.
        kinds: The messages by kind.
        tool_calls: How many tool calls they make.
        usage: How the sums change.
    """
    first, *further = _pages_of(usage)
    payload = {
        "sessionId": transcript.session_id,
        "firstSeq": done.first_seq,
        "lastSeq": done.last_seq,
        "messages": done.appended,
        "toolCalls": tool_calls,
        "kinds": {kind.value: count for kind, count in zip(MessageKind, kinds, strict=True) if count},
        "usage": first,
    }
    return payload, [{"sessionId": transcript.session_id, "usage": page} for page in further]


def _pages_of(usage: Sequence[UsageChange]) -> list[list[Mapping[str, Any]]]:
    """The entries, as many to an event as have room there; at least one page, which may be empty."""
    pages: list[list[Mapping[str, Any]]] = [[]]
    room = USAGE_CHARACTERS_MAX
    for quarter_at, model, *sums in usage:
        entry = {"quarterAt": quarter_at, "model": model, **dict(zip(_SUMS, sums, strict=True))}
        length = len(to_json(entry)) + 1
        if length > room and pages[-1]:
            pages.append([])
            room = USAGE_CHARACTERS_MAX
        pages[-1].append(entry)
        room -= length
    return pages
