"""Source ids inside a stretch: UUIDs as sixteen bytes, parents as distances.

Most agents name messages by UUIDs, which no compressor makes smaller than
sixteen bytes; as text among text they take twenty-two. A message's parent is
nearly always a message shortly before it, so it is kept as the distance to
that. On real sessions both together make a stretch 4 to 5 % smaller.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate
from struct import Struct

UUID_BYTES = 16

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
"""Only the canonical form: others would not come back as they were."""

_GROUPS = Struct("8s4s4s4s12s")
"""The groups of hexadecimal digits in that form."""


def pack_ids(ids: Sequence[str]) -> tuple[bytes, list[str | None]]:
    """The UUIDs as bytes, one after the other; and all ids, with None in the place of those."""
    is_uuid = _UUID.fullmatch
    others = [None if is_uuid(id) else id for id in ids]
    uuids = [id for id, other in zip(ids, others, strict=True) if other is None]
    return bytes.fromhex("".join(uuids).replace("-", "")), others


class PackedIds:
    """The ids that `pack_ids` was given, brought back as they are asked for.

    Attributes:
        complete: Whether there are as many UUIDs as places for them.
    """

    def __init__(self, packed: bytes, others: Sequence[str | None]) -> None:
        self._digits = packed.hex().encode()
        self._others = others
        self._ranks = list(accumulate([other is None for other in others], initial=0))
        self.complete = len(packed) == UUID_BYTES * self._ranks[-1]

    def __getitem__(self, place: int) -> str:
        return self._others[place] or self.part(place, place + 1)[0]

    def part(self, start: int, stop: int) -> list[str]:
        """The ids from place `start` up to, not including, `stop`."""
        first, last = self._ranks[start], self._ranks[stop]
        groups = _GROUPS.iter_unpack(self._digits[first * _GROUPS.size : last * _GROUPS.size])
        # Joined and split as one text: half the time of making each text by itself.
        uuids = iter(b"\n".join(map(b"-".join, groups)).decode().split("\n"))
        return [next(uuids) if other is None else other for other in self._others[start:stop]]


def pack_parents(ids: Sequence[str], parents: Sequence[str | None]) -> list[int | str | None]:
    """Each parent that is among the ids as how many places it stands before its child; others as they are."""
    places = {id: place for place, id in enumerate(ids)}
    return [
        parent if parent is None or parent not in places else place - places[parent]
        for place, parent in enumerate(parents)
    ]


def unpack_parents(ids: PackedIds, packed: Sequence[int | str | None], start: int, stop: int) -> list[str | None]:
    """The parents from place `start` up to, not including, `stop`, as `pack_parents` was given them.

    Raises:
        IndexError: A distance leads out of the stretch.
    """
    near = ids.part(start, stop)
    return [
        parent
        if not isinstance(parent, int)
        else near[place - parent - start]
        if start <= place - parent < stop
        else ids[place - parent]
        for place, parent in enumerate(packed[start:stop], start)
    ]
