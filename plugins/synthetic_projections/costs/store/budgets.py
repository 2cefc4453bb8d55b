"""The rows of `budgets`: finding, saving and deleting them, and how they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from synthetic import (
    BlockingStore,
    ConflictError,
    NotFoundError,
    Snapshot,
    Transaction,
    bad_input,
    check_id,
    delete_owned,
    find_changes,
    to_json,
)
from synthetic_projections.buckets import Span, read_zone
from synthetic_projections.costs.budget_model import (
    FIELDS,
    Budget,
    BudgetContent,
    BudgetPeriod,
    BudgetState,
    SavedBudget,
)
from synthetic_projections.costs.events import BUDGET_SAVED, saved_budget_payload
from synthetic_projections.costs.model import Dimension
from synthetic_projections.costs.prices import CURRENCY
from synthetic_projections.costs.questions import Criteria, Question
from synthetic_projections.costs.store.sums import read_costs
from synthetic_projections.settings import ProjectionSettings

TABLE = "budgets"
CURRENCIES_MAX = 26**3 + 1
"""So many there can be, and none."""

LIMIT_MICROS_MAX = 100_000_000_000_000
"""Most micro-units of a limit: a hundred million units of its currency."""

COLUMNS = ", ".join(Budget._fields)

_DEFAULTS: Mapping[str, Any] = {
    "project_id": None,
    "construct_id": None,
    "period": BudgetPeriod.MONTH.value,
    "time_zone": "UTC",
    "warn_at_percent": 80,
}


def find_budget(snapshot: Snapshot, budget_id: str) -> Budget | None:
    """The budget with this id, or None."""
    return snapshot.record(Budget, f"SELECT {COLUMNS} FROM {TABLE} WHERE id = :id", {"id": budget_id})


def find_budgets(snapshot: Snapshot, ids: Sequence[str]) -> list[Budget | None]:
    """For each id its budget, or None."""
    records = snapshot.records(
        Budget,
        f"SELECT {COLUMNS} FROM {TABLE} WHERE id IN (SELECT value FROM json_each(:ids))",
        {"ids": to_json(list(ids))},
    )
    found = {budget.id: budget for budget in records}
    return [found.get(id) for id in ids]


def list_budgets(snapshot: Snapshot) -> list[Budget]:
    """All budgets, the first stored first; the settings bound how many there are."""
    return snapshot.records(Budget, f"SELECT {COLUMNS} FROM {TABLE} ORDER BY created_at, id")


def save_budget(
    tx: Transaction, content: BudgetContent, *, budget_id: str | None = None, if_version: int | None = None
) -> SavedBudget:
    """Store a budget, or change the fields of one that `content` gives. What is changed is told of anew.

    Args:
        tx: To write in.
        content: The fields. A new budget needs `name`, `limit_micros` and `currency`.
        budget_id: The caller's id; without it, the budget is new and gets a UUIDv7.
        if_version: The version that is to be changed, as the caller read it.

    Raises:
        BadUserInputError: A value is not acceptable, or one is missing.
        NotFoundError: There is no such construct.
        ConflictError: There is a budget with this id and other content, and `if_version` is not its version; or
            there is none, and `if_version` says so; or there are as many as the settings allow.
    """
    given = _checked(tx, content)
    stored = None if budget_id is None else find_budget(tx, check_id(budget_id, "id"))
    changes = find_changes(stored, given, entity="budget", id=budget_id, if_version=if_version, fields=FIELDS)
    if stored is None or changes is None:
        budget = _new_budget(tx, budget_id, given)
    elif not changes:
        return SavedBudget(stored, created=False, changed=False)
    else:
        budget = stored._replace(**changes, version=stored.version + 1, updated_at=tx.now)
    if budget.project_id is not None and budget.construct_id is not None:
        raise bad_input("projectId", "must not be given beside constructId")
    names = [name for name in Budget._fields if name not in ("id", "created_at")]
    tx.execute(
        f"INSERT INTO {TABLE} ({COLUMNS}) VALUES ({', '.join(f':{name}' for name in Budget._fields)})"
        f" ON CONFLICT (id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in names)}",
        budget._asdict(),
    )
    if set(changes or ()) - {"name"}:
        tx.execute("DELETE FROM budget_alerts WHERE budget_id = :id", {"id": budget.id})
    tx.emit(
        BUDGET_SAVED,
        budget.id,
        construct_id=budget.construct_id,
        payload=saved_budget_payload(stored, budget),
    )
    return SavedBudget(budget, created=stored is None, changed=True)


def delete_budget(store: BlockingStore, budget_id: str) -> Budget:
    """Delete a budget; as it was.

    Raises:
        NotFoundError: There is none.
    """
    budget = store.read(find_budget, check_id(budget_id, "id"))
    if budget is None:
        raise NotFoundError(f"There is no budget {budget_id!r}.", details={"field": "id", "id": budget_id})
    delete_owned(store, TABLE, budget_id)
    return budget


def read_state(snapshot: Snapshot, budget: Budget, period: Span) -> BudgetState:
    """How a period of a budget stands."""
    dimension, key = budget.scope
    criteria = {
        Dimension.ALL: Criteria(),
        Dimension.PROJECT: Criteria(project_ids=[key]),
        Dimension.CONSTRUCT: Criteria(construct_ids=[key]),
    }[dimension]
    question = Question(criteria=criteria, window=None if budget.period == BudgetPeriod.TOTAL else period)
    rows = {row.currency: row.total for row in read_costs(snapshot, question, CURRENCIES_MAX)}
    counted, unpriced = rows.pop(budget.currency, None), rows.pop("", None)
    spent = 0 if counted is None else counted.rounded_micros
    return BudgetState(
        period=period,
        spent_micros=spent,
        level=budget.level(spent),
        uncounted_tokens=0 if unpriced is None else unpriced.tokens,
        other_currencies=tuple(sorted(rows)),
    )


def _new_budget(tx: Transaction, budget_id: str | None, given: Mapping[str, Any]) -> Budget:
    for needed in ("name", "limit_micros", "currency"):
        if needed not in given:
            raise bad_input(FIELDS.get(needed, needed), "is needed: the budget is new")
    most = tx.settings(ProjectionSettings).budgets
    if tx.value(f"SELECT count(*) FROM {TABLE}") >= most:
        raise ConflictError(
            f"There are {most} budgets already.",
            action="Delete one that is not needed, or raise `plugins.projections.budgets`.",
            details={"limit": "plugins.projections.budgets"},
        )
    id = tx.new_id() if budget_id is None else budget_id
    return Budget(id=id, version=1, created_at=tx.now, updated_at=tx.now, **{**_DEFAULTS, **given})


def _checked(tx: Transaction, content: BudgetContent) -> dict[str, Any]:
    """The columns that a sender gives, each acceptable.

    Raises:
        BadUserInputError: One is not.
        NotFoundError: There is no such construct.
    """
    given: dict[str, Any] = {}
    for name, value in content.items():
        field = FIELDS.get(name, name)
        if value is None and name not in ("project_id", "construct_id"):
            raise bad_input(field, "must not be null")
        given[name] = None if value is None else _acceptable(name, field, value)
    construct_id = given.get("construct_id")
    known = construct_id is None or tx.value("SELECT 1 FROM constructs WHERE id = :id", {"id": construct_id})
    if not known:
        raise NotFoundError(
            f"There is no construct {construct_id!r}.", details={"field": "constructId", "id": construct_id}
        )
    return given


def _acceptable(name: str, field: str, value: Any) -> Any:
    match name:
        case "limit_micros" if not 1 <= value <= LIMIT_MICROS_MAX:
            raise bad_input(field, f"must be from 1 to {LIMIT_MICROS_MAX}")
        case "warn_at_percent" if not 1 <= value <= 100:
            raise bad_input(field, "must be from 1 to 100")
        case "currency" if not CURRENCY.fullmatch(value):
            raise bad_input(field, "must be a code of three capital letters, such as USD")
        case "time_zone":
            read_zone(value)
        case "name" | "project_id" | "construct_id":
            return check_id(value, field)
        case _:
            pass
    return value
