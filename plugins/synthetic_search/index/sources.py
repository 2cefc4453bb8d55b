"""`Sources`: the kinds of documents that the loaded plugins have, and what changes when they do."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from synthetic import ConflictError, FoldInputs, Snapshot, Surroundings, to_json
from synthetic_search.documents import SearchDocuments
from synthetic_search.index.words import PREPARATION, TOKENIZER
from synthetic_search.settings import SearchSettings


@dataclass(frozen=True, slots=True)
class Sources:
    """What plugins registered with `register_search_documents`.

    Attributes:
        by_kind: By the kind of the documents.
        by_entity: By the type of the entities.
    """

    by_kind: Mapping[str, SearchDocuments]
    by_entity: Mapping[str, SearchDocuments]


def sources_of(lent: Snapshot | Surroundings) -> Sources:
    """The kinds of the loaded plugins."""
    records = lent.contributed(SearchDocuments)
    return Sources({each.kind: each for each in records}, {each.entity: each for each in records})


def inputs_of(surroundings: Surroundings) -> FoldInputs:
    """What the index depends on beside the entities: all is indexed anew when it changes.

    Raises:
        ConflictError: Two records have the same kind, or are about the same type of entity.
    """
    records = surroundings.contributed(SearchDocuments)
    for what in ("kind", "entity"):
        names = [getattr(each, what) for each in records]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ConflictError(
                f"Two plugins register search documents of the same {what}: {', '.join(twice)}.",
                action="Take one of the plugins out, or let one of them choose another name.",
                details={what: twice},
            )
    settings = surroundings.settings(SearchSettings)
    made_of = [
        PREPARATION,
        TOKENIZER,
        settings.body_characters,
        settings.part_characters,
        sorted((each.kind, each.entity, each.version, sorted(each.also)) for each in records),
    ]
    return FoldInputs(records, hashlib.sha256(to_json(made_of).encode()).hexdigest())
