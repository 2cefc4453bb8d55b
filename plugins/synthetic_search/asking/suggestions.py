"""'Did you mean': a query whose words that occur nowhere are replaced by near ones that do."""

from __future__ import annotations

import re

from synthetic import Snapshot
from synthetic_search.index.suggesting import suggest
from synthetic_search.language.model import Query


def suggest_query(snapshot: Snapshot, text: str, query: Query) -> str | None:
    """The query as it may have been meant; None where all its words occur, or nothing is near those that do not.

    Args:
        snapshot: To read in.
        text: As it was typed.
        query: What was understood.
    """
    replacements = {} if query.wanted is None else suggest(snapshot, query.wanted)
    if not replacements:
        return None
    words = "|".join(re.escape(word) for word in sorted(replacements, key=len, reverse=True))
    folded = {word.casefold(): replacement for word, replacement in replacements.items()}
    return re.sub(
        rf"(?<!\w)(?:{words})(?!\w)", lambda found: folded.get(found[0].casefold(), found[0]), text, flags=re.IGNORECASE
    )
