"""What plugins hand to search with `register_search_documents`: frozen records that validate themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from synthetic import Snapshot

KIND = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
ENTITY = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
FACETS_MAX = 8
READ_AT_ONCE_MAX = 100

NO_FACETS: Mapping[str, str] = {}


class SearchDocument(NamedTuple):
    """One thing that can be found, as its plugin has it now.

    Attributes:
        id: As `node(id:)` knows it; where the type is no node, what its own field takes.
        title: One line for a person; may be empty.
        body: All else that is searched, as plain text. A long one is cut into parts by the index.
        occurred_at: When it happened or last changed, Unix milliseconds UTC.
        construct_id: The construct that it belongs to.
        session_id: The session that it belongs to.
        status: Where it stands, in the words of its own type.
        facets: More by which one may narrow a search: short words by lower-case names, at most eight.
        ordinal: Its place among the documents of its entity, from 1, where an
            entity has many (see `SearchDocuments.follow`); else 0.
    """

    id: str
    title: str
    body: str
    occurred_at: int
    construct_id: str | None = None
    session_id: str | None = None
    status: str | None = None
    facets: Mapping[str, str] = NO_FACETS
    ordinal: int = 0


class SearchStretch(NamedTuple):
    """Documents of one entity, in their order.

    Attributes:
        documents: Those that come after the ordinal that was asked about.
        incarnation: Changes when the entity was deleted and made anew under
            the same id, so that its ordinals begin again.
        through: Up to which ordinal everything was looked at: some may be no documents.
        has_more: Whether there are more after that.
        basis: What else all documents of the entity are made of, such as the
            construct that it belongs to: when it changes, they are indexed anew.
    """

    documents: Sequence[SearchDocument]
    incarnation: str
    through: int
    has_more: bool
    basis: str = ""


Follow: TypeAlias = Callable[[Snapshot, str, int, int], SearchStretch | None]
"""See `SearchDocuments.follow`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchDocuments:
    """How the entities of one kind become documents.

    Attributes:
        kind: What it is for whoever searches, in upper-case words: JOB.
        entity: The type of the entities, as events name it: `job`.
        type_name: Name of the GraphQL type, where its `id` can be asked of `node(id:)`; else empty.
        purpose: One sentence: what of it can be found.
        read: For each document id the document, or None where there is none any
            more. It is called with up to a hundred ids: for the entities that
            events name, and for the hits of a page, whose text is not stored.
            An entity that has one document has the same id as it.
        read_at_once: With how many ids `read` is called, at most; fewer than a
            hundred where a body may be so long that many take too much memory.
        read_titles: As `read`, but bodies may be left empty; None: `read` is as
            quick. It is called for hits of which nobody wants to see text.
        scan: Ids of entities after one, in the order of the ids, at most so many.
        follow: For entities that have many documents, which are only ever
            added: those of an entity after an ordinal, at most so many; None:
            there is no such entity (any more).
        version: To be raised when the same entity becomes other documents than before.
        also: Further types of entities that the documents are made of: for each,
            the ids of the entities of `entity` that are to be looked at when those with these ids have changed.
    """

    kind: str
    entity: str
    purpose: str
    read: Callable[[Snapshot, Sequence[str]], Sequence[SearchDocument | None]]
    scan: Callable[[Snapshot, str | None, int], Sequence[str]]
    type_name: str = ""
    read_at_once: int = READ_AT_ONCE_MAX
    read_titles: Callable[[Snapshot, Sequence[str]], Sequence[SearchDocument | None]] | None = None
    follow: Follow | None = None
    version: int = 1
    also: Mapping[str, Callable[[Snapshot, Sequence[str]], Sequence[str]]] = field(
        default_factory=dict[str, "Callable[[Snapshot, Sequence[str]], Sequence[str]]"]
    )

    def __post_init__(self) -> None:
        if not KIND.fullmatch(self.kind):
            raise ValueError(f"kind {self.kind!r} must be upper-case words: {KIND.pattern}")
        if not ENTITY.fullmatch(self.entity):
            raise ValueError(f"entity {self.entity!r} must be lower-case words: {ENTITY.pattern}")
        for entity in self.also:
            if not ENTITY.fullmatch(entity) or entity == self.entity:
                raise ValueError(f"the entity {entity!r} of also must be others, in lower-case words: {ENTITY.pattern}")
        if not self.purpose.strip():
            raise ValueError(f"purpose of {self.kind} must say in words what it is for")
        if not 1 <= self.read_at_once <= READ_AT_ONCE_MAX:
            raise ValueError(f"read_at_once of {self.kind} must be from 1 to {READ_AT_ONCE_MAX}")
        if self.version < 1:
            raise ValueError(f"the version of {self.kind} must be at least 1")
