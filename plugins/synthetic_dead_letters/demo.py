"""The plugin's part of the demo: messages that agents could not deliver, some of which were dealt with."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from random import Random

from synthetic import BlockingStore, ReportedError, Transaction
from synthetic.demo import Fleet, FleetConstruct, Moment
from synthetic_dead_letters.model import Criteria, DeadLetterStatus, NewDeadLetter
from synthetic_dead_letters.store import (
    discard_dead_letter,
    find_dead_letter,
    query_dead_letters,
    resolve_dead_letter,
    save_dead_letter,
)

HOUR_MS = 3_600_000
RECENT_MS = 20 * HOUR_MS
"""What has ended is kept for a day, so nothing older is told."""

OPEN_MAX = 12
"""Nothing more fails while so much is open."""

SOURCE = "message"
_FAILURES = (
    ("RECIPIENT_GONE", "The channel {part} is archived.", False),
    ("MESSAGE_TOO_LARGE", "The report on {part} has 61440 bytes; the channel takes 40000.", False),
    ("GATEWAY_TIMEOUT", "The gateway of {part} did not answer within 30000 ms.", True),
)
_RESOLUTIONS = (
    "Sent by hand.",
    "The summary was posted in its place.",
    "The channel was restored, and it went through.",
)


def history(fleet: Fleet, construct: FleetConstruct) -> Iterator[Moment]:
    """In the last day, a message about every third construct could not be delivered; most were seen to."""
    draw = fleet.random("dead_letters", construct.id)
    if draw.random() > 0.35:
        return
    at = max(construct.created_at, fleet.now - RECENT_MS) + draw.randrange(HOUR_MS // 60, HOUR_MS)
    if at >= fleet.now:
        return
    letter_id = fleet.id_at(at, "dead_letter", construct.id)
    new = _failure(draw, construct.part, construct.id)
    yield Moment(at, partial(save_dead_letter, new=new, letter_id=letter_id))
    ended_at = at + draw.randrange(HOUR_MS // 6, 2 * HOUR_MS)
    if ended_at < fleet.now:
        fate, words = draw.random(), draw.choice(_RESOLUTIONS)
        yield Moment(ended_at, partial(_end, letter_id=letter_id, fate=fate, words=words), amount=0)


def live(store: BlockingStore, fleet: Fleet, random: Random) -> None:
    """Something fails, or somebody sees to what has waited longest."""
    store.write(_go_on, fleet, random)


def _go_on(tx: Transaction, fleet: Fleet, random: Random) -> None:
    criteria = Criteria(statuses=(DeadLetterStatus.PENDING,), sources=(SOURCE,))
    pending = query_dead_letters(tx, criteria, arrived_last_first=False, first=OPEN_MAX).edges
    if len(pending) < OPEN_MAX and random.random() < 0.5:
        construct = random.choice(list(fleet.constructs()))
        save_dead_letter(tx, _failure(random, construct.part, None))
    elif pending:
        _end(tx, pending[0].node.id, random.random(), random.choice(_RESOLUTIONS))


def _failure(draw: Random, part: str, construct_id: str | None) -> NewDeadLetter:
    code, message, is_recoverable = draw.choice(_FAILURES)
    return NewDeadLetter(
        source=SOURCE,
        error=ReportedError(code=code, message=message.format(part=repr(part)), recoverable=is_recoverable),
        payload={"channel": part.replace(" ", "-"), "text": f"The work on {part} is done."},
        construct_id=construct_id,
        key=part.replace(" ", "-"),
        attempts=draw.randrange(1, 6),
    )


def _end(tx: Transaction, letter_id: str, fate: float, words: str) -> None:
    """See to a letter, or leave it for whoever looks at the demo."""
    letter = find_dead_letter(tx, letter_id)
    if letter is None or letter.status != DeadLetterStatus.PENDING or fate > 0.8:
        return
    if fate < 0.65:
        resolve_dead_letter(tx, letter_id, resolution=words)
    else:
        discard_dead_letter(tx, letter_id, reason="Nobody needs it any more.")
