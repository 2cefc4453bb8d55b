"""Log lines of a worker, in the shape that the server's have: words, and fields beside them."""

from __future__ import annotations

import logging
from typing import Any

logger = logging.getLogger("synthetic.worker")


def log_line(level: int, words: str, *, error: BaseException | None = None, **fields: Any) -> None:
    """Write a line: the record has `event` and `fields`; its text has both, for plain formatters.

    Args:
        level: Of the standard library's.
        words: What happened, always in the same words.
        error: Whose traceback belongs to it.
        fields: What varies.
    """
    if logger.isEnabledFor(level):
        text = words + "".join(f" {name}={value!r}" for name, value in fields.items())
        # The text is an argument: it may hold what looks like a placeholder.
        logger.log(level, "%s", text, exc_info=error, extra={"event": words, "fields": fields})
