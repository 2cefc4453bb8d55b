"""How the error contract writes what it tells."""

from __future__ import annotations

import pytest

from synthetic.errors import iso_from_ms


@pytest.mark.parametrize(
    ("at_ms", "text"),
    [
        (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
        (-30_610_224_000_001, "0999-12-31T23:59:59.999Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (1_767_323_045_006, "2026-01-02T03:04:05.006Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_an_instant_of_any_year_has_all_its_digits(at_ms, text):
    assert iso_from_ms(at_ms) == text
