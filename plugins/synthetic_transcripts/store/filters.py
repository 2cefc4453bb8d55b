"""What a filter on transcripts is in SQL.

A session leads by an index that ends in the default order, (created_at, id).
Sources are labels that most transcripts share, so they are tested on what the
order finds.
"""

from __future__ import annotations

from collections.abc import Sequence

from synthetic import EACH, Selection, Value, bad_input, check_id, check_text, to_json
from synthetic_transcripts.model import ALL_TRANSCRIPTS, Criteria
from synthetic_transcripts.store.transcripts import LABEL_CHARACTERS_MAX

VALUES_MAX = 500
"""Most ids or sources of one filter."""


def select_transcripts(criteria: Criteria, *, each: str | None = None) -> Selection:
    """The transcripts that meet the criteria.

    Args:
        criteria: What is asked for.
        each: A column that names their parent, for `pages`: `session_id`.

    Raises:
        BadUserInputError: A value in the criteria is not acceptable, or they are too many.
    """
    if criteria is ALL_TRANSCRIPTS:
        return Selection.of_all("transcripts", each=each)
    where = [] if each is None else [f"{each} = {EACH}"]
    params: dict[str, Value] = {}
    if criteria.ids is not None:
        where.append("id IN (SELECT value FROM json_each(:ids))")
        params["ids"] = to_json([check_id(id, "filter.ids") for id in _bounded(criteria.ids, "ids")])
    if criteria.session_id is not None:
        where.append("session_id = :session_id")
        params["session_id"] = check_id(criteria.session_id, "filter.sessionId")
    if criteria.sources is not None:
        where.append("+source IN (SELECT value FROM json_each(:sources))")
        params["sources"] = to_json(
            [
                check_text(source, "filter.source", characters_max=LABEL_CHARACTERS_MAX)
                for source in _bounded(criteria.sources, "source")
            ]
        )
    for column, operator, name in (
        ("created_at", ">=", "created_from"),
        ("created_at", "<", "created_before"),
        ("updated_at", ">=", "updated_from"),
        ("updated_at", "<", "updated_before"),
    ):
        instant = getattr(criteria, name)
        if instant is not None:
            where.append(f"{column} {operator} :{name}")
            params[name] = instant
    return Selection("transcripts", where, params)


def _bounded(values: Sequence[str], name: str) -> Sequence[str]:
    if len(values) > VALUES_MAX:
        raise bad_input(f"filter.{name}", f"must hold at most {VALUES_MAX} values")
    return values
