"""What a line of events has to be: checked before any of them is written."""

from __future__ import annotations

from collections.abc import Sequence

from synthetic.database.snapshot import Value
from synthetic.json_text import from_json
from synthetic.log.emission import PAYLOAD_CHARACTERS_MAX
from synthetic.transfer.manifest import EVENT_COLUMNS, KERNEL, ORIGIN_COLUMNS

_KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(EVENT_COLUMNS, (str,)),
    **dict.fromkeys(("construct_id", "causation_id"), (str, type(None))),
    **dict.fromkeys(("position", "occurred_at_utc", "ingested_at_utc"), (int,)),
    **dict.fromkeys(("origin_epoch", "origin_id"), (str, type(None))),
    **dict.fromkeys(("origin_position", "origin_ingested_at"), (int, type(None))),
}


def event_problem(columns: Sequence[str], row: Sequence[Value]) -> str | None:
    """Why an event is none that an export holds, such as one of the kernel, which is about its store; None: it is one.

    Args:
        columns: Of the member.
        row: Its values, as many.
    """
    event = dict(zip(columns, row, strict=True))
    for name, kinds in _KINDS.items():
        if not isinstance(event.get(name), kinds):
            return f"{name} of an event is missing, or of another type"
    if event["module"] == KERNEL:
        return "an event of the kernel does not travel"
    if min(place for name in ("position", "origin_position") if isinstance(place := event.get(name), int)) < 1:
        return "no event has this position"
    if len({event.get(name) is None for name in ORIGIN_COLUMNS}) > 1:
        return "the origin of an event is not whole"
    return _payload_problem(str(event["payload"]))


def _payload_problem(payload: str) -> str | None:
    if len(payload) > PAYLOAD_CHARACTERS_MAX:
        return "the payload of an event is too long"
    try:
        is_object = isinstance(from_json(payload), dict)
    except ValueError:
        is_object = False
    return None if is_object else "the payload of an event is no JSON object"
