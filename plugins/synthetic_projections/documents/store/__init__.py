"""All the SQL of documents and their versions.

One file a concern: `documents` (saving and finding them), `versions` (what
they were) and `filters` (what a filter means, and the way from plans to the
constructs that carried them out, and back). Functions take the transaction
first.
"""

from __future__ import annotations

from synthetic_projections.documents.store.documents import (
    delete_document,
    find_document,
    list_document_ids,
    save_document,
)
from synthetic_projections.documents.store.filters import select_documents, select_plans
from synthetic_projections.documents.store.versions import (
    BodyOf,
    find_bodies,
    find_version,
    list_newest_versions,
    select_versions,
)

__all__ = [
    "BodyOf",
    "delete_document",
    "find_bodies",
    "find_document",
    "find_version",
    "list_document_ids",
    "list_newest_versions",
    "save_document",
    "select_documents",
    "select_plans",
    "select_versions",
]
