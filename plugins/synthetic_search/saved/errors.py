"""What this theme raises beyond the kernel's own codes."""

from __future__ import annotations

from synthetic import ConflictError


class SavedSearchLimitError(ConflictError):
    """There are as many saved searches as the settings allow."""

    code = "SAVED_SEARCH_LIMIT"
    action = "Delete a saved search, or raise plugins.search.saved_searches."
