"""Fields that wait: with `prepare`, and asynchronous resolvers of Strawberry's."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any

import strawberry

from synthetic.contributions import Extension, GraphQL
from synthetic.database.database import Database
from synthetic.database.snapshot import Snapshot
from synthetic.errors import ConflictError
from synthetic.graphql.enums import describe_enum
from synthetic.graphql.fields import batched, query, subscription
from synthetic.graphql.preparing import PreparingReads
from synthetic.log.live import Live

from .engine_kit import COLUMNS, PART, Id, Note, find_notes

Name = Annotated[str, strawberry.argument(description="A name.")]


@dataclass
class World:
    """What the fields reach outside of the store, and what they noted.

    Attributes:
        database: The store's, for what a `prepare` does on its own.
        barrier: Of it, all that wait together have come.
        calls: Names of what was called, in order.
        ended: Names of what was cancelled while it waited.
        loops: The event loops on which resolvers ran.
        reached: Set when something waits.
        leave: Lets the client leave.
        left: Set when it has left.
    """

    database: Database | None = None
    barrier: asyncio.Barrier = field(default_factory=lambda: asyncio.Barrier(1))
    calls: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    loops: set[int] = field(default_factory=set)
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    leave: Callable[[], object] = int
    left: threading.Event = field(default_factory=threading.Event)

    async def wait_for_ever(self, name: str) -> None:
        self.reached.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.ended.append(name)
            raise


world = World()


def renew(database: Database, together: int = 1) -> World:
    """Forget what was noted; so many wait together from now on."""
    world.__init__(database, asyncio.Barrier(together))
    return world


class Mood(Enum):
    CALM = "calm"
    LOUD = "loud"


describe_enum(Mood, "How it is said.", {Mood.CALM: "Quietly.", Mood.LOUD: "Loudly."})


@strawberry.input(description="What to say.")
class SayInput:
    text: str = strawberry.field(description="The text.")
    mood: Mood = strawberry.field(default=Mood.CALM, description="How.")
    times: int = strawberry.field(default=1, description="How often.")


async def fetch_said(input: SayInput, mood: Mood = Mood.CALM) -> str:
    await asyncio.sleep(0)
    assert type(input) is SayInput
    return " ".join([f"{input.text}:{input.mood.name}:{mood.name}"] * input.times)


@query(prepare=fetch_said)
def said(
    snapshot: Snapshot,
    input: SayInput,
    prepared: str,
    mood: Annotated[Mood, strawberry.argument(description="How.")] = Mood.CALM,
) -> str:
    """What was prepared, and what the function itself was given."""
    return f"{prepared}/{input.text}:{mood.name}"


async def write_note(id: str) -> str:
    """Keep a note, and then read it in the pool: that would never end if the operation held the only reader."""

    def insert(tx) -> None:
        tx.execute(
            f"INSERT INTO notes ({COLUMNS}) VALUES (:id, NULL, 'prepared', 0, 'null') ON CONFLICT DO NOTHING",
            {"id": id},
        )

    world.calls.append("write_note")
    await world.database.write(insert)
    return (await world.database.read(find_notes, [id]))[0].label


@query(prepare=write_note)
def written(snapshot: Snapshot, id: Id, prepared: str) -> Note | None:
    """A note that is written while it is prepared."""
    assert prepared == "prepared"
    return find_notes(snapshot, [id])[0]


async def count_before(reads: PreparingReads, more: int) -> int:
    return await reads.read(count_notes) + more


def count_notes(snapshot: Snapshot) -> int:
    return snapshot.value("SELECT count(*) FROM notes")


@query(prepare=count_before)
def counted(
    snapshot: Snapshot, more: Annotated[int, strawberry.argument(description="What is added.")], prepared: int
) -> str:
    """How many notes there were, and more."""
    return f"notes before: {prepared - more}, and {more}"


async def meet(name: str) -> str:
    world.calls.append(f"{name} comes")
    await world.barrier.wait()
    world.calls.append(f"{name} goes")
    return name


@query(prepare=meet)
def met(snapshot: Snapshot, name: Name, prepared: str) -> str:
    """Answered when all others have come too."""
    return prepared


async def refuse(how: str) -> str:
    await asyncio.sleep(0)
    if how == "known":
        raise ConflictError(details={"how": how})
    if how == "cancelled":
        raise asyncio.CancelledError
    if how == "timeout":
        raise TimeoutError("the secret host does not answer")
    raise ValueError("the secret")


@query(prepare=refuse)
def refused(
    snapshot: Snapshot, how: Annotated[str, strawberry.argument(description="How.")], prepared: str
) -> str | None:
    """Never answered."""
    world.calls.append("refused")
    return prepared


async def hang() -> None:
    await world.wait_for_ever("prepare")


@query(prepare=hang)
def hung(snapshot: Snapshot, prepared: None) -> str:
    """Never answered."""
    world.calls.append("hung")
    return "never"


async def forecast_of(place: str) -> dict[str, Any]:
    world.calls.append(f"forecast of {place}")
    if place == "hang":
        await hang()
    await asyncio.sleep(0)
    return {"place": place}


@batched(needs=("id",), prepare=forecast_of)
def weather(
    snapshot: Snapshot,
    parents: Sequence[Note],
    place: Annotated[str, strawberry.argument(description="Where.")],
    prepared: dict[str, Any],
) -> list[str]:
    """The weather of a place, which is asked once for all notes."""
    world.calls.append(f"weather for {len(parents)}")
    snapshot.value("SELECT 1")
    return [f"{parent.id} in {prepared['place']}" for parent in parents]


@strawberry.type(description="What was found elsewhere.")
class Report:
    text: str = strawberry.field(description="Its text.")
    note_ids: strawberry.Private[list[str]]

    @batched
    @staticmethod
    def notes(snapshot: Snapshot, parents: Sequence["Report"]) -> list[list[Note]]:
        """The notes that it is about."""
        world.calls.append(f"notes for {len(parents)}")
        return [[found for found in find_notes(snapshot, parent.note_ids) if found] for parent in parents]

    @strawberry.field(description="Waits once more, below what was waited for.")
    async def checked(self, info: strawberry.Info) -> bool:
        await asyncio.sleep(0)
        return info.context.caller is not None


async def report_of(root: strawberry.Parent[Note], info: strawberry.Info) -> Report:
    """Comes when those of all notes wait, on an event loop."""
    world.loops.add(id(asyncio.get_running_loop()))
    world.calls.append("report")
    await world.barrier.wait()
    return Report(text=f"about {root.id}", note_ids=[root.id])


async def fetch_below(
    root: strawberry.Parent[Note], info: strawberry.Info, how: Annotated[str, strawberry.argument(description="How.")]
) -> str | None:
    if how == "snapshot":
        return str(info.context.snapshot)
    if how == "fail":
        await asyncio.sleep(0)
        raise ConflictError(details={"id": str(root.id)})
    if how == "hang" or how == root.id:
        await world.wait_for_ever(str(root.id))
    return how


def count_here(root: strawberry.Parent[Note], info: strawberry.Info) -> int:
    """A synchronous resolver has the snapshot."""
    return info.context.snapshot.value("SELECT count(*) FROM notes")


def leave_here(root: strawberry.Parent[Note], info: strawberry.Info) -> bool:
    """The client leaves while this runs."""
    world.leave()
    return world.left.wait(10)


@strawberry.field(description="Waits at the root.")
async def later(info: strawberry.Info, name: Name) -> str:
    await world.barrier.wait()
    return name


@subscription
async def named(
    live: Live, names: Annotated[list[str], strawberry.argument(description="Ids.")]
) -> AsyncIterator[Note]:
    """One note for each name."""
    for name in names:
        yield Note(id=strawberry.ID(name), label=name, at=0, extra=None)


FIELDS = (
    weather,
    strawberry.field(resolver=report_of, name="report", description="From elsewhere."),
    strawberry.field(resolver=fetch_below, name="fetched", description="From elsewhere."),
    strawberry.field(resolver=count_here, name="countHere", description="All notes."),
    strawberry.field(resolver=leave_here, name="leftHere", description="Whether the client has left."),
)

WAITING = GraphQL(
    queries=(said, written, counted, met, refused, hung, later),
    subscriptions=(named,),
    extend=(Extension(type=Note, fields=FIELDS),),
)
PARTS = (PART, WAITING)
