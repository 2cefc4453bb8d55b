"""How often services look: often while events come, and more rarely when none have come for a while."""

from __future__ import annotations

import pytest

from synthetic.contributions import EventType
from synthetic.services.pace import STILL_SECONDS, Pace, is_often
from synthetic.testing import ManualClock


@pytest.mark.parametrize(
    ("every_ms", "still_seconds"), [(10, 0.04), (250, 1.0), (400, 1.0), (999, 1.0), (1_000, 1.0), (60_000, 60.0)]
)
def test_pauses_are_longer_while_the_log_stands_still(every_ms: int, still_seconds: float):
    clock = ManualClock()
    pace = Pace(clock)
    assert pace.pause_seconds(every_ms) == every_ms / 1000
    clock.advance(round(STILL_SECONDS * 1000))
    assert pace.pause_seconds(every_ms) == still_seconds
    assert is_often(every_ms) is (still_seconds != every_ms / 1000)
    assert pace.note_events(frozenset({"note.made"})), "it stood still"
    assert pace.pause_seconds(every_ms) == every_ms / 1000
    assert not pace.note_events(frozenset({"note.made"})), "it moves"


@pytest.mark.parametrize(
    ("types", "is_woken"),
    [
        (frozenset({"note.made"}), True),
        (frozenset({"note.made", "other.made"}), True),
        (None, True),
        (frozenset({"other.made"}), False),
    ],
)
def test_a_service_goes_on_at_its_still_pace_when_events_come_that_it_does_not_name(
    types: frozenset[str] | None, is_woken: bool
):
    clock = ManualClock()
    pace = Pace(clock, (EventType(name="note.made", entity="note", purpose="A note."),))
    clock.advance(round(STILL_SECONDS * 1000))
    assert pace.note_events(types) is is_woken
    assert pace.is_still is not is_woken
