"""The rows of `delivery_targets`: finding, saving, testing and deleting them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from synthetic import (
    BlockingStore,
    ConflictError,
    NotFoundError,
    Snapshot,
    Transaction,
    bad_input,
    changed_fields,
    check_id,
    delete_owned,
    find_changes,
    to_json,
)
from synthetic_deliveries.events import TARGET_SAVED, TARGET_TESTED
from synthetic_deliveries.model import FIELDS, DeliveryTarget, SavedTarget
from synthetic_deliveries.settings import DeliverySettings
from synthetic_deliveries.signing import check_secret, make_secret
from synthetic_deliveries.store.circuits import close_circuit
from synthetic_deliveries.store.deliveries import start_waiting
from synthetic_deliveries.store.reports import COLUMNS, report_state
from synthetic_deliveries.target_checks import check_types, check_url

TABLE = "delivery_targets"
CONSTRUCTS_MAX = 100
LISTED_MAX = 1_000

_SELECT = f"SELECT {COLUMNS} FROM {TABLE}"
_INSERT = f"INSERT INTO {TABLE} ({COLUMNS}) VALUES ({', '.join(f':{name}' for name in DeliveryTarget._fields)})"
_UNCHANGING = {"id", "created_at"}
_UPDATE = (
    f"UPDATE {TABLE} SET {', '.join(f'{name} = :{name}' for name in DeliveryTarget._fields if name not in _UNCHANGING)}"
    " WHERE id = :id"
)


class TargetContent(TypedDict, total=False):
    """What a sender gives of a target; what is left out stays as it is.

    Attributes:
        name: For people.
        url: Where is posted to.
        secret: `whsec_` and Base64.
        event_types: Types, or beginnings such as `job.*`; empty: all.
        construct_ids: Ids of constructs; empty: all events.
        allow_private: Whether the receiver may have a private or loopback address.
        enabled: Whether it is told of events.
    """

    name: str
    url: str
    secret: str
    event_types: list[str]
    construct_ids: list[str]
    allow_private: bool
    enabled: bool


def find_target(snapshot: Snapshot, target_id: str) -> DeliveryTarget | None:
    """The target with this id, or None."""
    return snapshot.record(DeliveryTarget, _SELECT + " WHERE id = :id", {"id": target_id})


def get_target(snapshot: Snapshot, target_id: str, *, field: str = "id") -> DeliveryTarget:
    """The target with this id.

    Raises:
        BadUserInputError: It can be no id.
        NotFoundError: There is none.
    """
    found = find_target(snapshot, check_id(target_id, field))
    if found is None:
        raise NotFoundError(
            f"There is no delivery target with the {field} {target_id!r}.", details={"field": field, "id": target_id}
        )
    return found


def list_targets(snapshot: Snapshot) -> list[DeliveryTarget]:
    """All targets, the first stored first; the settings bound how many there are."""
    return snapshot.records(DeliveryTarget, _SELECT + " ORDER BY created_at, id LIMIT :limit", {"limit": LISTED_MAX})


def save_target(
    tx: Transaction, content: TargetContent, *, target_id: str | None = None, if_version: int | None = None
) -> SavedTarget:
    """Store a target, or change the fields of one that `content` gives.

    A new one is told of what happens from now on; so is one that is enabled
    again, while what waited for it already goes on. Enabling one that is, or
    changing where it leads, closes its circuit.

    Args:
        tx: To write in.
        content: The fields. A new target needs `name` and `url`, gets a secret
            unless it brings one, is enabled and wants all events unless it says otherwise.
        target_id: The caller's id; without it, the target is new and gets a UUIDv7.
        if_version: The version that is to be changed, as the caller read it.

    Raises:
        BadUserInputError: A value is not acceptable, or one is missing.
        ConflictError: There is a target with this id and other content, and `if_version` is not its version; or
            there is none, and `if_version` says so; or there are as many as the settings allow.
    """
    given = _checked(content)
    stored = None if target_id is None else find_target(tx, check_id(target_id, "id"))
    changes = find_changes(stored, given, entity="delivery target", id=target_id, if_version=if_version, fields=FIELDS)
    if stored is None or changes is None:
        return _insert(tx, target_id, given)
    if not changes:
        if given.get("enabled") and stored.opened_at is not None:
            stored = close_circuit(tx, stored)
            report_state(tx)
        return SavedTarget(stored, created=False, changed=False, made_secret=None)
    target = stored._replace(**changes, version=stored.version + 1, updated_at=tx.now)
    if target.enabled and not stored.enabled:
        target = target._replace(disabled_reason=None, followed_position=tx.position().number)
    if "secret" in changes:
        # Whoever sets a secret, and does not rotate it, has a reason to let the old ones end.
        target = target._replace(previous_secrets="[]")
    _check_scheme(target)
    write_target(tx, target)
    if target.enabled and not stored.enabled:
        start_waiting(tx, target.id)
    if target.opened_at is not None and not {"url", "allow_private", "enabled", "secret"}.isdisjoint(changes):
        target = close_circuit(tx, target)
    _tell(tx, stored, target)
    report_state(tx)
    return SavedTarget(target, created=False, changed=True, made_secret=None)


def request_test(tx: Transaction, target_id: str) -> DeliveryTarget:
    """Have an event posted to a target, whatever it wants to be told.

    Returns:
        The target.

    Raises:
        NotFoundError: There is none.
        ConflictError: It is not enabled.
    """
    target = get_target(tx, target_id)
    if not target.enabled:
        raise ConflictError(
            f"The delivery target {target_id!r} is not enabled: nothing is posted to it.",
            action="Enable it first.",
            details={"field": "id", "id": target_id},
        )
    tx.emit(TARGET_TESTED, target.id, payload={"name": target.name})
    return target


def delete_target(store: BlockingStore, target_id: str) -> DeliveryTarget:
    """Delete a target and its deliveries, those that wait too.

    Returns:
        The target as it was.

    Raises:
        NotFoundError: There is none.
    """

    def stop(tx: Transaction) -> DeliveryTarget:
        target = get_target(tx, target_id)
        # Its deliveries go in several transactions: none is to be sent, and none added, between them.
        write_target(tx, target._replace(enabled=0, failures=0, opened_at=None, closed_until_at=None))
        report_state(tx)
        return target

    target = store.write(stop)
    delete_owned(store, TABLE, target_id)
    return target


def write_target(tx: Transaction, target: DeliveryTarget) -> None:
    """Write a target that is there."""
    tx.execute(_UPDATE, target._asdict())


def _insert(tx: Transaction, target_id: str | None, given: Mapping[str, Any]) -> SavedTarget:
    for needed in ("name", "url"):
        if needed not in given:
            raise bad_input(needed, "is needed: the target is new")
    most = tx.settings(DeliverySettings).targets
    if tx.value(f"SELECT count(*) FROM {TABLE}") >= most:
        raise ConflictError(
            f"There are {most} delivery targets already.",
            action="Delete one that is not needed, or raise `plugins.deliveries.targets`.",
            details={"limit": "plugins.deliveries.targets"},
        )
    made = None if "secret" in given else make_secret()
    target = DeliveryTarget(
        id=tx.new_id() if target_id is None else target_id,
        name=given["name"],
        url=given["url"],
        secret=made or given["secret"],
        event_types=given.get("event_types", "[]"),
        construct_ids=given.get("construct_ids", "[]"),
        allow_private=given.get("allow_private", 0),
        enabled=given.get("enabled", 1),
        disabled_reason=None,
        followed_position=tx.position().number,
        failures=0,
        opened_at=None,
        closed_until_at=None,
        last_success_at=None,
        last_error=None,
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
        previous_secrets="[]",
    )
    _check_scheme(target)
    tx.execute(_INSERT, target._asdict())
    _tell(tx, None, target)
    report_state(tx)
    return SavedTarget(target, created=True, changed=True, made_secret=made)


def _checked(content: TargetContent) -> dict[str, Any]:
    """The columns that a sender gives, each acceptable and as it is stored.

    Raises:
        BadUserInputError: A value is not acceptable.
    """
    given: dict[str, Any] = {}
    for name, value in content.items():
        field = FIELDS.get(name, name)
        if value is None:
            raise bad_input(field, "must not be null")
        match name:
            case "name":
                given[name] = check_id(value, field)
            case "url":
                given[name] = check_url(value)
            case "secret":
                given[name] = check_secret(str(value))
            case "event_types":
                given[name] = to_json(check_types(content.get("event_types", [])))
            case "construct_ids":
                ids = content.get("construct_ids", [])
                if len(ids) > CONSTRUCTS_MAX:
                    raise bad_input(field, f"must hold at most {CONSTRUCTS_MAX} ids")
                given[name] = to_json(sorted({check_id(each, field) for each in ids}))
            case _:
                given[name] = int(bool(value))
    return given


def _check_scheme(target: DeliveryTarget) -> None:
    """Refuse to send events over the open network for everybody to read.

    Raises:
        BadUserInputError: The URL begins with http, and the target allows no private addresses.
    """
    if target.url.startswith("http:") and not target.allow_private:
        raise bad_input("url", "must begin with https, unless the target allows private addresses")


def _tell(tx: Transaction, before: DeliveryTarget | None, after: DeliveryTarget) -> None:
    watched = set(TargetContent.__annotations__)
    fields = {name: FIELDS.get(name, name) for name in watched}
    changed = [each for each in changed_fields(before, after, FIELDS) if each in fields.values()]
    tx.emit(
        TARGET_SAVED,
        after.id,
        payload={
            "name": after.name,
            "enabled": bool(after.enabled),
            "created": before is None,
            "changed": changed,
        },
    )
