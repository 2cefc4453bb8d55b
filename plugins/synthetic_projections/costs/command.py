"""`synthetic costs`: what was spent, how budgets stand, and which prices are used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from synthetic import Snapshot, iso_from_ms
from synthetic.cli import DataOption, JsonOption, emit, fields_of, instant_of, open_store, show, table_of
from synthetic_projections.buckets import window_of
from synthetic_projections.costs.budget_model import EVER, Budget, BudgetState
from synthetic_projections.costs.model import Sums
from synthetic_projections.costs.price_files import price_book
from synthetic_projections.costs.prices import FOREVER, Price, PriceBook
from synthetic_projections.costs.questions import CostGroup, Criteria, Question, Row, foremost
from synthetic_projections.costs.store.budgets import list_budgets, read_state
from synthetic_projections.costs.store.sums import UnpricedModel, list_unpriced, read_costs

UNPRICED_MAX = 100
DECIMALS = 6
"""Of a sum of money: it is counted in millionths."""

ByOption = Annotated[
    list[CostGroup] | None,
    typer.Option("--by", case_sensitive=False, help="Tell costs apart by this. May be repeated."),
]
SinceOption = Annotated[
    str | None, typer.Option("--since", metavar="WHEN", help="From then on: a span such as 7d, or an instant.")
]
UntilOption = Annotated[
    str | None, typer.Option("--until", metavar="WHEN", help="Up to then: a span such as 1d, or an instant.")
]
ProjectOption = Annotated[
    list[str] | None, typer.Option("--project", metavar="ID", help="Only this project's. May be repeated.")
]
ConstructOption = Annotated[
    list[str] | None, typer.Option("--construct", metavar="ID", help="Only this construct's. May be repeated.")
]
AgentOption = Annotated[
    list[str] | None, typer.Option("--agent", metavar="NAME", help="Only this agent's. May be repeated.")
]
LimitOption = Annotated[int, typer.Option("--limit", help="How many rows at most.", min=1, max=10_000)]


def show_(
    by: ByOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    project: ProjectOption = None,
    construct: ConstructOption = None,
    agent: AgentOption = None,
    limit: LimitOption = 50,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what was spent, the dearest first; each currency has rows of its own, and what has no price comes last."""
    groups = tuple(dict.fromkeys(by or (CostGroup.MODEL,)))
    criteria = Criteria(project_ids=project or None, construct_ids=construct or None, agents=agent or None)
    from_at, to_at = instant_of(since, "--since"), instant_of(until, "--until")

    def read(snapshot: Snapshot) -> list[Row]:
        is_all = from_at is None and to_at is None
        window = None if is_all else window_of(from_at or 0, to_at, snapshot.now, 0)
        return read_costs(snapshot, Question(groups=groups, criteria=criteria, window=window), limit + 1)

    with open_store(data) as store:
        rows = store.read(read)
    shown = foremost(rows, limit)
    if as_json:
        listed = [_row_as_json(groups, row) for row in shown]
        emit({"costs": listed, "hasMore": len(rows) > limit}, as_json)
    elif rows:
        show(_costs_table(groups, shown))
        if len(rows) > limit:
            show(f"There are more than {limit:,} rows; of each currency those are shown that cost most.")
    else:
        show("Nothing was spent.")


def budgets(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show how the present period of each budget stands."""

    def read(snapshot: Snapshot) -> list[tuple[Budget, BudgetState]]:
        return [(each, read_state(snapshot, each, each.period_at(snapshot.now))) for each in list_budgets(snapshot)]

    with open_store(data) as store:
        found = store.read(read)
    if as_json:
        emit([_budget_as_json(*each) for each in found], as_json)
    elif found:
        show(
            table_of(
                ("id", "name", "for", "period", "spent", "limit", "currency", "level"),
                [
                    (
                        budget.id,
                        budget.name,
                        _scope_in_words(budget),
                        budget.period,
                        in_units(state.spent_micros),
                        in_units(budget.limit_micros),
                        budget.currency,
                        state.level,
                    )
                    for budget, state in found
                ],
                numbers=("spent", "limit"),
            )
        )
    else:
        show("There are no budgets.")


def prices(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show the prices that are used, and the models that have none."""

    def read(snapshot: Snapshot) -> tuple[PriceBook, list[UnpricedModel]]:
        return price_book(snapshot), list_unpriced(snapshot, UNPRICED_MAX)

    with open_store(data) as store:
        book, unpriced = store.read(read)
    if as_json:
        emit(
            {
                "source": book.name,
                "fingerprint": book.fingerprint,
                "prices": [_price_as_json(price) for price in book.prices],
                "unpriced": [{"model": each.model or None, "tokens": each.sums.tokens} for each in unpriced],
            },
            as_json,
        )
        return
    names = ("input", "output", "cache read", "cache write")
    rows = [
        (price.pattern, _day(price.from_at), _day(price.until_at), price.currency, *map(in_units, price[4:]))
        for price in book.prices
    ]
    show(fields_of({"prices from": book.name}), "")
    show(table_of(("model", "from", "until", "currency", *names), rows, numbers=names), "Per million tokens.")
    if unpriced:
        lacking = [(each.model or "(not named)", f"{each.sums.tokens:,}") for each in unpriced]
        show("", "Without a price:", table_of(("model", "tokens"), lacking, numbers=("tokens",)))


def in_units(micros: int) -> str:
    """Millionths of a currency's unit as units, exactly."""
    sign = "-" if micros < 0 else ""
    units, rest = divmod(abs(micros), 10**DECIMALS)
    digits = f"{rest:0{DECIMALS}}".rstrip("0").ljust(2, "0")
    return f"{sign}{units:,}.{digits}"


def _costs_table(groups: Sequence[CostGroup], rows: Sequence[Row]) -> Any:
    numbers = ("input", "output", "cache read", "cache write", "cost")
    return table_of(
        (*(group.lower() for group in groups), *numbers, "currency"),
        [
            (
                *(key or "(none)" for key in row.keys),
                *(f"{count:,}" for count in row.total[:4]),
                in_units(row.total.rounded_micros) if row.currency else "(no price)",
                row.currency,
            )
            for row in rows
        ],
        numbers=numbers,
    )


def _row_as_json(groups: Sequence[CostGroup], row: Row) -> dict[str, Any]:
    keys = {group.lower(): key or None for group, key in zip(groups, row.keys, strict=True)}
    return {**keys, **_sums_as_json(row.total, row.currency)}


def _sums_as_json(sums: Sums, currency: str) -> dict[str, Any]:
    return {
        "inputTokens": sums.input_tokens,
        "outputTokens": sums.output_tokens,
        "cacheReadTokens": sums.cache_read_tokens,
        "cacheWriteTokens": sums.cache_write_tokens,
        "responses": sums.responses,
        "costMicros": sums.rounded_micros if currency else None,
        "currency": currency or None,
    }


def _budget_as_json(budget: Budget, state: BudgetState) -> dict[str, Any]:
    is_ever = state.period == EVER
    return {
        "id": budget.id,
        "name": budget.name,
        "projectId": budget.project_id,
        "constructId": budget.construct_id,
        "period": budget.period,
        "timeZone": budget.time_zone,
        "limitMicros": budget.limit_micros,
        "currency": budget.currency,
        "warnAtPercent": budget.warn_at_percent,
        "level": state.level.value,
        "spentMicros": state.spent_micros,
        "periodFrom": None if is_ever else iso_from_ms(state.period.from_at),
        "periodTo": None if is_ever else iso_from_ms(state.period.to_at),
        "uncountedTokens": state.uncounted_tokens,
        "otherCurrencies": list(state.other_currencies),
    }


def _price_as_json(price: Price) -> dict[str, Any]:
    return {
        "model": price.pattern,
        "from": iso_from_ms(price.from_at) if price.from_at else None,
        "until": None if price.until_at == FOREVER else iso_from_ms(price.until_at),
        "currency": price.currency,
        "inputMicros": price.input_micros,
        "outputMicros": price.output_micros,
        "cacheReadMicros": price.cache_read_micros,
        "cacheWriteMicros": price.cache_write_micros,
    }


def _scope_in_words(budget: Budget) -> str:
    dimension, key = budget.scope
    return f"{dimension.lower()} {key}" if key else "all"


def _day(instant: int) -> str:
    return "" if instant in (0, FOREVER) else iso_from_ms(instant)[:10]
