"""What a filter on contexts or threads is in SQL, and which index serves it.

Every index ends in the instant of the last use, the default order, so a filter
on one session, user, channel or thread is read from one place.
"""

from __future__ import annotations

from collections.abc import Sequence

from synthetic import EACH, Selection, Value, bad_input, check_id, to_json
from synthetic_sessions.context_model import SessionContextCriteria
from synthetic_sessions.store.filters import VALUES_MAX
from synthetic_sessions.thread_model import ThreadSessionCriteria

_Condition = tuple[str, str, int | None]


def select_contexts(criteria: SessionContextCriteria, *, each: str | None = None) -> Selection:
    """The contexts that meet the criteria.

    Args:
        criteria: What is asked for.
        each: A column that names their parent, for `pages`: `session_id`.

    Raises:
        BadUserInputError: A value in the criteria is not acceptable, or they are too many, or a thread is named
            without its channel.
    """
    if criteria.thread_ts is not None and criteria.channel is None:
        raise bad_input("filter.threadTs", "must be given with channel")
    equal = {
        "session_id": _checked(criteria.session_id, "sessionId"),
        "user_id": _checked(criteria.user_id, "userId"),
        "channel": _checked(criteria.channel, "channel"),
        "thread_ts": _checked(criteria.thread_ts, "threadTs"),
    }
    between: Sequence[_Condition] = (
        ("last_used_at", ">=", criteria.used_from),
        ("last_used_at", "<", criteria.used_before),
    )
    return _select("session_contexts", criteria.ids, equal, between, each)


def select_threads(criteria: ThreadSessionCriteria, *, each: str | None = None) -> Selection:
    """The threads that meet the criteria; arguments and errors as for `select_contexts`."""
    equal = {
        "session_id": _checked(criteria.session_id, "sessionId"),
        "user_id": _checked(criteria.user_id, "userId"),
        "channel": _checked(criteria.channel, "channel"),
    }
    between: Sequence[_Condition] = (
        ("last_message_at", ">=", criteria.active_from),
        ("last_message_at", "<", criteria.active_before),
    )
    return _select("thread_sessions", None, equal, between, each)


def _checked(value: str | None, name: str) -> str | None:
    return None if value is None else check_id(value, f"filter.{name}")


def _select(
    table: str,
    ids: Sequence[str] | None,
    equal: dict[str, str | None],
    between: Sequence[_Condition],
    each: str | None,
) -> Selection:
    params: dict[str, Value] = {}
    where = [] if each is None else [f"{each} = {EACH}"]
    # The parent leads, or the ids do: a unary plus keeps the others off their indexes.
    off = "" if each is None and ids is None else "+"
    if ids is not None:
        if len(ids) > VALUES_MAX:
            raise bad_input("filter.ids", f"must hold at most {VALUES_MAX} values")
        params["ids"] = to_json(sorted({check_id(str(id), "filter.ids") for id in ids}))
        where.append(f"{'' if each is None else '+'}id IN (SELECT value FROM json_each(:ids))")
    for column, value in equal.items():
        if value is not None:
            params[column] = value
            where.append(f"{off}{column} = :{column}")
    for number, (column, operator, instant) in enumerate(between):
        if instant is not None:
            params[f"instant_{number}"] = instant
            where.append(f"{column} {operator} :instant_{number}")
    return Selection(table, where, params)
