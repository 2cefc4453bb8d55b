"""All the SQL of constructs, and what other plugins may use of this one.

One file a concern: `constructs` (the rows), `relationships` (links between
them), `metadata_index` (declared keys), `conditions` (what a filter means) and
`filters` (which index serves it). Functions take the transaction first.
"""

from __future__ import annotations

from synthetic_constructs.model import (
    ConstructContent,
    ConstructRecord,
    ConstructStatus,
    Criteria,
    Related,
    RelationshipDirection,
    RelationshipKind,
    RelationshipRecord,
)
from synthetic_constructs.store.constructs import (
    SavedConstruct,
    find_construct,
    get_construct,
    list_constructs_by_id,
    save_construct,
)
from synthetic_constructs.store.filters import select_constructs
from synthetic_constructs.store.relationships import (
    RelatedConstructs,
    relate_constructs,
    select_linked_constructs,
    select_relationships,
    unrelate_constructs,
)

__all__ = [
    "ConstructContent",
    "ConstructRecord",
    "ConstructStatus",
    "Criteria",
    "Related",
    "RelatedConstructs",
    "RelationshipDirection",
    "RelationshipKind",
    "RelationshipRecord",
    "SavedConstruct",
    "find_construct",
    "get_construct",
    "list_constructs_by_id",
    "relate_constructs",
    "save_construct",
    "select_constructs",
    "select_linked_constructs",
    "select_relationships",
    "unrelate_constructs",
]
