"""Positions: places in the log, and what makes one unusable.

A position says up to where its holder has seen the log. It is of one epoch: a
store that was restored from a backup begins a new one, since positions that
were given out after the backup was taken would name other events now.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from synthetic.errors import BadUserInputError
from synthetic.log.errors import ResyncRequiredError
from synthetic.log.event_types import EPOCH_BEGAN

if TYPE_CHECKING:
    from synthetic.database.snapshot import Snapshot
    from synthetic.database.transaction import Transaction

NUMBER_MAX = 2**63 - 1
_TEXT = re.compile(r"([0-9a-f]{10}):(0|[1-9][0-9]{0,18})")

HEAD = "coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'domain_events'), 0)"
"""The position of the last event, in SQL; 0 before the first. AUTOINCREMENT keeps it when events are pruned."""

EPOCH = "(SELECT value FROM meta WHERE key = 'epoch')"
HORIZON = "coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'log_pruned_to'), 0)"
"""The last position whose event has left `domain_events` for the archive, in SQL; 0 before the first."""


class Position(NamedTuple):
    """A place in the log.

    Attributes:
        epoch: Of which history.
        number: Everything up to the event with this position has been seen; 0: nothing has.
    """

    epoch: str
    number: int

    def __str__(self) -> str:
        return f"{self.epoch}:{self.number}"

    @classmethod
    def parse(cls, text: object) -> Position:
        """The position of a text that the store gave out.

        Raises:
            BadUserInputError: It is none.
        """
        match = _TEXT.fullmatch(text) if isinstance(text, str) else None
        if match is None or int(match[2]) > NUMBER_MAX:
            raise BadUserInputError("A Position is text that the store gave out; it is not made up or changed.")
        return cls(match[1], int(match[2]))


class LogEnds(NamedTuple):
    """Between what a follower can read.

    Attributes:
        epoch: The present one.
        horizon: Events up to this position have left the table.
        head: Position of the last event.
    """

    epoch: str
    horizon: int
    head: int

    @property
    def position(self) -> Position:
        """The head."""
        return Position(self.epoch, self.head)


def read_ends(snapshot: Snapshot) -> LogEnds:
    """Where the log begins and ends in this snapshot."""
    return snapshot.records(LogEnds, f"SELECT {EPOCH}, {HORIZON}, {HEAD}")[0]


def log_horizon(snapshot: Snapshot) -> int:
    """The number of the last position whose event has left the log for the archive; 0: none has.

    An event that is not found and whose position is beyond this was never
    there, or was taken away by other means than the store's own.
    """
    return read_ends(snapshot).horizon


def read_position(snapshot: Snapshot) -> Position:
    """The head of the log in this snapshot."""
    return snapshot.records(Position, f"SELECT {EPOCH}, {HEAD}")[0]


def check_position(position: Position, ends: LogEnds) -> int:
    """The number of a position from which the log can be followed.

    Raises:
        ResyncRequiredError: It is of another epoch, beyond the head, or what follows it is not kept any more.
    """
    if position.epoch != ends.epoch:
        reason, message = "EPOCH", "The position is of another history of this store: it was restored or recovered."
    elif position.number > ends.head:
        reason, message = "AHEAD", "The position is beyond the end of the log."
    elif position.number < ends.horizon:
        reason, message = "PRUNED", "The events that follow the position are not kept any more."
    else:
        return position.number
    raise ResyncRequiredError(
        message, details={"reason": reason, "position": str(ends.position), "oldest": f"{ends.epoch}:{ends.horizon}"}
    )


def begin_epoch(tx: Transaction) -> None:
    """Begin a new history: positions that were given out before are answered with RESYNC_REQUIRED from now on.

    For whatever takes the store back to an earlier state.
    """
    tx.execute("UPDATE meta SET value = lower(hex(randomblob(5))) WHERE key = 'epoch'")
    tx.emit(EPOCH_BEGAN, "log")
