from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_ingest.instants import LATEST, instant_of
from tests.plugins.ingest.kit import patient


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("2026-02-12T14:11:56.103Z", 1_770_905_516_103),
        ("2026-02-12T15:11:56.103999+01:00", 1_770_905_516_103),
        ("2026-02-12T14:11:56", 1_770_905_516_000),
        ("1970-01-01", 0),
        (1_770_905_516, 1_770_905_516_000),
        (1_770_905_516.103, 1_770_905_516_103),
        (1_770_905_516_103, 1_770_905_516_103),
        (1_770_905_516_103_999, 1_770_905_516_103),
        (1_770_905_516_103_999_999, 1_770_905_516_103),
        (0, 0),
    ],
)
def test_times_are_read_in_every_usual_form(value, instant):
    assert instant_of(value) == instant


@pytest.mark.parametrize(
    "value",
    [
        "",
        "yesterday",
        "1969-12-31T23:59:59Z",
        "0001-01-01T00:00:00+14:00",
        -1,
        1e300,
        float("inf"),
        float("nan"),
        True,
        None,
        [],
        {},
    ],
)
def test_what_is_no_time_is_none(value):
    assert instant_of(value) is None


@patient
@given(st.one_of(st.text(), st.integers(), st.floats(), st.datetimes().map(str)))
def test_every_time_is_within_the_calendar(value):
    instant = instant_of(value)
    assert instant is None or (type(instant) is int and 0 <= instant <= LATEST)
