"""What the tests of deliveries do: make targets, let things happen, send."""

from __future__ import annotations

from typing import Any

from plugins.deliveries.receivers import SECRET
from synthetic import EventType, Store, Transaction
from synthetic.testing import ManualClock, expect_data
from synthetic_constructs.events import CONSTRUCT_SAVED
from synthetic_deliveries.model import Criteria, Delivery, DeliveryTarget
from synthetic_deliveries.services import gather, sending
from synthetic_deliveries.store import TargetContent, get_target, query_deliveries, save_target

STATUS = "query { syncStatus { module status error { code } } }"


class Deliveries:
    """A store, and its deliveries by hand."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.store = store
        self.clock = clock

    def target(self, url: str, id: str = "target", **content: Any) -> DeliveryTarget:
        """A target that wants to be told of constructs."""
        given: dict[str, Any] = {
            "name": id, "url": url, "secret": SECRET, "allow_private": True, "event_types": ["construct.*"], **content
        }  # fmt: skip
        return self.store.write(lambda tx: save_target(tx, TargetContent(**given), target_id=id)).target

    def change(self, id: str = "target", **content: Any) -> DeliveryTarget:
        version = self.now(id).version
        return self.store.write(
            lambda tx: save_target(tx, TargetContent(**content), target_id=id, if_version=version)
        ).target

    def now(self, id: str = "target") -> DeliveryTarget:
        return self.store.read(get_target, id)

    def happen(
        self, *entity_ids: str, event_type: EventType = CONSTRUCT_SAVED, construct_id: str | None = None
    ) -> None:
        """Something happens to each of these, in this order."""

        def emit(tx: Transaction) -> None:
            for number, entity_id in enumerate(entity_ids):
                tx.emit(event_type, entity_id, construct_id=construct_id, payload={"number": number})

        self.store.write(emit)

    def deliver(self) -> int:
        """Take up what has happened, and send what is due; how many attempts were made."""
        while gather(self.store):
            pass
        return self.send()

    def send(self) -> int:
        """Send what is due; how many attempts were made."""
        with sending() as send:
            return send(self.store)

    def listed(self, **criteria: Any) -> list[Delivery]:
        """The deliveries, the first taken up first."""
        found = self.store.read(lambda snapshot: query_deliveries(snapshot, Criteria(**criteria), first=100))
        return [edge.node for edge in reversed(found.edges)]

    def one(self) -> Delivery:
        (delivery,) = self.listed()
        return delivery

    def sync_status(self) -> dict[str, Any]:
        modules = expect_data(self.store.graphql(STATUS))["syncStatus"]
        return next(each for each in modules if each["module"] == "deliveries")
