"""The GraphQL types of dead letters, their groups, sources and redrives, and the field that constructs get."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Sequence
from typing import Annotated, Self

import strawberry

from synthetic import (
    EVERYTHING,
    JSON,
    After,
    Asked,
    Before,
    Column,
    Connection,
    DateTime,
    First,
    FromRecord,
    Last,
    Long,
    Node,
    Order,
    Snapshot,
    batched,
    find_rows,
    from_json,
    ms_from_iso,
    pages,
)
from synthetic_constructs.types import Construct, find_construct_nodes
from synthetic_dead_letters.enums import DeadLetterOrder, DeadLetterStatus, RedriveStatus
from synthetic_dead_letters.inputs import DeadLetterFilter
from synthetic_dead_letters.model import Criteria, LetterGroup
from synthetic_dead_letters.model import DeadLetter as DeadLetterRecord
from synthetic_dead_letters.model import Redrive as RedriveRecord
from synthetic_dead_letters.store.filters import ARRIVED_FIRST, ARRIVED_LAST, select_dead_letters
from synthetic_dead_letters.store.redrives import REDRIVES
from synthetic_dead_letters.store.rows import TABLE

OrderBy = Annotated[DeadLetterOrder, strawberry.argument(description="In which order.")]
Filter = Annotated[DeadLetterFilter | None, strawberry.argument(description="Which; all without it.")]


@strawberry.type(description="Why something failed, in the shape of the error contract.")
class DeadLetterError:
    """The error of a letter's last failure."""

    code: str = strawberry.field(description="A stable text, such as `JOB_FAILED`.")
    message: str = strawberry.field(description="For a person.")
    recoverable: bool = strawberry.field(description="Whether the same may succeed later, unchanged.")
    retry_after_ms: Long | None = strawberry.field(description="How long to wait before that.")
    action: str = strawberry.field(description="What to do about it.")
    details: JSON = strawberry.field(description="What else is known: a JSON object.")
    correlation_id: str = strawberry.field(description="Under which the log tells more.")
    occurred_at: DateTime = strawberry.field(description="When it happened.")

    @classmethod
    def of(cls, text: str) -> Self:
        """The object of what is stored."""
        stored = from_json(text)
        return cls(
            code=stored["code"],
            message=stored["message"],
            recoverable=stored["recoverable"],
            retry_after_ms=stored["retryAfterMs"],
            action=stored["action"],
            details=JSON(stored["details"]),
            correlation_id=stored["correlationId"],
            occurred_at=DateTime(ms_from_iso(stored["occurredAt"])),
        )


@strawberry.type(description="Many dead letters, retried one after the other at a rate, in order for each key.")
class DeadLetterRedrive(Node):
    """A row of `dead_letter_redrives`."""

    id: strawberry.ID = strawberry.field(description="The sender's id, or a UUIDv7.")
    filter: JSON = strawberry.field(description="Which letters, by the names of columns.")
    rate_per_second: float = strawberry.field(description="At most so many retries a second.")
    status: RedriveStatus = strawberry.field(description="Where it stands.")
    matched: int = strawberry.field(description="How many pending letters met the filter at the beginning.")
    retried: int = strawberry.field(description="How many of them were retried so far.")
    failed: int = strawberry.field(description="How many of those failed again at once.")
    created_at: DateTime = strawberry.field(description="When it was asked for.")
    created_by: str = strawberry.field(description="By whom, as the store knows the caller: the name of a token.")
    ended_at: DateTime | None = strawberry.field(description="When it was through, or cancelled.")

    of = FromRecord(RedriveRecord)


@strawberry.type(description="Work that failed for good, and what came of it.")
class DeadLetter(Node):
    """A row of `dead_letters`, and those around it."""

    id: strawberry.ID = strawberry.field(description="The sender's id, or a UUIDv7.")
    seq: Long = strawberry.field(description="Its number in the order of arrival, in which letters of a key go.")
    source: str = strawberry.field(description="Where it comes from; `deadLetterSources` says how those are retried.")
    key: str | None = strawberry.field(description="Letters of one source with the same key are retried in order.")
    construct_id: strawberry.ID | None = strawberry.field(description="Id of the construct that it belongs to.")
    entity_type: str | None = strawberry.field(description="What kind of thing failed, such as `job`.")
    entity_id: str | None = strawberry.field(description="Which one.")
    payload: JSON = strawberry.field(description="What a retry needs.")
    original_payload: JSON | None = strawberry.field(
        description="What that was before it was edited first; null where it was not."
    )
    error: DeadLetterError = strawberry.field(description="Its last failure.")
    code: str = strawberry.field(description="The code of that error.")
    fingerprint: str = strawberry.field(description="The same for letters that failed alike; see `deadLetterGroups`.")
    attempts: int = strawberry.field(description="How often it has failed in all.")
    retries: int = strawberry.field(description="How often it was retried since it is a dead letter.")
    first_failed_at: DateTime = strawberry.field(description="When it failed first.")
    last_failed_at: DateTime = strawberry.field(description="When it failed last.")
    next_retry_at: DateTime | None = strawberry.field(
        description="When it is due to be retried without being asked for; null: not by itself."
    )
    status: DeadLetterStatus = strawberry.field(description="Where it stands.")
    retry_started_at: DateTime | None = strawberry.field(description="When its last retry began.")
    retry_entity_type: str | None = strawberry.field(description="What kind of thing came of its last retry.")
    retry_entity_id: str | None = strawberry.field(description="Which one.")
    redrive_id: strawberry.ID | None = strawberry.field(description="Id of the redrive that retried it last.")
    edited_at: DateTime | None = strawberry.field(description="When its payload was replaced last.")
    edited_by: str | None = strawberry.field(description="By whom, as the store knows the caller: the name of a token.")
    resolution: str | None = strawberry.field(description="What was said when it was resolved or discarded.")
    ended_at: DateTime | None = strawberry.field(description="When that was; null while it is open.")
    ended_by: str | None = strawberry.field(description="Who did it, as the store knows the caller.")
    created_at: DateTime = strawberry.field(description="When it came to be stored.")

    of = FromRecord(DeadLetterRecord, error=Column("error", read=DeadLetterError.of, parses=True))

    @batched(needs=("construct_id",))
    @staticmethod
    def construct(snapshot: Snapshot, parents: "Sequence[DeadLetter]", asked: Asked) -> list[Construct | None]:
        """The construct that it belongs to."""
        return find_construct_nodes(snapshot, [parent.construct_id for parent in parents], asked)

    @batched(needs=("redrive_id",))
    @staticmethod
    def redrive(snapshot: Snapshot, parents: "Sequence[DeadLetter]", asked: Asked) -> list[DeadLetterRedrive | None]:
        """The redrive that retried it last; null where none did, or it is deleted by now."""
        return find_redrive_nodes(snapshot, [parent.redrive_id for parent in parents], asked)


@strawberry.type(description="Open dead letters that failed alike.")
class DeadLetterGroup:
    """A group as `deadLetterGroups` lists it."""

    fingerprint: str = strawberry.field(description="What they have in common; a filter takes it.")
    source: str = strawberry.field(description="Where they come from.")
    code: str = strawberry.field(description="The code of the sample's error.")
    count: int = strawberry.field(description="How many they are.")
    first_failed_at: DateTime = strawberry.field(description="The first failure of all.")
    last_failed_at: DateTime = strawberry.field(description="The last one.")
    sample_id: strawberry.ID = strawberry.field(description="Id of the one that arrived last.")

    @classmethod
    def of(cls, group: LetterGroup) -> Self:
        """The object of a group."""
        return cls(
            fingerprint=group.fingerprint,
            source=group.source,
            code=group.code,
            count=group.letters,
            first_failed_at=DateTime(group.first_failed_at),
            last_failed_at=DateTime(group.last_failed_at),
            sample_id=strawberry.ID(group.sample_id),
        )

    @batched(needs=("sample_id",))
    @staticmethod
    def sample(snapshot: Snapshot, parents: "Sequence[DeadLetterGroup]", asked: Asked) -> list[DeadLetter | None]:
        """The one that arrived last."""
        return find_dead_letter_nodes(snapshot, [parent.sample_id for parent in parents], asked)


@strawberry.type(description="A kind of work whose failures become dead letters, and how they are retried.")
class DeadLetterSourceInfo:
    """A source that a loaded plugin brings."""

    name: str = strawberry.field(description="What `source` of its letters is.")
    purpose: str = strawberry.field(description="What its letters are.")
    is_editable: bool = strawberry.field(description="Whether a retry may be made with another payload.")
    retries_max: int = strawberry.field(description="How often a letter is retried without being asked for.")


@batched(needs=("id",))
def dead_letters(
    snapshot: Snapshot,
    parents: Sequence[Construct],
    asked: Asked,
    filter: Filter = None,
    order_by: OrderBy = DeadLetterOrder.ARRIVED_DESC,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> list[Connection[DeadLetter]]:
    """Its dead letters, what arrived last first unless asked otherwise."""
    return pages(
        snapshot,
        DeadLetter,
        select_dead_letters(Criteria() if filter is None else filter.criteria(), each="construct_id"),
        each=[parent.id for parent in parents],
        order=order_of(order_by),
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )


def find_dead_letter_nodes(
    snapshot: Snapshot, ids: Sequence[str | None], asked: Asked = EVERYTHING
) -> list[DeadLetter | None]:
    """For each id, the dead letter or None: how `node(id:)` finds them."""
    return find_rows(snapshot, DeadLetter, TABLE, ids, asked)


def find_redrive_nodes(
    snapshot: Snapshot, ids: Sequence[str | None], asked: Asked = EVERYTHING
) -> list[DeadLetterRedrive | None]:
    """For each id, the redrive or None: how `node(id:)` finds them."""
    return find_rows(snapshot, DeadLetterRedrive, REDRIVES, ids, asked)


def order_of(order_by: DeadLetterOrder) -> Order:
    """The order that a client asks for."""
    return ARRIVED_LAST if order_by is DeadLetterOrder.ARRIVED_DESC else ARRIVED_FIRST
