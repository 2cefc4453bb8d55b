"""What an answer about costs is made of: which rows it shows, and how it tells numbers."""

from __future__ import annotations

from fractions import Fraction

import pytest

from synthetic_projections.costs.errors import CostsTooLargeError
from synthetic_projections.costs.model import Sums
from synthetic_projections.costs.prices import round_picos
from synthetic_projections.costs.questions import Row, foremost
from synthetic_projections.costs.types import exact


def test_of_each_currency_the_dearest_are_shown():
    dear = [Row((key,), currency, Sums(cost_micros=1), ()) for currency in ("", "AAA", "BBB") for key in "abcd"]
    assert [(row.currency, *row.keys) for row in foremost(dear, 5)] == [
        ("AAA", "a"), ("AAA", "b"), ("BBB", "a"), ("BBB", "b"), ("", "a"),
    ]  # fmt: skip


def test_a_sum_that_cannot_be_told_exactly_is_an_error_of_its_own():
    assert exact(-(2**53)) == -(2**53)
    with pytest.raises(CostsTooLargeError, match="beyond"):
        exact(2**53 + 1)


def test_halves_are_rounded_to_the_even_number():
    for picos in (0, 499_999, 500_000, 500_001, 1_500_000, 2_500_000, -500_000, -1_500_000, -1_500_001, 10**15 + 1):
        assert round_picos(picos) == round(Fraction(picos, 1_000_000))
