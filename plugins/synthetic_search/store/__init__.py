"""What other plugins may use of search: the records of its hooks."""

from __future__ import annotations

from synthetic_search.documents import SearchDocument, SearchDocuments, SearchStretch
from synthetic_search.table_documents import table_documents

__all__ = ["SearchDocument", "SearchDocuments", "SearchStretch", "table_documents"]
