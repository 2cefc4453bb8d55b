"""What is to be sent now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from synthetic import Snapshot, to_json
from synthetic_deliveries.model import FARTHEST_MS, Delivery, DeliveryTarget, is_due
from synthetic_deliveries.settings import DeliverySettings
from synthetic_deliveries.store.deliveries import COLUMNS
from synthetic_deliveries.store.targets import list_targets

_DUE = (
    f"SELECT {COLUMNS} FROM deliveries WHERE target_id = :target_id AND {{due}}"
    " AND id NOT IN (SELECT value FROM json_each(:running)) ORDER BY next_attempt_at, position LIMIT :limit"
)


class Due(NamedTuple):
    """A delivery whose time has come.

    Attributes:
        target: Where it goes, as it is now.
        delivery: What goes there.
    """

    target: DeliveryTarget
    delivery: Delivery


def list_due(snapshot: Snapshot, running: Mapping[str, Sequence[str]], settings: DeliverySettings) -> list[Due]:
    """What is to be sent now: of each entity the first alone, and of a target whose circuit is open a single one.

    Targets take turns, so that one with much to be sent leaves room for others.

    Args:
        snapshot: To read in.
        running: For each target the ids of its deliveries that are being sent.
        settings: Of the plugin.
    """
    room = settings.concurrency - sum(len(ids) for ids in running.values())
    if room <= 0:
        return []
    found: list[list[Due]] = []
    for target in list_targets(snapshot):
        busy = running.get(target.id, ())
        free = min(room, _most_at_once(target, snapshot.now, settings) - len(busy))
        if free > 0:
            found.append([Due(target, each) for each in _list_due_of(snapshot, target, busy, free)])
    turns = max(map(len, found), default=0)
    return [dues[turn] for turn in range(turns) for dues in found if turn < len(dues)][:room]


def _most_at_once(target: DeliveryTarget, now: int, settings: DeliverySettings) -> int:
    if not target.enabled:
        return 0
    if target.closed_until_at is None:
        return settings.target_concurrency
    return 1 if is_due(target.closed_until_at, now) else 0


def _list_due_of(snapshot: Snapshot, target: DeliveryTarget, running: Sequence[str], limit: int) -> list[Delivery]:
    params = {
        "target_id": target.id,
        "now": snapshot.now,
        "farthest": snapshot.now + FARTHEST_MS,
        "running": to_json(list(running)),
        "limit": limit,
    }
    due = snapshot.records(Delivery, _DUE.format(due="next_attempt_at <= :now"), params)
    if due or running:
        return due
    # Written by a clock that was wrong: nothing else waits, so they need not be late.
    return snapshot.records(Delivery, _DUE.format(due="next_attempt_at > :farthest"), params)
