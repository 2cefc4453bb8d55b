"""`RefusalReaction`: what plugins hand to the kernel with `register_refusal_reactions`, and what it is told.

A consumer refuses an event that its code cannot take in. It then stops at the
event, or goes on without it; in the end the event is taken in after all, or
what the consumer holds is made anew without its help.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from synthetic.contributions import require, require_sentence

if TYPE_CHECKING:
    from synthetic.database.transaction import Transaction


class Refusal(NamedTuple):
    """Something that a consumer could not take in.

    Attributes:
        consumer: As `plugin.name`.
        position: Of the event; 0 for an entity that a mirror came upon while it scanned.
        entity_type: Of what the event is about.
        entity_id: Which of them.
        event_id: Of the event, if it is one.
        error: Why: JSON of the error contract.
        refused_at: Unix milliseconds.
        is_set_aside: Whether the consumer went on without it; else it stopped there.
    """

    consumer: str
    position: int
    entity_type: str
    entity_id: str
    event_id: str | None
    error: str
    refused_at: int
    is_set_aside: bool

    @property
    def key(self) -> str:
        """What names it within the store: the same event is refused by a consumer under one key, however often."""
        return refusal_key(self.consumer, self.position, self.entity_type, self.entity_id)


class Settlement(NamedTuple):
    """That what a consumer refused is not missing any more.

    Attributes:
        consumer: As `plugin.name`.
        key: Of the one refusal that is meant; None: of all.
        refused_before: Only those that were refused last before this instant, Unix milliseconds; None: whenever.
        is_forgotten: The consumer itself is no more.
    """

    consumer: str
    key: str | None = None
    refused_before: int | None = None
    is_forgotten: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalReaction:
    """What is done in the transactions in which consumers refuse events, and take them in after all.

    Attributes:
        purpose: One sentence.
        refused: Is told of each refusal; of the same one again when it is tried again in vain.
        settled: Is told when refusals are none any more.
    """

    purpose: str
    refused: Callable[[Transaction, Refusal], None]
    settled: Callable[[Transaction, Settlement], None]

    def __post_init__(self) -> None:
        require_sentence(self.purpose, "purpose of a reaction to refusals")
        require(callable(self.refused) and callable(self.settled), "refused and settled must be functions")


def refusal_key(consumer: str, position: int, entity_type: str, entity_id: str) -> str:
    """The key of a refusal: by the position of the event, or by the entity that a scan came upon."""
    return f"{consumer}@{position}" if position else f"{consumer}@{entity_type}/{entity_id}"
