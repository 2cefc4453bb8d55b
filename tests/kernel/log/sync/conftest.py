from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from synthetic.clock import SystemClock
from synthetic.log.sync.statuses import get_status
from synthetic.testing import ManualClock, expect_data, expect_error, open_test_store

STATUS = "status { module status staleReasons { reason } actions requested failures cursor }"


def outside_modules(store, arguments: str = "") -> list[str]:
    """The names of the outside modules that a query lists, in its order; consumers of plugins are there besides."""
    listed = expect_data(store.graphql(f"{{ syncStatus{arguments} {{ module kind }} }}"))["syncStatus"]
    return [each["module"] for each in listed if each["kind"] == "OUTSIDE"]


class Desk:
    """A store whose clock stands still, and short ways to report to it."""

    def __init__(self, store, clock: ManualClock) -> None:
        self.store = store
        self.clock = clock

    def report(self, module: str = "mirror", outcome: str = "SUCCEEDED", **fields: Any) -> dict[str, Any]:
        """The payload of a report."""
        return expect_data(self._send("reportSync", module=module, outcome=outcome, **fields))["reportSync"]

    def refuse_report(self, code: str, module: str = "mirror", outcome: str = "SUCCEEDED", **fields: Any):
        """The error of a report that must be refused."""
        return expect_error(self._send("reportSync", module=module, outcome=outcome, **fields), code)

    def request(self, action: str, module: str = "mirror") -> dict[str, Any]:
        """The status after a request."""
        answer = self._send("requestResync", module=module, action=action)
        return expect_data(answer)["requestResync"]["status"]

    def refuse_request(self, code: str, action: str, module: str = "mirror"):
        """The error of a request that must be refused."""
        return expect_error(self._send("requestResync", module=module, action=action), code)

    def status(self, module: str = "mirror"):
        """How a module fares."""
        return self.store.read(get_status, module)

    def outside(self, arguments: str = "") -> list[str]:
        """The names of the outside modules that a query lists."""
        return outside_modules(self.store, arguments)

    def attempts(self, module: str = "mirror", first: int = 100) -> list[dict[str, Any]]:
        """The last attempts of a module."""
        query = """query($module: String, $first: Int!) { syncStatus(module: $module) {
            attempts(first: $first) { id outcome startedAt endedAt units runs cursor error { code } } } }"""
        (found,) = expect_data(self.store.graphql(query, {"module": module, "first": first}))["syncStatus"]
        return found["attempts"]

    def events(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Type, module and payload of all that the log says of sync state."""
        nodes = expect_data(self.store.graphql("{ events { nodes { type entityId payload } } }"))["events"]["nodes"]
        return [(each["type"], each["entityId"], each["payload"]) for each in nodes if each["type"].startswith("sync.")]

    def changes(self, module: str = "mirror") -> list[str]:
        """The statuses that a module was published to have, in order."""
        changed = [event for event in self.events() if event[:2] == ("sync.status_changed", module)]
        return [payload["status"] for _, _, payload in changed]

    def _send(self, mutation: str, **fields: Any) -> dict[str, Any]:
        kind = mutation[0].upper() + mutation[1:] + "Input!"
        also = "attemptId requested" if mutation == "reportSync" else ""
        text = f"mutation($input: {kind}) {{ {mutation}(input: $input) {{ {also} {STATUS} }} }}"
        return self.store.graphql(text, {"input": fields})


@pytest.fixture
def desk(data_dir) -> Iterator[Desk]:
    clock = ManualClock(monotonic=SystemClock())
    with open_test_store(data_dir, clock=clock) as store:
        yield Desk(store, clock)


CONSUMER = "projections.activity"
"""A consumer that is loaded in these stores; no server runs it here."""


def put_consumer(store, name: str = CONSUMER, **columns: Any) -> None:
    """Make the row of a consumer what its runner would have made it; without a value, all is well."""
    row = {
        "name": name, "kind": "FOLD", "types": '["construct.saved"]', "tables": "[]", "fingerprint": "f", "position": 0,
        "phase": "FOLLOWING", "set_aside": 0, "updated_at": 0, "last_attempt_at": 1, "last_success_at": 1, **columns,
    }  # fmt: skip

    def write(tx) -> None:
        names = ", ".join(row)
        tx.execute("DELETE FROM consumers WHERE name = :name", {"name": name})
        tx.execute(f"INSERT INTO consumers ({names}) VALUES ({', '.join(f':{each}' for each in row)})", row)

    store.write(write)


ERROR_TEXT = (
    '{"code": "INTERNAL", "message": "A bug.", "recoverable": false, "retryAfterMs": null, "action": "Mend it.",'
    ' "details": {}, "correlationId": "c", "occurredAt": "2027-01-15T08:00:00.000Z"}'
)
"""An error of the contract, as a consumer's runner stores it."""
