"""What each filter finds, against looking at every entry, page by page and in both directions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from example_counts import examples
from plugins.audit.damaging import operation, record
from synthetic import OperationKind, OperationOutcome, Store
from synthetic.testing import copy_template, expect_data, expect_error, open_test_store
from synthetic_audit.enums import AuditOrder
from synthetic_audit.store.filters import MERGED_MAX, VALUES_MAX

START = 1_800_000_000_000
COUNT = 60
CODES = [None, None, "CONFLICT", "NOT_FOUND", None, "FORBIDDEN", None]
LIST = """
query ($filter: AuditFilter, $orderBy: AuditOrder! = OCCURRED_AT_DESC,
       $first: Int, $after: String, $last: Int, $before: String) {
  auditLog(filter: $filter, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
    totalCount
    nodes { seq }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""


def entries() -> list[Any]:
    """Operations of all sorts; the clock goes back now and then, and stands still often."""
    made = []
    for number in range(COUNT):
        code = CODES[number % len(CODES)]
        refused = OperationOutcome.REFUSED if code == "FORBIDDEN" else OperationOutcome.FAILED
        made.append(
            operation(
                number,
                START + 1_000 * (number // 3) - (30_000 if number % 17 == 0 else 0),
                kind=list(OperationKind)[number % 5 % 3],
                actor=f"worker-{number % 4}",
                entity_type=[None, "job", "construct"][number % 3],
                entity_id=[None, f"e-{number % 5}"][number % 2],
                outcome=refused if code else OperationOutcome.DONE,
                code=code,
                correlation_id=f"request-{number // 2}",
            )
        )
    return made


OPERATIONS = list(enumerate(entries(), start=1))


@pytest.fixture(scope="module")
def filled(template: Path, tmp_path_factory: pytest.TempPathFactory):
    """A store with these entries."""
    with open_test_store(copy_template(template, tmp_path_factory.mktemp("filters") / "store")) as store:
        record(store, *(each for _, each in OPERATIONS))
        yield store


def several(values: list[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), max_size=4)


INSTANTS = st.integers(min_value=-35, max_value=25).map(lambda seconds: START + 1_000 * seconds)
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "actor": several([f"worker-{n}" for n in range(5)])
        | st.just([f"worker-{number}" for number in range(MERGED_MAX + 1)]),
        "kind": several(list(OperationKind)),
        "name": several(["saveJob", "saveConstruct", "other"]),
        "entityType": st.sampled_from(["job", "construct", "other"]),
        "entityId": st.sampled_from([f"e-{n}" for n in range(6)]),
        "outcome": several(list(OperationOutcome)),
        "code": several(["CONFLICT", "NOT_FOUND", "OTHER"]),
        "correlationId": st.sampled_from(["request-0", "request-7", "request-99"]),
        "occurredFrom": INSTANTS,
        "occurredBefore": INSTANTS,
    },
).map(lambda asked: asked if "entityId" in asked else {name: asked[name] for name in asked if name != "entityType"})


def meets(each: Any, asked: dict[str, Any]) -> bool:
    plain = {
        "actor": each.actor, "kind": each.kind, "name": each.name, "entityType": each.entity_type,
        "entityId": each.entity_id, "outcome": each.outcome, "code": each.code, "correlationId": each.correlation_id,
    }  # fmt: skip
    for name, value in asked.items():
        if name == "occurredFrom":
            if each.occurred_at < value:
                return False
        elif name == "occurredBefore":
            if each.occurred_at >= value:
                return False
        elif plain[name] not in value if isinstance(value, list) else plain[name] != value:
            return False
    return True


def walk(store: Store, *, forward: bool, size: int, **asked: Any) -> tuple[list[int], int]:
    """All numbers of a list, page by page, and how many the list says it has."""
    found: list[int] = []
    cursor = None
    while True:
        window = {"first": size, "after": cursor} if forward else {"last": size, "before": cursor}
        page = expect_data(store.graphql(LIST, {**asked, **window}))["auditLog"]
        numbers = [node["seq"] for node in page["nodes"]]
        found = [*found, *numbers] if forward else [*numbers, *found]
        if not page["pageInfo"]["hasNextPage" if forward else "hasPreviousPage"]:
            return found, page["totalCount"]
        cursor = page["pageInfo"]["endCursor" if forward else "startCursor"]


@settings(max_examples=examples(40), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(asked=FILTERS, order=st.sampled_from(AuditOrder), forward=st.booleans(), size=st.sampled_from([3, 20]))
def test_pages_of_any_filter_in_any_order_are_what_looking_at_every_entry_finds(
    filled: Store, asked: dict[str, Any], order: AuditOrder, forward: bool, size: int
) -> None:
    found = [(each.occurred_at, seq) for seq, each in OPERATIONS if meets(each, asked)]
    if order.value.startswith("seq"):
        found = [(0, seq) for _, seq in found]
    expected = [seq for _, seq in sorted(found, reverse=order.value.endswith("desc"))]
    sent = {
        name: _iso(value)
        if name.startswith("occurred")
        else list(map(str, value))
        if isinstance(value, list)
        else value
        for name, value in asked.items()
    }

    numbers, count = walk(filled, forward=forward, size=size, filter=sent, orderBy=order.name)

    assert numbers == expected
    assert count == len(expected)


def _iso(at: int) -> str:
    from synthetic import iso_from_ms

    return iso_from_ms(at)


def test_no_entry_meets_a_filter_that_names_no_value(filled):
    assert walk(filled, forward=True, size=20, filter={"actor": []}) == ([], 0)


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"actor": [""]}, "filter.actor"),
        ({"name": ["a\0b"]}, "filter.name"),
        ({"code": ["x"] * (VALUES_MAX + 1)}, "filter.code"),
        ({"entityId": ""}, "filter.entityId"),
        ({"entityType": "job"}, "filter.entityType"),
        ({"correlationId": "x" * 2_000}, "filter.correlationId"),
    ],
)
def test_a_filter_that_is_not_acceptable_is_refused(filled, sent, field):
    error = expect_error(filled.graphql(LIST, {"filter": sent}), "BAD_USER_INPUT")

    assert error["extensions"]["details"]["field"] == field
