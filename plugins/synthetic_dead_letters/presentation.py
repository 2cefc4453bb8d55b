"""How dead letters are shown on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table

from synthetic import from_json, iso_from_ms
from synthetic.cli import span_in_words, table_of
from synthetic_dead_letters.model import DeadLetter, DeadLetterStatus, LetterGroup, Redrive

_AS_JSON = ("payload", "original_payload", "error", "filter")
_LISTED_CHARACTERS = 60
"""So much of a message is shown in a list."""


def record_as_json(record: DeadLetter | Redrive | LetterGroup) -> dict[str, Any]:
    """A record with the names and forms of the GraphQL type that shows it."""
    return {_name(name): _value(name, value) for name, value in record._asdict().items()}


def letters_table(letters: Sequence[DeadLetter], now: int) -> Table:
    """Letters as a table.

    Args:
        letters: What to show.
        now: Unix milliseconds UTC, for the age of the last failure.
    """
    rows = [
        (
            letter.id,
            letter.status,
            letter.source,
            letter.code,
            _beginning(from_json(letter.error)["message"]),
            letter.attempts,
            span_in_words(max(0, now - letter.last_failed_at)),
        )
        for letter in letters
    ]
    return table_of(("id", "status", "source", "code", "message", "attempts", "failed ago"), rows)


def groups_table(groups: Sequence[LetterGroup], now: int) -> Table:
    """Groups as a table.

    Args:
        groups: What to show.
        now: Unix milliseconds UTC, for the age of the last failure.
    """
    rows = [
        (
            group.fingerprint[:16],
            group.letters,
            group.source,
            group.code,
            group.sample_id,
            span_in_words(max(0, now - group.last_failed_at)),
        )
        for group in groups
    ]
    return table_of(("fingerprint", "letters", "source", "code", "sample", "failed ago"), rows)


def redrives_table(redrives: Sequence[Redrive]) -> Table:
    """Redrives as a table."""
    rows = [
        (
            redrive.id,
            redrive.status,
            redrive.matched,
            redrive.retried,
            redrive.failed,
            f"{redrive.rate_per_second:g}/s",
            iso_from_ms(redrive.created_at),
        )
        for redrive in redrives
    ]
    return table_of(("id", "status", "matched", "retried", "failed", "rate", "asked for"), rows)


def letter_fields(letter: DeadLetter) -> dict[str, str]:
    """A letter for people, by names, but for its payload; what it does not have is left out."""
    return {name: str(value) for name, value in _fields(letter) if value is not None}


def payload_in_lines(letter: DeadLetter) -> str:
    """The payload, a member a line."""
    return json.dumps(from_json(letter.payload), indent=2)


def counts_in_words(counts: Mapping[DeadLetterStatus, int]) -> str:
    """How many letters there are of each status."""
    return ", ".join(f"{count:,} {status}" for status, count in counts.items() if count) or "no dead letters"


def _fields(letter: DeadLetter) -> Iterator[tuple[str, Any]]:
    error = from_json(letter.error)
    yield "id", letter.id
    yield "status", letter.status
    yield "source", letter.source
    yield "what failed", None if letter.entity_id is None else f"{letter.entity_type} {letter.entity_id}"
    yield "construct", letter.construct_id
    yield "key", letter.key
    yield "code", letter.code
    yield "message", error["message"]
    yield "action", error["action"]
    yield "fingerprint", letter.fingerprint
    yield "attempts", letter.attempts
    yield "retries", letter.retries
    for name, at in (
        ("first failed at", letter.first_failed_at),
        ("last failed at", letter.last_failed_at),
        ("next retry at", letter.next_retry_at),
        ("edited at", letter.edited_at),
        ("ended at", letter.ended_at),
    ):
        yield name, None if at is None else iso_from_ms(at)
    yield (
        "retried as",
        None if letter.retry_entity_id is None else f"{letter.retry_entity_type} {letter.retry_entity_id}",
    )
    yield "redrive", letter.redrive_id
    yield "edited by", letter.edited_by
    yield "ended by", letter.ended_by
    yield "resolution", letter.resolution


def _name(column: str) -> str:
    first, *others = column.split("_")
    return first + "".join(word.capitalize() for word in others)


def _value(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _AS_JSON:
        return from_json(value)
    return iso_from_ms(value) if name.endswith("_at") else value


def _beginning(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LISTED_CHARACTERS else line[: _LISTED_CHARACTERS - 1] + "…"
