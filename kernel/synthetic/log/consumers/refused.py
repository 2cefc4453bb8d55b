"""What consumers have refused: told to plugins as it happens, and given to a consumer once more."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self, cast

from synthetic.consumer_contributions import Mirror
from synthetic.database.transaction import Transaction
from synthetic.errors import ConflictError, SyntheticError
from synthetic.exits import staying
from synthetic.log.consumers.store import Action, ConsumerRecord, count_set_aside, get_consumer, request_action
from synthetic.log.event_types import SYNC_REQUESTED
from synthetic.plugins.discovery import failure
from synthetic.refusal_contributions import Refusal, RefusalReaction, Settlement

if TYPE_CHECKING:
    from synthetic.contributions import Stamped
    from synthetic.database.surroundings import SettingsLookup
    from synthetic.log.consumers.declared import DeclaredConsumer


class RefusalReactions:
    """All that react to refusals, as a resource of a kernel's transactions."""

    def __init__(
        self, reactions: Sequence[Stamped[RefusalReaction]], consumers: Sequence[DeclaredConsumer] = ()
    ) -> None:
        """Make it.

        Args:
            reactions: Of the plugins, in load order.
            consumers: All that are loaded.
        """
        self.reactions = tuple(reactions)
        self.consumers: Mapping[str, DeclaredConsumer] = {consumer.name: consumer for consumer in consumers}

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """Without a kernel nobody reacts."""
        return cls(())


def tell_refused(tx: Transaction, refusal: Refusal) -> None:
    """Tell the plugins of a refusal, in load order.

    Raises:
        PluginFailedError: One of them failed at that; it is named, since the consumer is another's.
        SyntheticError: The store did.
    """
    for reaction in tx.resource(RefusalReactions).reactions:
        with _named(reaction.plugin):
            reaction.record.refused(tx, refusal)


def tell_settled(tx: Transaction, settlement: Settlement) -> None:
    """Tell the plugins that refusals are none any more, in load order.

    Raises:
        PluginFailedError, SyntheticError: As `tell_refused`.
    """
    for reaction in tx.resource(RefusalReactions).reactions:
        with _named(reaction.plugin):
            reaction.record.settled(tx, settlement)


@contextmanager
def _named(plugin: str) -> Generator[None]:
    """Make an error of a plugin that names it of whatever its reaction raises but the store's own errors."""
    try:
        with staying("it"):
            yield
    except SyntheticError:
        raise
    except Exception as error:
        raise failure(plugin, "its reaction to a refusal failed", error) from error


def retry_refusal(tx: Transaction, refusal: Refusal) -> bool:
    """Give to a consumer once more what it refused.

    A consumer that stands at it is asked to try again. A mirror that went on
    without it reads the entity again at once; a fold takes events in order
    only, so it is asked to rebuild. What comes of what was asked is told as a
    refusal or a settlement.

    Args:
        tx: To write in.
        refusal: What it refused, as it was told.

    Returns:
        Whether it is taken in already.

    Raises:
        NotFoundError: There is no such consumer in this store.
        ConflictError: Its plugin is not loaded, or it can be asked for nothing now.
        Exception: What the code of a mirror raises; nothing was changed then.
    """
    record = get_consumer(tx, refusal.consumer)
    declared = tx.resource(RefusalReactions).consumers.get(record.name)
    if declared is None:
        raise ConflictError(
            f"The plugin of {record.name} is not loaded, so nothing can take the event in.",
            action="Load the plugin, or discard what it refused.",
            details={"module": record.name},
        )
    if record.has_failed_at_event and (record.failed_position or 0) == refusal.position:
        _request(tx, record, "RETRY")
        return False
    if isinstance(declared.record, Mirror):
        _refresh(tx, declared, refusal)
        return True
    if record.phase != "REBUILDING" or (record.rebuild_started_at or 0) <= refusal.refused_at:
        _request(tx, record, "REBUILD")
    return False


def _refresh(tx: Transaction, declared: DeclaredConsumer, refusal: Refusal) -> None:
    """Let a mirror read an entity again, and strike it from what it goes without."""
    entity = refusal.entity_type, refusal.entity_id
    cast("Mirror", declared.record).refresh(tx, [entity])
    tx.execute(
        "DELETE FROM set_aside_events WHERE consumer = :consumer AND position = :position"
        " AND entity_type = :entity_type AND entity_id = :entity_id",
        {
            "consumer": refusal.consumer,
            "position": refusal.position,
            "entity_type": refusal.entity_type,
            "entity_id": refusal.entity_id,
        },
    )
    count_set_aside(tx, refusal.consumer)


def _request(tx: Transaction, record: ConsumerRecord, action: Action) -> None:
    """Ask for an action, unless it was asked for."""
    if record.requested == action:
        return
    request_action(tx, record.name, action)
    tx.emit_as("kernel", SYNC_REQUESTED, record.name, payload={"action": action})
