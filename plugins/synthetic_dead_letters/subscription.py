"""Root subscription field: `deadLetters`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Annotated, Any, Self

import strawberry

from synthetic import AfterPosition, Asked, Event, Live, Position, Snapshot, batched, check_id, subscription
from synthetic_dead_letters.enums import DeadLetterStatus, DeadLetterUpdateType
from synthetic_dead_letters.events import DEAD_LETTER_DELETED, LETTER_EVENTS
from synthetic_dead_letters.store.filters import check_values
from synthetic_dead_letters.types import DeadLetter, find_dead_letter_nodes


@strawberry.input(description="Which updates are meant: all that is said here must hold for the dead letter.")
class DeadLetterUpdateFilter:
    """The filter of the subscription `deadLetters`."""

    ids: list[strawberry.ID] | None = strawberry.field(default=None, description="The letter is one of these.")
    sources: list[str] | None = strawberry.field(default=None, description="Its source is one of these.")
    codes: list[str] | None = strawberry.field(default=None, description="The code of its error is one of these.")
    fingerprints: list[str] | None = strawberry.field(default=None, description="Its fingerprint is one of these.")
    construct_id: strawberry.ID | None = strawberry.field(default=None, description="It belongs to this construct.")

    def matcher(self) -> Callable[[Event], bool]:
        """A function that says of an event whether it is wanted, the construct apart.

        Raises:
            BadUserInputError: A value is not acceptable, or they are too many.
        """
        ids = None if self.ids is None else frozenset(check_values(self.ids, "filter.ids"))
        among = [
            (key, frozenset(check_values(values, f"filter.{field}")))
            for key, field, values in (
                ("source", "sources", self.sources),
                ("code", "codes", self.codes),
                ("fingerprint", "fingerprints", self.fingerprints),
            )
            if values is not None
        ]

        def matches(event: Event) -> bool:
            if ids is not None and event.entity_id not in ids:
                return False
            if event.type == DEAD_LETTER_DELETED.name:
                return True
            payload = event.data()
            return all(payload[key] in values for key, values in among)

        return matches


@strawberry.type(description="Something that happened to a dead letter.")
class DeadLetterUpdate:
    """What an event of a letter tells; the letter itself is read when it is selected."""

    position: Position = strawberry.field(description="Where to go on from, for whoever has seen this update.")
    dead_letter_id: strawberry.ID = strawberry.field(description="Id of the dead letter.")
    type: DeadLetterUpdateType = strawberry.field(description="What happened.")
    status: DeadLetterStatus | None = strawberry.field(
        description="Its status as of this update; null when it was deleted."
    )
    source: str | None = strawberry.field(description="Where it comes from; null when it was deleted.")
    code: str | None = strawberry.field(description="The code of its error; null when it was deleted.")

    @classmethod
    def of(cls, event: Event, position: Position) -> Self:
        """The object of an event."""
        payload: dict[str, Any] = event.data()
        status = payload.get("status")
        return cls(
            position=position,
            dead_letter_id=strawberry.ID(event.entity_id),
            type=DeadLetterUpdateType(event.type),
            status=None if status is None else DeadLetterStatus(status),
            source=payload.get("source"),
            code=payload.get("code"),
        )

    @batched(needs=("dead_letter_id",))
    @staticmethod
    def dead_letter(snapshot: Snapshot, parents: "Sequence[DeadLetterUpdate]", asked: Asked) -> list[DeadLetter | None]:
        """The letter as it is now, which may be later than this update; null when it is deleted by now."""
        return find_dead_letter_nodes(snapshot, [parent.dead_letter_id for parent in parents], asked)


@subscription(graphql_name="deadLetters")
async def dead_letter_updates(
    live: Live,
    after: AfterPosition = None,
    filter: Annotated[DeadLetterUpdateFilter | None, strawberry.argument(description="Which; all without it.")] = None,
) -> AsyncGenerator[DeadLetterUpdate]:
    """What fails for good and what becomes of it, each update once and in order; deadLetter is read as it is now.

    A deletion is delivered whatever the filter says of sources, codes and
    fingerprints: its event does not tell them.
    """
    wanted = DeadLetterUpdateFilter() if filter is None else filter
    matches = wanted.matcher()
    construct_id = None if wanted.construct_id is None else check_id(wanted.construct_id, "filter.constructId")
    only_id = wanted.ids[0] if wanted.ids is not None and len(wanted.ids) == 1 else None
    async with aclosing(live.follow(after, LETTER_EVENTS, entity_id=only_id, construct_id=construct_id)) as events:
        async for event in events:
            if matches(event):
                yield DeadLetterUpdate.of(event, live.at(event))
