"""The fold `costs`: what each event does to the sums. Pure.

What is spent is counted in a dozen rows. Within a batch many events spend for
the same owner and at the same time, so that is summed up first, and counted in
the rows once: at the end of the batch, or before an owner changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import add
from typing import Any, NamedTuple

from synthetic import Event, FoldState
from synthetic_constructs.events import CONSTRUCT_SAVED
from synthetic_projections.costs.events import COST_RECORDED
from synthetic_projections.costs.model import (
    NOTHING,
    SPANS_MS,
    CostConstruct,
    CostProgress,
    CostRollup,
    CostSession,
    CostSettled,
    CostSource,
    Dimension,
    Sums,
)
from synthetic_projections.costs.prices import PICOS_IN_MICRO, PriceBook
from synthetic_sessions.events import SESSION_SAVED
from synthetic_transcripts.events import MESSAGES_APPENDED, QUARTER_MS, USAGE_APPENDED, quarter_of, usage_in

PROGRESS = "costs"


class Owner(NamedTuple):
    """For whom something was spent; "" stands for none."""

    session_id: str
    construct_id: str
    project_id: str
    agent: str


class Item(NamedTuple):
    """What was spent at one time on one thing.

    Attributes:
        quarter_at: When the quarter of an hour begins, Unix milliseconds UTC.
        model: "" stands for none.
        currency: "": there is no price.
        source: A `CostSource`.
        sums: How much.
    """

    quarter_at: int
    model: str
    currency: str
    source: str
    sums: Sums


def fold_costs(state: FoldState, event: Event) -> None:
    """Take in one event."""
    match event.type:
        case CONSTRUCT_SAVED.name:
            _place_construct(state, event)
        case SESSION_SAVED.name:
            _place_session(state, event)
        case MESSAGES_APPENDED.name | USAGE_APPENDED.name | COST_RECORDED.name:
            _spend(state, event)
        case _:
            raise ValueError(f"the fold is not made for {event.type}")
    state.put(CostProgress(PROGRESS, event.position, state.input(PriceBook).fingerprint))


def finish_costs(state: FoldState) -> None:
    """Count in the rows what the events of a batch have spent."""
    totals: dict[tuple[Any, ...], list[int]] = {}
    for (owner, item), spent in state.notes.items():
        for key in keys_of(owner, item):
            _sum_up(totals, key, spent)
    state.notes.clear()
    for key, total in totals.items():
        _add_to(state, key, Sums._make(total))


def owner_of(state: FoldState, event: Event) -> Owner:
    """For whom an event says that something was spent, as far as is known now."""
    data = event.data()
    if data.get("sessionId"):
        return owner_of_session(state, session_of(state, data["sessionId"], event))
    construct_id = data.get("constructId") or ""
    project_id = _project_of(state, construct_id) if construct_id else data.get("projectId") or ""
    return Owner("", construct_id, project_id, data.get("agent") or "")


def session_of(state: FoldState, session_id: str, event: Event) -> CostSession:
    """The session that an event names; of one that is older than the log, what the event says of it."""
    return state.get(CostSession, session_id) or CostSession(session_id, event.construct_id or "", "")


def items_of(state: FoldState, event: Event) -> list[Item]:
    """What an event says was spent."""
    book = state.input(PriceBook)
    if event.type == COST_RECORDED.name:
        return [_recorded(book, event)]
    items: list[Item] = []
    for quarter_at, model, *tokens, responses in usage_in(event):
        items.append(_priced(book, quarter_at, model or "", CostSource.USAGE, tuple(tokens), responses))
    return items


def quarters_of(state: FoldState, dimension: Dimension, key: str) -> list[CostRollup]:
    """The rows of one by quarters: each of its costs is in one of them."""
    return state.rows(CostRollup, dimension.value, key, QUARTER_MS)


def moving_items(state: FoldState, dimension: Dimension, key: str) -> list[tuple[str, Item]]:
    """By agent what a construct or session takes along when it moves: all but what others spent that had its id."""
    moving = {row[3:8]: row.sums for row in quarters_of(state, dimension, key)}
    for settled in state.rows(CostSettled, dimension.value, key):
        whose = settled[2:7]
        moving[whose] = moving.get(whose, NOTHING).plus(settled.sums.negated())
    return [
        (agent, Item(starts_at, model, currency, source, sums))
        for (starts_at, agent, model, currency, source), sums in moving.items()
        if sums != NOTHING
    ]


def keys_of(owner: Owner, item: Item) -> list[tuple[Any, ...]]:
    """The keys of the rows in which an item is counted."""
    keys: list[tuple[Any, ...]] = []
    for dimension, key in (
        (Dimension.ALL, ""),
        (Dimension.AGENT, owner.agent),
        (Dimension.PROJECT, owner.project_id),
        (Dimension.CONSTRUCT, owner.construct_id),
        (Dimension.SESSION, owner.session_id),
    ):
        keys += keys_in(dimension, key, owner.agent, item)
    return keys


def keys_in(dimension: Dimension, key: str, agent: str, item: Item) -> list[tuple[Any, ...]]:
    """The keys of the rows of one dimension in which an item is counted."""
    told = "" if dimension is Dimension.ALL or dimension is Dimension.AGENT else agent
    quarter_at, model, currency, source, _ = item
    return [
        (
            dimension.value,
            key,
            span_ms,
            quarter_at - quarter_at % span_ms if span_ms else 0,
            told,
            model,
            currency,
            source,
        )
        for span_ms in SPANS_MS[dimension]
    ]


def _spend(state: FoldState, event: Event) -> None:
    """Count what an event says was spent."""
    session_id = event.data().get("sessionId")
    if session_id and state.get(CostSession, session_id) is None:
        state.put(session_of(state, session_id, event))
    owner = owner_of(state, event)
    for item in items_of(state, event):
        of_what = Item(item.quarter_at, item.model, item.currency, item.source, NOTHING)
        _sum_up(state.notes, (owner, of_what), item.sums)


def _recorded(book: PriceBook, event: Event) -> Item:
    data = event.data()
    tokens = (data["inputTokens"], data["outputTokens"], data["cacheReadTokens"], data["cacheWriteTokens"])
    quarter_at, model, micros = quarter_of(event.occurred_at_utc), data["model"] or "", data["costMicros"]
    if micros is None:
        return _priced(book, quarter_at, model, CostSource.RECORDED, tokens, 1)
    sums = Sums.of(tokens, 1, micros * PICOS_IN_MICRO)
    return Item(quarter_at, model, data["currency"], CostSource.RECORDED.value, sums)


def _priced(
    book: PriceBook, quarter_at: int, model: str, source: CostSource, tokens: tuple[int, ...], responses: int
) -> Item:
    price = book.find(model, quarter_at)
    picos, currency = (0, "") if price is None else (price.picos(tokens), price.currency)
    return Item(quarter_at, model, currency, source.value, Sums.of(tokens, responses, picos))


def _place_session(state: FoldState, event: Event) -> None:
    """A session takes its costs along to the construct that it now works on, and to the agent that it now is of."""
    data, before = event.data(), state.get(CostSession, event.entity_id)
    session = CostSession(event.entity_id, data["constructId"] or "", data["agent"] or "", 0, event.position)
    if before is None:
        state.put(session)
        return
    if data["created"]:
        state.put(session._replace(since_position=event.position))
        _settle(state, Dimension.SESSION, event.entity_id)
        return
    session = session._replace(since_position=before.since_position)
    if session.construct_id == before.construct_id:
        session = session._replace(placed_position=before.placed_position)
    if session == before:
        return
    state.put(session)
    finish_costs(state)
    old, new = owner_of_session(state, before), owner_of_session(state, session)
    for _, item in moving_items(state, Dimension.SESSION, event.entity_id):
        for key in keys_of(old, item):
            _add_to(state, key, item.sums.negated())
        for key in keys_of(new, item):
            _add_to(state, key, item.sums)


def _place_construct(state: FoldState, event: Event) -> None:
    """A construct takes its costs along to the project that it now belongs to."""
    data, before = event.data(), state.get(CostConstruct, event.entity_id)
    project_id = data["projectId"] or ""
    if before is not None and data["created"]:
        state.put(CostConstruct(event.entity_id, project_id, event.position))
        _settle(state, Dimension.CONSTRUCT, event.entity_id)
        return
    old = CostConstruct(event.entity_id, "") if before is None else before
    if before is None or old.project_id != project_id:
        state.put(old._replace(project_id=project_id))
    if old.project_id == project_id:
        return
    finish_costs(state)
    for agent, item in moving_items(state, Dimension.CONSTRUCT, event.entity_id):
        for key in keys_in(Dimension.PROJECT, old.project_id, agent, item):
            _add_to(state, key, item.sums.negated())
        for key in keys_in(Dimension.PROJECT, project_id, agent, item):
            _add_to(state, key, item.sums)


def _settle(state: FoldState, dimension: Dimension, key: str) -> None:
    """An id begins anew, after what had it was deleted: what was spent under it stays with those who paid it."""
    finish_costs(state)
    for settled in state.rows(CostSettled, dimension.value, key):
        state.delete(CostSettled, *settled[:7])
    for row in quarters_of(state, dimension, key):
        state.put(CostSettled(dimension.value, key, *row[3:]))


def owner_of_session(state: FoldState, session: CostSession) -> Owner:
    """For whom a session spends."""
    project_id = _project_of(state, session.construct_id)
    return Owner(session.session_id, session.construct_id, project_id, session.agent)


def _project_of(state: FoldState, construct_id: str) -> str:
    construct = state.get(CostConstruct, construct_id) if construct_id else None
    return "" if construct is None else construct.project_id


def _sum_up(totals: dict[tuple[Any, ...], list[int]], key: tuple[Any, ...], sums: Sequence[int]) -> None:
    """Add to one of many sums, in place; what its rest exceeds a micro-unit by is carried when it is counted."""
    total = totals.get(key)
    if total is None:
        totals[key] = list(sums)
    else:
        total[:] = map(add, total, sums)


def _add_to(state: FoldState, key: tuple[Any, ...], sums: Sums) -> None:
    """Count in one row; a row that counts nothing any more goes, so that the way by which it came to that is gone."""
    row = state.get(CostRollup, *key)
    total = (NOTHING if row is None else row.sums).plus(sums)
    if total == NOTHING:
        state.delete(CostRollup, *key)
    else:
        state.put(CostRollup._make((*key, *total)))
