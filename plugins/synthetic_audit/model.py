"""Entries of the audit log, what their hashes cover, and what may be asked of them: pure, no SQL."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from synthetic import Operation, OperationKind, OperationOutcome, to_json

HASH_BYTES = 32
NO_HASH = bytes(HASH_BYTES)
"""What stands for the hash before the first row that was ever written."""

TEXT_CHARACTERS = 1_000
"""Most characters of a text of an entry; a longer one is cut."""

DETAILS_CHARACTERS = 4_000
"""Most characters of the details of an entry; longer ones are left out, and their length is told."""

IDENTITY = ("tokenId", "user")
"""The details that say who it was."""

Text = str | bytes | None
"""A text as it is written, or as it is found, where it may not be valid."""


class Entry(NamedTuple):
    """A row of `audit_log`.

    Attributes:
        seq: Its number: one more than that of the row before.
        occurred_at: When it was done, Unix milliseconds UTC.
        kind: An `OperationKind`.
        name: The mutation, command or access.
        actor: In whose name.
        entity_type: What it was done to.
        entity_id: To which of them.
        outcome: An `OperationOutcome`.
        code: Of the error; None where it was done.
        message: Of the error.
        details: A JSON object.
        correlation_id: Of the request or command.
        previous_hash: The hash of the row before.
        hash: Of this one; see `hash_of`.
    """

    seq: int
    occurred_at: int
    kind: Text
    name: Text
    actor: Text
    entity_type: Text
    entity_id: Text
    outcome: Text
    code: Text
    message: Text
    details: Text
    correlation_id: Text
    previous_hash: bytes
    hash: bytes


TEXT_COLUMNS = Entry._fields[2:12]


class Anchor(NamedTuple):
    """The row of `audit_chain`: where the chain begins and ends.

    Attributes:
        first_seq: The first row that should be there.
        start_hash: The hash before it.
        last_seq: The last row that was written.
        last_hash: Its hash.
    """

    first_seq: int
    start_hash: bytes
    last_seq: int
    last_hash: bytes


BEGINNING = Anchor(1, NO_HASH, 0, NO_HASH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """Which entries are meant. A field that is None says nothing; those that say something all hold.

    Attributes:
        actors: The actor is one of these.
        kinds: The kind is one of these.
        names: The name is one of these.
        entity_type: It was done to a thing of this type; only with its id.
        entity_id: It was done to the thing with this id.
        outcomes: The outcome is one of these.
        codes: The error code is one of these.
        correlation_id: It was done for this request or command.
        occurred_from: Done at or after, Unix milliseconds UTC.
        occurred_before: Done before.
    """

    actors: Sequence[str] | None = None
    kinds: Sequence[OperationKind] | None = None
    names: Sequence[str] | None = None
    entity_type: str | None = None
    entity_id: str | None = None
    outcomes: Sequence[OperationOutcome] | None = None
    codes: Sequence[str] | None = None
    correlation_id: str | None = None
    occurred_from: int | None = None
    occurred_before: int | None = None


def hash_of(previous_hash: bytes, seq: int, occurred_at: int, texts: Sequence[Text]) -> bytes:
    """The hash of a row.

    SHA-256 over the hash before it, and then each column in its order, from
    `seq` to `correlation_id`, as a netstring of its UTF-8 bytes or decimal
    digits (`4:text,`), or `-` for NULL: no two rows have the same such bytes.
    """
    parts = [previous_hash, _netstring(b"%d" % seq), _netstring(b"%d" % occurred_at)]
    for text in texts:
        if text is None:
            parts.append(b"-")
        else:
            parts.append(_netstring(text.encode() if isinstance(text, str) else text))
    return hashlib.sha256(b"".join(parts)).digest()


def entry_of(operation: Operation, seq: int, previous_hash: bytes) -> Entry:
    """The row of an operation.

    Args:
        operation: What was done.
        seq: The number of the row.
        previous_hash: The hash of the row before.
    """
    texts = (
        operation.kind.value,
        _storable(operation.name),
        _storable(operation.actor),
        _storable_or_none(operation.entity_type),
        _storable_or_none(operation.entity_id),
        operation.outcome.value,
        _storable_or_none(operation.code),
        _storable_or_none(operation.message),
        _details_of(operation),
        _storable(operation.correlation_id),
    )
    occurred_at = operation.occurred_at
    return Entry(seq, occurred_at, *texts, previous_hash, hash_of(previous_hash, seq, occurred_at, texts))


def _netstring(value: bytes) -> bytes:
    return b"%d:%b," % (len(value), value)


def _details_of(operation: Operation) -> str:
    details: Any = dict(operation.details)
    if not details:
        return "{}"
    text = to_json(details)
    if len(text) <= DETAILS_CHARACTERS:
        return text
    # Who it was is told in any case; these are bounded.
    kept = {name: str(details[name])[:TEXT_CHARACTERS] for name in IDENTITY if name in details}
    return to_json({"omittedCharacters": len(text), **kept})


def _storable_or_none(text: str | None) -> str | None:
    # The columns that may be NULL say nothing by an empty text either.
    return _storable(text) if text else None


def _storable(text: str) -> str:
    """A text as it can be stored: a record is no reason to refuse what it records."""
    if 0 < len(text) <= TEXT_CHARACTERS and text.isascii() and "\0" not in text:
        return text
    if len(text) > TEXT_CHARACTERS:
        text = text[: TEXT_CHARACTERS - 1] + "\N{HORIZONTAL ELLIPSIS}"
    if not text.isascii():
        # A lone surrogate has no bytes in UTF-8.
        text = text.encode(errors="replace").decode()
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}") or "-"
