"""How approvals are shown on the command line: so that a person sees exactly what is decided about.

Text comes from whoever asks, who may want to deceive whoever decides. What a
terminal would act upon, hide or turn round (control characters, marks of
direction, invisible ones, separators of lines) is shown as an escape, and a
backslash that is no part of JSON is doubled, so that none of these can be
imitated. Nothing of the arguments is left out.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rich.table import Table

from synthetic import from_json, iso_from_ms
from synthetic.cli import span_in_words, table_of
from synthetic_approvals.model import FIELDS, Approval, ApprovalStatus

_CATEGORIES_SHOWN = frozenset("LMNPS")
"""First letters of the categories of Unicode whose characters can be seen: letters, marks, numbers and so on."""

_UNSEEN = frozenset(
    chr(code)
    for first, last in (
        # Default_Ignorable_Code_Point: what a terminal shows as nothing, where the category does not say so.
        (0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x3164, 0x3164),
        (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xE0000, 0xE0FFF),
        # A Braille pattern without a dot.
        (0x2800, 0x2800),
    )
    for code in range(first, last + 1)
)  # fmt: skip

_INTERNAL = (
    "requested_position",
    "expires_run",
    "expires_running_ms",
    "decision_event_id",
    "decision_position",
    "decided_sha256",
    "job_retries",
    "lifetime_ms",
)
_NAMES = {
    **FIELDS,
    "arguments_sha256": "argumentsSha256",
    "requested_by": "requestedBy",
    "requested_at": "requestedAt",
    "expires_at": "expiresAt",
    "decided_by": "decidedBy",
    "decided_at": "decidedAt",
    "ended_at": "endedAt",
}
_LISTED_CHARACTERS = 60
"""So much of the arguments is shown in a list."""


class Shown(NamedTuple):
    """An approval, and how long it still waits.

    Attributes:
        approval: The approval.
        remaining_ms: Milliseconds until it lapses; None where it has ended.
    """

    approval: Approval
    remaining_ms: int | None


def visible(text: str) -> str:
    """A text in one line, in which a backslash, and all that cannot be seen, is an escape, as in JSON."""
    return _escaped(text.replace("\\", "\\\\"))


def _escaped(text: str) -> str:
    """The same of text whose backslashes begin escapes already: of JSON."""
    return "".join(
        character
        if character == " " or _is_seen(character)
        else json.dumps(character)[1:-1]
        if ord(character) < 0x7F
        else _escape(character)
        for character in text
    )


def arguments_in_lines(approval: Approval) -> str:
    """All of the arguments, a member a line, with escapes for what cannot be seen."""
    lines = json.dumps(from_json(approval.arguments), indent=2, ensure_ascii=False).split("\n")
    return "\n".join(map(_escaped, lines))


def approval_as_json(shown: Shown) -> dict[str, Any]:
    """An approval with the fields of the GraphQL type `Approval` that are values, and how long it still waits."""
    found = {
        _NAMES.get(name, name): _plain(name, value)
        for name, value in shown.approval._asdict().items()
        if name not in _INTERNAL
    }
    return {**found, "remainingMs": shown.remaining_ms}


def approvals_table(listed: Sequence[Shown], now: int) -> Table:
    """Approvals as a table; of the arguments, the beginning.

    Args:
        listed: The approvals.
        now: Unix milliseconds UTC, for their age.
    """
    rows = [
        (
            visible(shown.approval.id),
            status_in_words(shown),
            visible(shown.approval.tool),
            _beginning(shown.approval.arguments),
            visible(shown.approval.requested_by),
            visible(shown.approval.requester or ""),
            span_in_words(max(0, now - shown.approval.requested_at)),
        )
        for shown in listed
    ]
    return table_of(("id", "status", "tool", "arguments", "asked by", "requester", "age"), rows)


def status_in_words(shown: Shown) -> str:
    """The status, and for how long a pending one still waits."""
    if shown.remaining_ms is None:
        return shown.approval.status
    if shown.remaining_ms == 0:
        return f"{shown.approval.status}, lapsed"
    return f"{shown.approval.status}, {span_in_words(shown.remaining_ms)} left"


def approval_fields(shown: Shown) -> dict[str, str]:
    """An approval for people, by names, but for its arguments; what it does not have is left out."""
    return {name: visible(value) for name, value in _fields(shown) if value is not None}


def counts_in_words(counts: Mapping[ApprovalStatus, int]) -> str:
    """How many approvals there are of each status."""
    return ", ".join(f"{count:,} {status}" for status, count in counts.items() if count) or "no approvals"


def _fields(shown: Shown) -> Iterator[tuple[str, str | None]]:
    approval = shown.approval
    yield "id", approval.id
    yield "status", status_in_words(shown)
    yield "asked by", approval.requested_by
    yield "requester", approval.requester
    yield "reason", approval.reason
    yield "construct", approval.construct_id
    yield "session", approval.session_id
    yield "job", approval.job_id
    yield "asked at", iso_from_ms(approval.requested_at)
    yield "expires at", iso_from_ms(approval.expires_at)
    yield "decided by", approval.decided_by
    yield "decider", approval.decider
    yield "decided at", None if approval.decided_at is None else iso_from_ms(approval.decided_at)
    if approval.ended_at is not None and approval.decided_at is None:
        yield "ended at", iso_from_ms(approval.ended_at)
    yield "comment", approval.comment
    yield "tool", approval.tool
    yield "sha256", approval.arguments_sha256


def _beginning(arguments: str) -> str:
    text = _escaped(arguments)
    return text if len(text) <= _LISTED_CHARACTERS else text[: _LISTED_CHARACTERS - 1] + "…"


def _is_seen(character: str) -> bool:
    return unicodedata.category(character)[0] in _CATEGORIES_SHOWN and character not in _UNSEEN


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _plain(name: str, value: Any) -> Any:
    if name == "arguments":
        return from_json(value)
    return iso_from_ms(value) if value is not None and name.endswith("_at") else value
