"""`Audience`: those who subscribed to the same, and get the same bytes.

One task runs the source, has the document executed once for all that one
commit brings, writes each answer once, and hands it to each member in a loop,
without waking a task for any of them. So a member costs a few words.

An audience begins closed, with one member that catches up with the log: this
one is waited for. When all that there is was delivered, it is taken in by the
audience that is open for the same already, or it opens. Who is in an open one
and has no room for more goes on in a closed one of its own, from where it has
come to: so nobody waits for a slow one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from synthetic.errors import InternalError, SyntheticError
from synthetic.graphql.answers import Answer
from synthetic.graphql.batches import Batches
from synthetic.graphql.membership import Interest, Member, Write
from synthetic.graphql.published import Published
from synthetic.graphql.shared_answers import happened_of
from synthetic.log.positions import NUMBER_MAX, Position
from synthetic.logs import logger_for

if TYPE_CHECKING:
    from synthetic.graphql.audiences import Audiences

SLICE = 250
"""So many members are handed an answer before others get their turn: a few milliseconds' work."""

RECENT = 64
"""Answers that are kept for who comes to an open audience from a little further back."""

RECENT_BYTES = 256 * 1024
"""Their bytes together."""

log = logger_for(__name__)


class Audience:
    """Members, and the task that serves them.

    Attributes:
        interest: What they have subscribed to, as the first of them has put it.
        write: How their answers are written.
        is_open: Whether others are taken in.
    """

    def __init__(
        self,
        interest: Interest,
        source: Batches | Position,
        member: Member,
        write: Write,
        audiences: Audiences,
    ) -> None:
        """Begin with one member.

        Args:
            interest: What it has subscribed to.
            source: What it is about, or where to go on from with a source that is yet to be opened.
            member: The first.
            write: How answers are written.
            audiences: All of the process.
        """
        self.interest = interest
        self.write = write
        self.is_open = False
        self._audiences = audiences
        self._members: dict[Member, int] = {member: 0}
        self._recent: deque[tuple[float, Published]] = deque()
        self._recent_bytes = 0
        self._recent_after = Position("", 0)
        self._before = source.number if isinstance(source, Position) else 0
        member.audience = self
        self._task = asyncio.get_running_loop().create_task(self._run(source))

    def open(self, position: Position) -> None:
        """Take others in from now on; all members have what there is up to a position."""
        self.is_open = True
        self._recent_after = position
        self._before = position.number
        self._members = dict.fromkeys(self._members, position.number)

    def join(self, member: Member, position: Position) -> bool:
        """Take in a member that has all up to a position; False where what follows that is not known here any more."""
        if position.epoch != self._recent_after.epoch or position.number < self._recent_after.number:
            return False
        self._members[member] = position.number
        member.audience = self
        self._audiences.count(1)
        has = position.number
        for _, published in self._recent:
            number = _number(published)
            if number > position.number:
                if not member.take(published):
                    self._fall_behind(member, has)
                    break
                has = number
        return True

    def leave(self, member: Member) -> None:
        """A member wants no more."""
        self._remove(member)
        if not self._members:
            self._task.cancel()

    def forget(self, before: float) -> bool:
        """Forget what was delivered before an instant of the loop's clock; whether anything is left."""
        while self._recent and self._recent[0][0] <= before:
            self._forget_first()
        return bool(self._recent)

    async def _run(self, source: Batches | Position) -> None:
        batches: Batches | None = None
        ending: Published | None = None
        try:
            if isinstance(source, Position):
                source = await self._audiences.open_source(self.interest, source)
            batches = source
            ending = await self._serve(batches)
        except SyntheticError as error:
            ending = await self._failure(error)
        except Exception:
            log.exception("subscription failed", correlation_id=self.interest.correlation_id)
            ending = await self._failure(InternalError())
        finally:
            self._audiences.close(self)
            if batches is not None:
                await batches.close()
        members, self._members = self._members, {}
        if self.is_open:
            self._audiences.count(1 - len(members))
        for member in members:
            member.audience = None
            member.finish(ending)

    async def _serve(self, batches: Batches) -> Published | None:
        """Deliver until the source ends; the answer that has ended it, if it was one."""
        to_end = self.interest.key is not None
        while True:
            roots = await batches.next(to_end=to_end and not self.is_open)
            if roots:
                for answer in await self._audiences.answer(self.interest, happened_of(roots)):
                    published = await self._written(answer)
                    if not published.answer.executed:
                        return published
                    await self._publish(published)
                to_end = self.interest.key is not None
                continue
            position = batches.find_end()
            if self.is_open or position is None:
                return None
            # In one step with what it has come to: whatever is appended from now on comes to one of them.
            for member in tuple(self._members):
                if self._audiences.meet(self, member, position):
                    del self._members[member]
                    return None
            # Where it was not taken in, it waits for something to be appended, and tries again then.
            to_end = False

    async def _failure(self, error: SyntheticError) -> Published:
        return await self._written(self._audiences.refuse(error, self.interest.correlation_id))

    async def _written(self, answer: Answer) -> Published:
        sent, body = await self.write(answer, self.interest.correlation_id)
        return Published(sent, body, answer.position)

    async def _publish(self, published: Published) -> None:
        if not self.is_open:
            await self._publish_to_one(published)
            return
        number, before = _number(published), self._before
        self._remember(published)
        if published.position is not None:
            self._before = number
        for index, (member, has) in enumerate(tuple(self._members.items()), 1):
            if has < number and member in self._members and not member.take(published):
                self._fall_behind(member, max(has, before))
            if index % SLICE == 0:
                await asyncio.sleep(0)

    async def _publish_to_one(self, published: Published) -> None:
        """Deliver to who catches up, and wait for it."""
        for member in tuple(self._members):
            while not member.take(published):
                await member.has_changed()
            if self.interest.is_latest:
                # What is not yet taken from the source can still be replaced by something newer.
                await member.handed_over()

    def _fall_behind(self, member: Member, has: int) -> None:
        self._remove(member)
        self._audiences.follow_alone(self, member, Position(self._recent_after.epoch, has))
        if not self._members:
            self._task.cancel()

    def _remove(self, member: Member) -> None:
        del self._members[member]
        member.audience = None
        if self.is_open:
            if self._members:
                self._audiences.count(-1)
            else:
                self._audiences.close(self)

    def _remember(self, published: Published) -> None:
        self._recent.append((asyncio.get_running_loop().time(), published))
        self._recent_bytes += len(published.body)
        while len(self._recent) > RECENT or self._recent_bytes > RECENT_BYTES:
            self._forget_first()
        if self._recent:
            self._audiences.remember(self)

    def _forget_first(self) -> None:
        _, published = self._recent.popleft()
        self._recent_bytes -= len(published.body)
        if published.position is not None:
            self._recent_after = published.position


def _number(published: Published) -> int:
    """The number of an answer's position; what has none is for all who are there."""
    return NUMBER_MAX if published.position is None else published.position.number
