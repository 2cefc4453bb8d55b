"""What is written to the index: records that are made outside the transaction that writes them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from synthetic import to_json
from synthetic_search.documents import FACETS_MAX, SearchDocument, SearchStretch

VALUE_CHARACTERS_MAX = 200
"""A longer id, status or facet is cut: what is filtered by is short."""

EPOCH_YEAR = 1970
MONTHS = 12
DAY_MS = 86_400_000
INSTANT_MAX = 253_402_300_799_999
"""The last millisecond of the year 9999."""


class Group(NamedTuple):
    """What many documents have in common: a row of `search_groups`, but for its key.

    Attributes:
        kind: Of the documents.
        construct_id: Empty if there is none; so with the next two.
        session_id: The session.
        status: Where they stand.
        facets: As a JSON object with sorted keys.
        month: In which they occurred, counted from January 1970.
    """

    kind: str
    construct_id: str
    session_id: str
    status: str
    facets: str
    month: int


class Indexed(NamedTuple):
    """A document, or a part of a long one, ready to be indexed.

    Attributes:
        ordinal: Its place among the documents of its entity.
        part: Which part it is, from 0.
        group: What it has in common with others.
        occurred_at: Unix milliseconds UTC.
        title: Prepared for the tokenizer, as `body`.
        body: All else that is searched.
    """

    ordinal: int
    part: int
    group: Group
    occurred_at: int
    title: str
    body: str


class Due(NamedTuple):
    """An entity that is to be indexed: a row of `search_pending`."""

    kind: str
    entity_id: str
    stamp: int
    failures: int


class Held(NamedTuple):
    """An entity as it is indexed: a row of `search_entities`."""

    key: int
    fingerprint: str
    incarnation: str
    through: int


class Change(NamedTuple):
    """What becomes of an entity in the index.

    Attributes:
        due: Which entity.
        fingerprint: Of what is indexed now; None: the entity is gone, and so are its documents.
        seen: The fingerprint that the index had when this was made out; None: it did not have the entity.
        incarnation: Of an entity that has many documents.
        documents: To be added.
        is_new: Whether they come in the place of all that the index has of the entity.
        after: Where they do not, after which ordinal they come in the place of what the index has up to `through`.
        through: Up to which ordinal everything was looked at.
        is_done: Whether that is all, for now.
        error: Why it could not be read; then nothing else is said.
    """

    due: Due
    fingerprint: str | None = None
    seen: str | None = None
    incarnation: str = ""
    documents: Sequence[Indexed] = ()
    is_new: bool = False
    after: int = 0
    through: int = 0
    is_done: bool = True
    error: str | None = None


def month_of(instant: int) -> int:
    """The month of an instant in Unix milliseconds UTC, counted from January 1970."""
    return _month_of_day(min(max(instant, 0), INSTANT_MAX) // DAY_MS)


@lru_cache(maxsize=4_000)
def _month_of_day(day: int) -> int:
    moment = datetime.fromtimestamp(day * DAY_MS / 1_000, UTC)
    return (moment.year - EPOCH_YEAR) * MONTHS + moment.month - 1


def group_of(kind: str, document: SearchDocument) -> Group:
    """What a document has in common with others."""
    facets = tuple(document.facets.items()) if document.facets else ()
    return _group_of(
        kind,
        document.construct_id,
        document.session_id,
        document.status,
        facets,
        month_of(document.occurred_at),
    )


@lru_cache(maxsize=4_000)
def _group_of(
    kind: str,
    construct_id: str | None,
    session_id: str | None,
    status: str | None,
    facets: tuple[tuple[str, str], ...],
    month: int,
) -> Group:
    return Group(
        kind,
        (construct_id or "")[:VALUE_CHARACTERS_MAX],
        (session_id or "")[:VALUE_CHARACTERS_MAX],
        (status or "")[:VALUE_CHARACTERS_MAX],
        _facets_text(facets),
        month,
    )


def facets_text(facets: Mapping[str, str]) -> str:
    """Facets as a JSON object with sorted keys, those without a value left out, at most eight."""
    return _facets_text(tuple(facets.items()))


@lru_cache(maxsize=4_000)
def _facets_text(facets: tuple[tuple[str, str], ...]) -> str:
    named = sorted((name, value[:VALUE_CHARACTERS_MAX]) for name, value in facets if value)
    return to_json(dict(named[:FACETS_MAX]))


def values_of_group(group: Group, facets: Mapping[str, str]) -> list[tuple[str, str]]:
    """Dimension and value of all that a group can be filtered by."""
    values = [
        ("kind", group.kind),
        ("construct", group.construct_id),
        ("session", group.session_id),
        ("status", group.status),
        ("month", str(group.month)),
        *((f"facet.{name}", value) for name, value in facets.items()),
    ]
    return [(dimension, value) for dimension, value in values if value]


def fingerprint_of(document: SearchDocument) -> str:
    """Tells whether a document is what it was when it was indexed."""
    title, body = document.title.encode("utf-8", "replace"), document.body.encode("utf-8", "replace")
    digest = hashlib.blake2b(b"%d:" % len(title), digest_size=16)
    digest.update(title)
    digest.update(body)
    digest.update(to_json([*document[3:7], facets_text(document.facets)]).encode())
    return digest.hexdigest()


def fingerprint_of_stretch(stretch: SearchStretch) -> str:
    """Tells whether the documents of an entity are made of what they were made of when it was indexed."""
    return f"{stretch.incarnation}/{stretch.basis}"
