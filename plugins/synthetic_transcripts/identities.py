"""Source ids inside a stretch: UUIDs as sixteen bytes, parents as distances.

Most agents name messages by UUIDs, which no compressor makes smaller than
sixteen bytes; as text among text they take twenty-two. A message's parent is
nearly always a message shortly before it, so it is kept as the distance to
that. On real sessions both together make a stretch 5 % smaller.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

UUID_BYTES = 16

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
"""Only the canonical form: others would not come back as they were."""


def pack_ids(ids: Sequence[str]) -> tuple[bytes, list[str | None]]:
    """The UUIDs as bytes, one after the other; and all ids, with None in the place of those."""
    is_uuid = _UUID.fullmatch
    others = [None if is_uuid(id) else id for id in ids]
    uuids = [id for id, other in zip(ids, others, strict=True) if other is None]
    return bytes.fromhex("".join(uuids).replace("-", "")), others


def unpack_ids(packed: bytes, others: Sequence[str | None]) -> list[str]:
    """What `pack_ids` was given.

    Raises:
        StopIteration: There are fewer UUIDs than places for them.
    """
    text = packed.hex()
    uuids = (
        f"{text[start : start + 8]}-{text[start + 8 : start + 12]}-{text[start + 12 : start + 16]}"
        f"-{text[start + 16 : start + 20]}-{text[start + 20 : start + 32]}"
        for start in range(0, len(text), 2 * UUID_BYTES)
    )
    return [next(uuids) if other is None else other for other in others]


def pack_parents(ids: Sequence[str], parents: Sequence[str | None]) -> list[int | str | None]:
    """Each parent that is among the ids as how many places it stands before its child; others as they are."""
    places = {id: place for place, id in enumerate(ids)}
    return [
        parent if parent is None or parent not in places else place - places[parent]
        for place, parent in enumerate(parents)
    ]


def unpack_parents(ids: Sequence[str], packed: Sequence[int | str | None]) -> list[str | None]:
    """What `pack_parents` was given.

    Raises:
        IndexError: A distance leads out of the stretch.
    """
    return [ids[place - parent] if isinstance(parent, int) else parent for place, parent in enumerate(packed)]
