"""`synthetic deliveries`: what is posted to whom."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from synthetic import Snapshot, from_json, iso_from_ms
from synthetic.cli import DataOption, JsonOption, emit, instant_of, open_store, show
from synthetic_deliveries.model import Criteria, Delivery, DeliveryStatus, DeliveryTarget, previous_secrets_of
from synthetic_deliveries.store import (
    TargetContent,
    delete_target,
    get_target,
    list_targets,
    query_deliveries,
    request_test,
    resend_deliveries,
    resend_delivery,
    rotate_secret,
    save_target,
)

ENTITY = "delivery_target"
HOUR_MS = 3_600_000

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="Id of the target.", show_default=False)]
DeliveryArgument = Annotated[str, typer.Argument(metavar="ID", help="Id of the delivery.", show_default=False)]
UrlArgument = Annotated[str, typer.Argument(metavar="URL", help="Where to post.", show_default=False)]
NameOption = Annotated[str, typer.Option("--name", help="For people.", show_default=False)]
NewIdOption = Annotated[str | None, typer.Option("--id", help="Its id; a new one without it.")]
TypeOption = Annotated[
    list[str] | None, typer.Option("--type", metavar="TYPE", help="Only such events, as `job.*`. May be repeated.")
]
ConstructOption = Annotated[
    list[str] | None, typer.Option("--construct", metavar="ID", help="Only events of this construct. May be repeated.")
]
PrivateOption = Annotated[
    bool, typer.Option("--allow-private", help="The receiver may have a private or loopback address.")
]
StatusOption = Annotated[
    list[DeliveryStatus] | None,
    typer.Option("--status", case_sensitive=False, help="Only deliveries in this status. May be repeated."),
]
TargetOption = Annotated[str | None, typer.Option("--target", metavar="ID", help="Only those to this target.")]
EventOption = Annotated[str | None, typer.Option("--event", metavar="ID", help="Only those that tell this event.")]
OfConstructOption = Annotated[
    str | None, typer.Option("--construct", metavar="ID", help="Only those of events of this construct.")
]
SinceOption = Annotated[
    str | None,
    typer.Option("--since", metavar="WHEN", help="Only what has failed since: 2h (ago), or an instant in ISO 8601."),
]
BeforeOption = Annotated[
    str | None, typer.Option("--before", metavar="WHEN", help="Only what has failed before: 7d (ago), or an instant.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only count them.")]
VersionOption = Annotated[
    int | None, typer.Option("--if-version", metavar="N", help="Only if the target is stored as this version.")
]
KeepOption = Annotated[
    int | None,
    typer.Option(
        "--keep-hours",
        metavar="N",
        help="How long requests are signed with the present secret too; 0: it ends at once.",
        min=0,
        max=720,
    ),
]
LimitOption = Annotated[int, typer.Option("--limit", help="How many at most.", min=1, max=1_000)]


def list_(
    status: StatusOption = None,
    target: TargetOption = None,
    limit: LimitOption = 50,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List deliveries, the last taken up first."""
    criteria = Criteria(statuses=status or None, target_id=target)

    def read(snapshot: Snapshot) -> list[Delivery]:
        return [edge.node for edge in query_deliveries(snapshot, criteria, first=limit).edges]

    with open_store(data) as store:
        found = store.read(read)
    emit([_delivery_as_json(each) for each in found], as_json)


def resend(id: DeliveryArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Send once more what has arrived or failed, under the same webhook id."""
    with open_store(data) as store:
        again = store.operation(entity_type="delivery", entity_id=id).write(resend_delivery, id)
    emit(_delivery_as_json(again), as_json)


def resend_failed(
    target: TargetOption = None,
    event: EventOption = None,
    construct: OfConstructOption = None,
    since: SinceOption = None,
    before: BeforeOption = None,
    dry_run: DryRunOption = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send once more all that has failed for good, of one target or since some time; what has arrived is left alone."""
    criteria = Criteria(
        target_id=target,
        statuses=(DeliveryStatus.FAILED,),
        event_id=event,
        construct_id=construct,
        ended_from=instant_of(since, "--since"),
        ended_before=instant_of(before, "--before"),
    )
    with open_store(data) as store:
        if dry_run:
            done = resend_deliveries(store, criteria, dry_run=True)
        else:
            with store.operation(entity_type="delivery") as operation:
                done = resend_deliveries(store, criteria)
                operation.details["resent"] = done.resent
    if as_json:
        emit({**done._asdict(), "dryRun": dry_run}, as_json)
    elif dry_run:
        show(f"{done.matched:,}{'' if done.complete else ' or more'} would be sent again. Nothing was changed.")
    else:
        show(f"{done.resent:,} are sent again." + ("" if done.complete else " There are more: run it again."))


def list_targets_(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List where events are posted to, and how that goes."""
    with open_store(data) as store:
        found = store.read(list_targets)
    emit([_target_as_json(each) for each in found], as_json)


def add(
    url: UrlArgument,
    name: NameOption,
    id: NewIdOption = None,
    type: TypeOption = None,
    construct: ConstructOption = None,
    allow_private: PrivateOption = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have events posted to a URL from now on; its secret is shown this once."""
    content = TargetContent(
        name=name,
        url=url,
        event_types=list(type or ()),
        construct_ids=list(construct or ()),
        allow_private=allow_private,
    )
    with open_store(data) as store, store.operation(entity_type=ENTITY, entity_id=id) as operation:
        saved = operation.write(lambda tx: save_target(tx, content, target_id=id))
    emit({**_target_as_json(saved.target), "secret": saved.made_secret}, as_json)


def enable(id: IdArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Tell a target of events again, from now on; one that fails is tried at once."""
    _switch(id, data, enabled=True, as_json=as_json)


def disable(id: IdArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Post nothing to a target any more; what waits for it is kept."""
    _switch(id, data, enabled=False, as_json=as_json)


def try_(id: IdArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Have something posted to a target by the server that runs; `list --target` shows what became of it."""
    with open_store(data) as store:
        target = store.operation(entity_type=ENTITY, entity_id=id).write(request_test, id)
    emit(_target_as_json(target), as_json)


def rotate(
    id: IdArgument,
    keep_hours: KeepOption = None,
    if_version: VersionOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a target another secret, which is shown this once; for a while the old one signs too."""
    keep_ms = None if keep_hours is None else keep_hours * HOUR_MS
    with open_store(data) as store:
        rotated = store.operation(entity_type=ENTITY, entity_id=id).write(
            lambda tx: rotate_secret(tx, id, keep_previous_ms=keep_ms, if_version=if_version)
        )
    emit({**_target_as_json(rotated.target), "secret": rotated.made_secret}, as_json)


def delete(id: IdArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Delete a target and all its deliveries, also those that are still to be sent."""
    with open_store(data) as store, store.operation(entity_type=ENTITY, entity_id=id):
        deleted = delete_target(store, id)
    emit({"deleted": deleted.id}, as_json)


def _switch(id: str, data: DataOption, *, enabled: bool, as_json: bool) -> None:
    with open_store(data) as store:
        saved = store.operation(entity_type=ENTITY, entity_id=id, details={"enabled": enabled}).write(
            lambda tx: save_target(
                tx, TargetContent(enabled=enabled), target_id=id, if_version=get_target(tx, id).version
            )
        )
    emit(_target_as_json(saved.target), as_json)


def _target_as_json(target: DeliveryTarget) -> dict[str, Any]:
    """A target without its secret, with the names of the GraphQL type."""
    return {
        "id": target.id,
        "name": target.name,
        "url": target.url,
        "eventTypes": from_json(target.event_types),
        "constructIds": from_json(target.construct_ids),
        "allowPrivate": bool(target.allow_private),
        "enabled": bool(target.enabled),
        "disabledReason": target.disabled_reason,
        "circuit": "CLOSED" if target.opened_at is None else "OPEN",
        "failures": target.failures,
        "lastSuccessAt": _instant(target.last_success_at),
        "lastError": None if target.last_error is None else from_json(target.last_error)["message"],
        "previousSecretUntilAt": _instant(max((each.until_at for each in previous_secrets_of(target)), default=None)),
        "version": target.version,
    }


def _delivery_as_json(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "targetId": delivery.target_id,
        "eventType": delivery.event_type,
        "entityType": delivery.entity_type,
        "entityId": delivery.entity_id,
        "status": delivery.status,
        "attempts": delivery.attempts,
        "nextAttemptAt": _instant(delivery.next_attempt_at),
        "lastStatusCode": delivery.last_status_code,
        "lastError": None if delivery.last_error is None else from_json(delivery.last_error)["message"],
        "createdAt": _instant(delivery.created_at),
        "endedAt": _instant(delivery.ended_at),
        "arrivedAs": delivery.arrived_as,
    }


def _instant(at: int | None) -> str | None:
    return None if at is None else iso_from_ms(at)
