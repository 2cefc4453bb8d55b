"""Usage: what the responses of models cost, each counted once.

A response is told of by several messages, each with what it has cost so far.
`transcript_responses` keeps the last word on each, so that a later message, in
whatever batch, replaces it; `transcript_usage` keeps the sums.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from operator import add, sub
from typing import NamedTuple

from synthetic import Snapshot, Transaction, to_json
from synthetic_transcripts.columns import Columns
from synthetic_transcripts.model import ModelUsage

Tokens = tuple[int, int, int, int]
"""Input, output, cache read, cache write."""


class Response(NamedTuple):
    """What a response costs; `model` is empty when the source did not name it."""

    model: str
    tokens: Tokens


def split_usage(columns: Columns) -> tuple[dict[str, Response], list[Response]]:
    """What a batch says of responses that have an id, the last word on each, and of those that have none."""
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
        response = Response(columns.model[index] or "", tokens)
        usage_id = columns.usage_id[index]
        if usage_id is None:
            unnamed.append(response)
        else:
            named[usage_id] = response
    return named, unnamed


def sum_changes(
    known: Mapping[str, Response], named: Mapping[str, Response], unnamed: Iterable[Response]
) -> dict[str, list[int]]:
    """How the sums change, by model: the four kinds of tokens, then the number of responses."""
    changes: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    for usage_id, response in named.items():
        before = known.get(usage_id)
        if before is not None:
            changes[before.model] = list(map(sub, changes[before.model], (*before.tokens, 1)))
        changes[response.model] = list(map(add, changes[response.model], (*response.tokens, 1)))
    for response in unnamed:
        changes[response.model] = list(map(add, changes[response.model], (*response.tokens, 1)))
    return {model: change for model, change in changes.items() if any(change)}


def record_usage(tx: Transaction, transcript_key: int, columns: Columns) -> dict[str, list[int]]:
    """Count the usage of messages that were just appended, in the order of seq.

    Returns:
        How the sums have changed; see `sum_changes`.
    """
    named, unnamed = split_usage(columns)
    if not named and not unnamed:
        return {}
    known = _find_responses(tx, transcript_key, list(named)) if named else {}
    _save_responses(
        tx, transcript_key, {key: response for key, response in named.items() if known.get(key) != response}
    )
    changes = sum_changes(known, named, unnamed)
    if changes:
        _save_sums(tx, transcript_key, changes)
    return changes


def _find_responses(tx: Transaction, transcript_key: int, usage_ids: Sequence[str]) -> dict[str, Response]:
    rows = tx.rows(
        "SELECT r.usage_id, r.model, r.input_tokens, r.output_tokens, r.cache_read_tokens, r.cache_write_tokens"
        " FROM json_each(:ids) j CROSS JOIN transcript_responses r"
        " WHERE r.transcript_key = :key AND r.usage_id = j.value",
        {"key": transcript_key, "ids": to_json(usage_ids)},
    )
    return {usage_id: Response(model, tuple(tokens)) for usage_id, model, *tokens in rows}


def _save_responses(tx: Transaction, transcript_key: int, responses: Mapping[str, Response]) -> None:
    tx.execute_many(
        "INSERT INTO transcript_responses (transcript_key, usage_id, model,"
        " input_tokens, output_tokens, cache_read_tokens, cache_write_tokens)"
        " VALUES (:key, :usage_id, :model, :input, :output, :cache_read, :cache_write)"
        " ON CONFLICT (transcript_key, usage_id) DO UPDATE SET model = excluded.model,"
        " input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens,"
        " cache_read_tokens = excluded.cache_read_tokens, cache_write_tokens = excluded.cache_write_tokens",
        [
            {"key": transcript_key, "usage_id": usage_id, **_parameters(response.model, response.tokens)}
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
