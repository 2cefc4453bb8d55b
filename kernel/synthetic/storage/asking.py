"""Asking whether a store has room, before work is begun whose write would be refused."""

from __future__ import annotations

from synthetic.database.snapshot import Snapshot
from synthetic.storage.free_pages import read_free_pages
from synthetic.storage.notes import BESIDE_KEY, find_note
from synthetic.storage.room import RoomGate


def check_room(snapshot: Snapshot) -> None:
    """Refuse at once what would be refused when it is written, such as an upload, because the store is full.

    Args:
        snapshot: To look in.

    Raises:
        StorageFullError: The room of the store is used up.
    """
    gate = snapshot.resource(RoomGate)
    if gate.is_limited:
        used_pages = snapshot.value("SELECT page_count FROM pragma_page_count") - read_free_pages(snapshot)
        gate.refuse(gate.refusal(gate.look(used_pages, int(find_note(snapshot, BESIDE_KEY) or 0))))
