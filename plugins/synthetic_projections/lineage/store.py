"""Reading timelines: the events of a construct by the log's own index, and those that name it by the fold's rows."""

from __future__ import annotations

from synthetic import Event, Order, Row, Snapshot, Value, Window, from_json, log_horizon
from synthetic_projections.lineage.model import CONSTRUCT

COLUMNS = ", ".join(Event._fields)
E_COLUMNS = ", ".join(f"e.{name}" for name in Event._fields)


def order_of(*, descending: bool) -> Order:
    """The order of a timeline."""
    return Order(("occurred_at_utc", "position"), (int, int), descending=descending)


def list_entries(snapshot: Snapshot, construct_id: str, order: Order, window: Window) -> list[Row]:
    """The rows of a page of events, and one more if there are more; in the order of reading.

    Both parts are walked in the order of an index, no further than the page:
    it costs the same wherever it begins.
    """
    own, named = (
        _bounds(order, window, "occurred_at_utc", "position"),
        _bounds(order, window, "m.occurred_at", "m.position"),
    )
    down = "DESC" if order.descending != window.backward else "ASC"
    params: dict[str, Value] = {"construct_id": construct_id, "rows": window.size + 1}
    if (horizon := log_horizon(snapshot)) > 0:
        # Mentions of what has left the log may not be deleted yet. The unary plus keeps SQLite on the key.
        named += " AND +m.position > :horizon"
        params["horizon"] = horizon
    for prefix, values in (("after", window.after), ("before", window.before)):
        if values is not None:
            params |= {f"{prefix}_at": values[0], f"{prefix}_position": values[1]}
    return snapshot.rows(
        f"SELECT * FROM (SELECT {COLUMNS} FROM domain_events WHERE construct_id = :construct_id{own}"
        f" ORDER BY occurred_at_utc {down}, position {down} LIMIT :rows)"
        f" UNION ALL SELECT * FROM (SELECT {E_COLUMNS} FROM timeline_mentions AS m"
        f" CROSS JOIN domain_events AS e ON e.position = m.position WHERE m.construct_id = :construct_id{named}"
        f" ORDER BY m.occurred_at {down}, m.position {down} LIMIT :rows)"
        f" ORDER BY occurred_at_utc {down}, position {down} LIMIT :rows",
        params,
    )


def count_entries(snapshot: Snapshot, construct_id: str) -> int:
    """How many events a timeline has."""
    return snapshot.value(
        "SELECT (SELECT count(*) FROM domain_events WHERE construct_id = :construct_id)"
        " + (SELECT count(*) FROM timeline_mentions AS m CROSS JOIN domain_events AS e ON e.position = m.position"
        " WHERE m.construct_id = :construct_id AND +m.position > :horizon)",
        {"construct_id": construct_id, "horizon": log_horizon(snapshot)},
    )


def is_truncated(snapshot: Snapshot, construct_id: str) -> bool:
    """Whether the beginning of a timeline may have left the log for the archive."""
    if log_horizon(snapshot) == 0:
        return False
    payload = snapshot.value(
        "SELECT payload FROM domain_events WHERE entity_id = :construct_id AND entity_type = :construct"
        " ORDER BY position LIMIT 1",
        {"construct_id": construct_id, "construct": CONSTRUCT},
    )
    return payload is None or from_json(payload).get("created") is not True


def _bounds(order: Order, window: Window, at: str, position: str) -> str:
    follows, precedes = ("<", ">") if order.descending else (">", "<")
    after = f" AND ({at}, {position}) {follows} (:after_at, :after_position)"
    before = f" AND ({at}, {position}) {precedes} (:before_at, :before_position)"
    return f"{after if window.after is not None else ''}{before if window.before is not None else ''}"
