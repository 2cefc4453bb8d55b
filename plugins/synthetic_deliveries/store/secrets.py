"""Rotating the secret of a target: for a while requests are signed with the old one too.

A receiver that checks signatures as Standard Webhooks describe accepts a
request if one of them is right. So it may learn of the new secret at any time
before the old one ends, and refuses nothing in between.
"""

from __future__ import annotations

from synthetic import ConflictError, Transaction, bad_input, is_clock_believed, iso_from_ms, to_json
from synthetic_deliveries.events import SECRET_ROTATED
from synthetic_deliveries.model import DeliveryTarget, PreviousSecret, SavedTarget, previous_secrets_of
from synthetic_deliveries.settings import DAY_MS, DeliverySettings
from synthetic_deliveries.signing import check_secret, make_secret
from synthetic_deliveries.store.circuits import close_circuit
from synthetic_deliveries.store.reports import COLUMNS, report_state
from synthetic_deliveries.store.targets import get_target, write_target

PREVIOUS_MAX = 3
"""Each makes the header of every request longer, and its signing."""

KEEP_MS_MAX = 30 * DAY_MS


def rotate_secret(
    tx: Transaction,
    target_id: str,
    *,
    secret: str | None = None,
    keep_previous_ms: int | None = None,
    if_version: int | None = None,
) -> SavedTarget:
    """Give a target another secret, and go on signing with those before it for a while.

    Args:
        tx: To write in.
        target_id: The target.
        secret: The new one; None: one is made, and returned this once.
        keep_previous_ms: How long the one in use goes on beside it; 0: it ends at once, and so do those before it.
            None: as the settings say. While the clock is not believed, those before it all go on.
        if_version: The version that is to be changed; None: any.

    Raises:
        BadUserInputError: A value is not acceptable.
        NotFoundError: There is no such target.
        ConflictError: It was changed meanwhile, or too many secrets go on beside the present one.
    """
    target = get_target(tx, target_id)
    if if_version is not None and if_version != target.version:
        raise ConflictError(
            f"The delivery target {target_id!r} is stored as version {target.version}.",
            action="Read the target, and decide by what it says now.",
            details={"field": "ifVersion", "id": target_id, "storedVersion": target.version},
        )
    keep_ms = tx.settings(DeliverySettings).secret_overlap_ms if keep_previous_ms is None else keep_previous_ms
    if not 0 <= keep_ms <= KEEP_MS_MAX:
        raise bad_input("keepPreviousMs", f"must be from 0 to {KEEP_MS_MAX:,}")
    made = make_secret() if secret is None else None
    new = made or check_secret(str(secret))
    if new == target.secret:
        raise bad_input("secret", "must be another one than that which is in use")
    before = _running(target, tx.now) if is_clock_believed(tx) else previous_secrets_of(target)
    kept = [] if keep_ms == 0 else [PreviousSecret(target.secret, tx.now + keep_ms), *before]
    kept = [each for each in kept if each.secret != new]
    _refuse_too_many(target, kept)
    rotated = target._replace(
        secret=new, previous_secrets=_as_json(kept), version=target.version + 1, updated_at=tx.now
    )
    write_target(tx, rotated)
    until_at = None if not kept else iso_from_ms(max(each.until_at for each in kept))
    tx.emit(SECRET_ROTATED, target.id, payload={"name": target.name, "previousUntilAt": until_at})
    if rotated.opened_at is not None:
        rotated = close_circuit(tx, rotated)
        report_state(tx)
    return SavedTarget(rotated, created=False, changed=True, made_secret=made)


def forget_old_secrets(tx: Transaction) -> int:
    """Take from the store what requests need not be signed with any more; how many targets have changed.

    A clock that has jumped ends no secret: a receiver might be left with none that is right.
    """
    targets = tx.records(
        DeliveryTarget, f"SELECT {COLUMNS} FROM delivery_targets WHERE previous_secrets <> '[]' ORDER BY id"
    )
    if not targets or not is_clock_believed(tx):
        return 0
    changed = 0
    for target in targets:
        running = _running(target, tx.now)
        if running != previous_secrets_of(target):
            tx.execute(
                "UPDATE delivery_targets SET previous_secrets = :kept WHERE id = :id",
                {"kept": _as_json(running), "id": target.id},
            )
            changed += 1
    return changed


def _running(target: DeliveryTarget, now: int) -> list[PreviousSecret]:
    """The secrets that go on; one that was kept by a clock far ahead ends as late as one that is kept now could."""
    latest = now + KEEP_MS_MAX
    previous = previous_secrets_of(target)
    return [each._replace(until_at=min(each.until_at, latest)) for each in previous if each.until_at > now]


def _refuse_too_many(target: DeliveryTarget, kept: list[PreviousSecret]) -> None:
    """Refuse to keep more secrets than requests are to be signed with.

    Raises:
        ConflictError: There are.
    """
    if len(kept) > PREVIOUS_MAX:
        raise ConflictError(
            f"Requests to the delivery target {target.id!r} are signed with {PREVIOUS_MAX} earlier secrets already.",
            action=f"Wait until {iso_from_ms(min(each.until_at for each in kept))}, or let them end with"
            " `keepPreviousMs: 0`.",
            details={"field": "id", "id": target.id},
        )


def _as_json(secrets: list[PreviousSecret]) -> str:
    return to_json([{"secret": each.secret, "untilAt": each.until_at} for each in secrets])
