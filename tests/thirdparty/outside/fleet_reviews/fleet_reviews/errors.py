"""What this plugin raises beyond the kernel's own codes."""

from __future__ import annotations

from synthetic import ConflictError


class ReviewChangedError(ConflictError):
    """There is another review with this id."""

    code = "REVIEW_CHANGED"
    action = "Choose another id."
