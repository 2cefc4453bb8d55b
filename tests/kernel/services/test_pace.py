"""How often services look: often while events come, and more rarely when none have come for a while."""

from __future__ import annotations

import pytest

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
    assert pace.note_event(), "it stood still"
    assert pace.pause_seconds(every_ms) == every_ms / 1000
    assert not pace.note_event(), "it moves"
