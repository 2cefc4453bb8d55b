"""What waits in an outbox, and of which operation it is."""

from __future__ import annotations

from typing import NamedTuple

from synthetic.log.positions import Position


class Lane:
    """What one operation leaves to be sent.

    Attributes:
        id: The operation's.
        sent: The position of the last message that was handed to the
            connection; before the first, where the operation itself goes on from.
        has_begun: Whether it has had anything to send that has a position.
        waiting: How many of its messages are not handed over yet.
    """

    __slots__ = ("has_begun", "id", "sent", "waiting")

    def __init__(self, id: str, sent: Position | None = None) -> None:
        self.id = id
        self.sent = sent
        self.has_begun = False
        self.waiting = 0


class Parcel(NamedTuple):
    """A message that waits.

    Attributes:
        message: Its bytes.
        lane: Of which operation; None: of none.
        position: Where a client goes on that has received it.
        is_last: Nothing of its operation follows.
    """

    message: bytes
    lane: Lane | None = None
    position: Position | None = None
    is_last: bool = False
