"""Long documents are indexed in parts, so that a hit says where in them it lies."""

from __future__ import annotations

import re
from collections.abc import Iterator

_END = re.compile(r"\s")


def cut(body: str, part_characters: int) -> Iterator[str]:
    """The parts of a body, in order; together they are all of it, and an empty one is one part.

    A part ends at white space, unless there is none in a tenth of its length.

    Args:
        body: Of a document.
        part_characters: So long is a part at most.
    """
    begun = 0
    while len(body) - begun > part_characters:
        end = begun + part_characters
        slack = max(1, part_characters // 10)
        spaces = [match.end() for match in _END.finditer(body, end - slack, end)]
        if spaces:
            end = spaces[-1]
        yield body[begun:end]
        begun = end
    yield body[begun:]
