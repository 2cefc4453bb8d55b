"""`integrity` over GraphQL: the light checks, and what they find in the words of the error contract."""

from __future__ import annotations

from kernel.checks.kit import spoil
from synthetic.testing import expect_data, expect_error

INTEGRITY = """query($checks: [String!]) {
    integrity(checks: $checks) {
        status checkedAt
        checks {
            name purpose status hasMore ms
            findings {
                entityType entityId code message recoverable retryAfterMs action details correlationId occurredAt
            }
            reason { code }
        }
    }
}"""


def test_a_sound_store_has_passed(store):
    answer = expect_data(store.graphql(INTEGRITY))["integrity"]
    assert answer["status"] == "PASSED"
    names = [each["name"] for each in answer["checks"]]
    assert {"kernel.readable", "kernel.migrations", "kernel.log_ends", "jobs.running"} <= set(names)
    assert "kernel.pages" not in names


def test_what_was_found_has_the_shape_of_an_error(store):
    spoil(store, "UPDATE meta SET value = 'none' WHERE key = 'epoch'")
    answer = expect_data(store.graphql(INTEGRITY, {"checks": ["kernel.log_ends"]}))["integrity"]
    assert answer["status"] == "FAILED"
    _, check = answer["checks"]
    (finding,) = check["findings"]
    assert (finding["code"], finding["entityType"], finding["recoverable"]) == ("CHECK_FAILED", "log", False)
    assert finding["details"] == {"epoch": "none"}
    assert finding["occurredAt"] == answer["checkedAt"]
    assert finding["correlationId"]


def test_only_light_checks_can_be_asked_for(store):
    for name in ("kernel.pages", "kernel.nothing"):
        error = expect_error(store.graphql(INTEGRITY, {"checks": [name]}), "BAD_USER_INPUT")
        assert error["extensions"]["details"]["field"] == "checks"
