"""How SQLite carries out `auditLog`: a page must not cost more the more entries there are.

Each query is caught as the plugin sends it, and explained. A plan that changes
is a decision: a SCAN of the table, or a TEMP B-TREE that was not there, reads
every match.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugins.audit.damaging import record_many
from synthetic import OperationKind, OperationOutcome, Snapshot
from synthetic.testing import copy_template, open_test_store
from synthetic_audit.enums import AuditOrder
from synthetic_audit.model import Criteria
from synthetic_audit.types import page_of_entries

MUTATION, COMMAND, ACCESS = OperationKind.MUTATION, OperationKind.COMMAND, OperationKind.ACCESS
DONE, FAILED, REFUSED = OperationOutcome.DONE, OperationOutcome.FAILED, OperationOutcome.REFUSED
BY_TIME = (AuditOrder.OCCURRED_AT_DESC, AuditOrder.OCCURRED_AT_ASC)
BY_NUMBER = (AuditOrder.SEQ_DESC, AuditOrder.SEQ_ASC)
PERIOD = {"occurred_from": 1, "occurred_before": 2}
IN_ORDER = {
    "all": (Criteria(), "audit_log_by_occurred_at"),
    "all of a day": (Criteria(**PERIOD), "audit_log_by_occurred_at"),
    "of an actor": (Criteria(actors=["a"]), "audit_log_by_actor"),
    "of two actors": (Criteria(actors=["a", "b"]), "audit_log_by_actor"),
    "of an actor on a day": (Criteria(actors=["a"], **PERIOD), "audit_log_by_actor"),
    "of a name": (Criteria(names=["n"]), "audit_log_by_name"),
    "of two names": (Criteria(names=["n", "m"]), "audit_log_by_name"),
    "of an id": (Criteria(entity_id="j"), "audit_log_by_entity_id"),
    "of an entity": (Criteria(entity_type="job", entity_id="j"), "audit_log_by_entity_id"),
    "of an entity on a day": (Criteria(entity_id="j", **PERIOD), "audit_log_by_entity_id"),
    "of a request": (Criteria(correlation_id="c"), "audit_log_by_correlation_id"),
    "of a code": (Criteria(codes=["CONFLICT"]), "audit_log_by_code"),
    "of two codes": (Criteria(codes=["CONFLICT", "NOT_FOUND"]), "audit_log_by_code"),
    "what failed": (Criteria(outcomes=[FAILED]), "audit_log_by_outcome"),
    "what was not done": (Criteria(outcomes=[FAILED, REFUSED]), "audit_log_by_outcome"),
    "commands": (Criteria(kinds=[COMMAND]), "audit_log_by_kind"),
    "commands and accesses": (Criteria(kinds=[COMMAND, ACCESS]), "audit_log_by_kind"),
    # Most entries are these, so the walk in the order of time finds them at once.
    "what was done": (Criteria(outcomes=[DONE]), "audit_log_by_occurred_at"),
    "mutations": (Criteria(kinds=[MUTATION]), "audit_log_by_occurred_at"),
    "mutations that an actor did": (Criteria(kinds=[MUTATION], actors=["a"], outcomes=[DONE]), "audit_log_by_actor"),
    "everything at once": (
        Criteria(
            correlation_id="c", entity_id="j", entity_type="job", codes=["X"], outcomes=[FAILED], kinds=[COMMAND],
            actors=["a"], names=["n"], **PERIOD,
        ),
        "audit_log_by_correlation_id",
    ),
    "of very many actors": (Criteria(actors=[f"worker-{n}" for n in range(33)]), "audit_log_by_occurred_at"),
}  # fmt: skip


class Explaining:
    """A snapshot that notes the plan of each query that goes through it."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.plan: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._snapshot, name)

    def rows(self, sql: str, params: Any) -> list[Any]:
        self.plan += [detail for _, _, _, detail in self._snapshot.rows(f"EXPLAIN QUERY PLAN {sql}", params)]
        return self._snapshot.rows(sql, params)

    def records(self, record_class: Callable[..., Any], sql: str, params: Any) -> list[Any]:
        return [record_class(*row) for row in self.rows(sql, params)]


@pytest.fixture(scope="module")
def store(template: Path, tmp_path_factory: pytest.TempPathFactory):
    """A store with a few entries, for all of these tests."""
    with open_test_store(copy_template(template, tmp_path_factory.mktemp("plans") / "store")) as opened:
        record_many(opened, 3)
        yield opened


@pytest.fixture(scope="module")
def cursors(store) -> dict[AuditOrder, str]:
    """A cursor of each order."""
    ask = "query ($order: AuditOrder!) { auditLog(orderBy: $order, first: 1) { pageInfo { endCursor } } }"
    answers = {order: store.graphql(ask, {"order": order.name}) for order in AuditOrder}
    return {order: answer["data"]["auditLog"]["pageInfo"]["endCursor"] for order, answer in answers.items()}


def plan_of_page(store, criteria: Criteria, order_by: AuditOrder, after: str | None) -> list[str]:
    def run(snapshot: Snapshot) -> list[str]:
        explaining: Any = Explaining(snapshot)
        page_of_entries(explaining, criteria, order_by, first=1, after=after, last=None, before=None)
        return explaining.plan

    return store.read(run)


@pytest.mark.parametrize("name", IN_ORDER)
def test_a_page_of_these_is_read_from_an_index_in_its_order(store, cursors, name) -> None:
    criteria, index = IN_ORDER[name]
    for order in BY_TIME:
        for after in (None, cursors[order]):
            plan = plan_of_page(store, criteria, order, after)

            reads = [line for line in plan if "audit_log" in line]
            assert reads, plan
            assert all(f"USING INDEX {index}" in line for line in reads), plan
            assert not any("TEMP B-TREE" in line for line in plan), plan
            if after is not None:
                assert all(line.startswith("SEARCH") and "occurred_at" in line for line in reads), plan
            elif index != "audit_log_by_occurred_at":
                assert all(line.startswith("SEARCH") for line in reads), plan


@pytest.mark.parametrize("name", IN_ORDER)
def test_a_page_by_number_is_a_walk_through_the_log(store, cursors, name) -> None:
    for order in BY_NUMBER:
        assert plan_of_page(store, IN_ORDER[name][0], order, None) == ["SCAN audit_log"]
        plan = plan_of_page(store, IN_ORDER[name][0], order, cursors[order])
        assert len(plan) == 1
        assert plan[0].startswith("SEARCH audit_log USING INTEGER PRIMARY KEY (rowid")
