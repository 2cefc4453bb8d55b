"""`Filters`: which documents a search is about, whatever they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which documents are meant. A field that is None says nothing; those that say something all hold.

    Attributes:
        kinds: The kind is one of these.
        construct_ids: It belongs to one of these constructs.
        session_ids: It belongs to one of these sessions.
        statuses: The status is one of these.
        not_kinds: The kind is none of these; likewise the next three.
        not_construct_ids: It belongs to none of these constructs.
        not_session_ids: It belongs to none of these sessions.
        not_statuses: The status is none of these.
        facets: For each facet that is named, its value is one of these.
        occurred_from: At or after, Unix milliseconds UTC.
        occurred_before: Before.
    """

    kinds: tuple[str, ...] | None = None
    construct_ids: tuple[str, ...] | None = None
    session_ids: tuple[str, ...] | None = None
    statuses: tuple[str, ...] | None = None
    not_kinds: tuple[str, ...] | None = None
    not_construct_ids: tuple[str, ...] | None = None
    not_session_ids: tuple[str, ...] | None = None
    not_statuses: tuple[str, ...] | None = None
    facets: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, "tuple[str, ...]"])
    occurred_from: int | None = None
    occurred_before: int | None = None


EVERYTHING = Filters()
