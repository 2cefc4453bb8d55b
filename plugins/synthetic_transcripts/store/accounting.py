"""Usage: what the responses of models cost, each counted once.

A response is told of by several messages, each with what it has cost so far.
`transcript_responses` keeps the last word on each, so that a later message, in
whatever batch, replaces it, and the quarter of an hour of the first, in which
it counts whatever comes later; `transcript_usage` keeps the sums.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import add, sub
from typing import NamedTuple

from synthetic import Snapshot, Transaction, to_json
from synthetic_transcripts.columns import Columns
from synthetic_transcripts.events import UsageChange, quarter_of
from synthetic_transcripts.model import ModelUsage

Tokens = tuple[int, int, int, int]
"""Input, output, cache read, cache write."""


class Response(NamedTuple):
    """What a response costs.

    Attributes:
        model: Empty when the source did not name it.
        tokens: By the last word on it.
        quarter_at: When the quarter began in which it was first told of; None:
            it was stored before that was kept.
    """

    model: str
    tokens: Tokens
    quarter_at: int | None


Changes = dict[tuple[int, str], list[int]]
"""How sums change, by quarter and model: the four kinds of tokens, then the number of responses."""


def split_usage(columns: Columns, now: int) -> tuple[dict[str, Response], list[Response]]:
    """What a batch says of responses that have an id, the last word on each, and of those that have none.

    Args:
        columns: The messages, in the order of seq.
        now: When those were written that do not say when, or say the future; Unix milliseconds.
    """
    named: dict[str, Response] = {}
    unnamed: list[Response] = []
    for index, input_tokens in enumerate(columns.input_tokens):
        if input_tokens is None:
            continue
        tokens = (
            input_tokens,
            columns.output_tokens[index] or 0,
            columns.cache_read_tokens[index] or 0,
            columns.cache_write_tokens[index] or 0,
        )
        written_at = columns.occurred_at[index]
        response = Response(
            columns.model[index] or "", tokens, quarter_of(now if written_at is None else min(written_at, now))
        )
        usage_id = columns.usage_id[index]
        if usage_id is None:
            unnamed.append(response)
        else:
            first = named.get(usage_id)
            named[usage_id] = response if first is None else response._replace(quarter_at=first.quarter_at)
    return named, unnamed


def keep_quarters(known: Mapping[str, Response], named: Mapping[str, Response]) -> dict[str, Response]:
    """The responses of a batch, each in the quarter in which it is counted already."""
    kept: dict[str, Response] = {}
    for usage_id, response in named.items():
        before = known.get(usage_id)
        quarter_at = None if before is None else before.quarter_at
        kept[usage_id] = response if quarter_at is None else response._replace(quarter_at=quarter_at)
    return kept


def sum_changes(known: Mapping[str, Response], named: Mapping[str, Response], unnamed: Iterable[Response]) -> Changes:
    """How the sums change. A word on a response takes back what was counted of it, in the same quarter."""
    changes: defaultdict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])

    def count(response: Response, quarter_at: int, combine: Callable[[int, int], int]) -> None:
        place = quarter_at, response.model
        changes[place] = list(map(combine, changes[place], (*response.tokens, 1)))

    for usage_id, response in named.items():
        quarter_at = response.quarter_at or 0
        before = known.get(usage_id)
        if before is not None:
            count(before, quarter_at, sub)
        count(response, quarter_at, add)
    for response in unnamed:
        count(response, response.quarter_at or 0, add)
    return {place: change for place, change in changes.items() if any(change)}


def record_usage(tx: Transaction, transcript_key: int, columns: Columns) -> list[UsageChange]:
    """Count the usage of messages that were just appended, in the order of seq.

    Returns:
        How the sums have changed, by quarter and model.
    """
    told, unnamed = split_usage(columns, tx.now)
    if not told and not unnamed:
        return []
    known = _find_responses(tx, transcript_key, list(told)) if told else {}
    named = keep_quarters(known, told)
    _save_responses(
        tx, transcript_key, {key: response for key, response in named.items() if known.get(key) != response}
    )
    changes = sum_changes(known, named, unnamed)
    if changes:
        _save_sums(tx, transcript_key, _by_model(changes))
    return [UsageChange(quarter_at, model or None, *sums) for (quarter_at, model), sums in changes.items()]


def _by_model(changes: Changes) -> dict[str, list[int]]:
    """The changes of all quarters together."""
    sums: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    for (_, model), change in changes.items():
        sums[model] = list(map(add, sums[model], change))
    return sums


def _find_responses(tx: Transaction, transcript_key: int, usage_ids: Sequence[str]) -> dict[str, Response]:
    rows = tx.rows(
        "SELECT r.usage_id, r.model, r.quarter_at,"
        " r.input_tokens, r.output_tokens, r.cache_read_tokens, r.cache_write_tokens"
        " FROM json_each(:ids) j CROSS JOIN transcript_responses r"
        " WHERE r.transcript_key = :key AND r.usage_id = j.value",
        {"key": transcript_key, "ids": to_json(usage_ids)},
    )
    return {usage_id: Response(model, tuple(tokens), quarter_at) for usage_id, model, quarter_at, *tokens in rows}


def _save_responses(tx: Transaction, transcript_key: int, responses: Mapping[str, Response]) -> None:
    tx.execute_many(
        "INSERT INTO transcript_responses (transcript_key, usage_id, model, quarter_at,"
        " input_tokens, output_tokens, cache_read_tokens, cache_write_tokens)"
        " VALUES (:key, :usage_id, :model, :quarter_at, :input, :output, :cache_read, :cache_write)"
        " ON CONFLICT (transcript_key, usage_id) DO UPDATE SET model = excluded.model,"
        " quarter_at = excluded.quarter_at,"
        " input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens,"
        " cache_read_tokens = excluded.cache_read_tokens, cache_write_tokens = excluded.cache_write_tokens",
        [
            {
                "key": transcript_key,
                "usage_id": usage_id,
                "quarter_at": response.quarter_at,
                **_parameters(response.model, response.tokens),
            }
            for usage_id, response in responses.items()
        ],
    )


def _save_sums(tx: Transaction, transcript_key: int, changes: Mapping[str, Sequence[int]]) -> None:
    # The new sums are worked out here: in an upsert, CHECK would refuse the negative change before it is added.
    stored = {usage.model or "": usage[1:] for usage in list_usage(tx, [transcript_key])[0]}
    sums = {model: list(map(add, stored.get(model, (0, 0, 0, 0, 0)), change)) for model, change in changes.items()}
    tx.execute_many(
        "DELETE FROM transcript_usage WHERE transcript_key = :key AND model = :model",
        [{"key": transcript_key, "model": model} for model in sums],
    )
    tx.execute_many(
        "INSERT INTO transcript_usage (transcript_key, model,"
        " input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, responses)"
        " VALUES (:key, :model, :input, :output, :cache_read, :cache_write, :responses)",
        [
            {"key": transcript_key, "responses": responses, **_parameters(model, tokens)}
            for model, (*tokens, responses) in sums.items()
            if responses
        ],
    )


def _parameters(model: str, tokens: Sequence[int]) -> dict[str, str | int]:
    names = ("input", "output", "cache_read", "cache_write")
    return {"model": model, **dict(zip(names, tokens, strict=True))}


_SUMS = (
    "sum(u.input_tokens), sum(u.output_tokens), sum(u.cache_read_tokens), sum(u.cache_write_tokens), sum(u.responses)"
)


def list_usage(snapshot: Snapshot, transcript_keys: Sequence[int]) -> list[list[ModelUsage]]:
    """For each transcript what it cost, by model in the order of their names."""
    rows = snapshot.rows(
        f"SELECT u.transcript_key, u.model, {_SUMS} FROM transcript_usage u"
        " WHERE u.transcript_key IN (SELECT value FROM json_each(:keys)) GROUP BY u.transcript_key, u.model"
        " ORDER BY u.transcript_key, u.model",
        {"keys": to_json(list(transcript_keys))},
    )
    return _by_owner(transcript_keys, rows)


def list_usage_of_sessions(snapshot: Snapshot, session_ids: Sequence[str]) -> list[list[ModelUsage]]:
    """For each session what its transcripts cost together, by model in the order of their names."""
    rows = snapshot.rows(
        f"SELECT t.session_id, u.model, {_SUMS} FROM transcripts t"
        " JOIN transcript_usage u ON u.transcript_key = t.key"
        " WHERE t.session_id IN (SELECT value FROM json_each(:ids)) GROUP BY t.session_id, u.model"
        " ORDER BY t.session_id, u.model",
        {"ids": to_json(list(session_ids))},
    )
    return _by_owner(session_ids, rows)


def _by_owner(owners: Sequence[object], rows: Iterable[tuple[object, ...]]) -> list[list[ModelUsage]]:
    found: defaultdict[object, list[ModelUsage]] = defaultdict(list)
    for owner, model, *sums in rows:
        found[owner].append(ModelUsage(model or None, *sums))  # type: ignore[arg-type]
    return [found[owner] for owner in owners]
