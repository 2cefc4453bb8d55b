"""The modified z-score, against numbers worked out by hand."""

from __future__ import annotations

import math

import pytest

from synthetic_projections.agents.judging import judge
from synthetic_projections.settings import ProjectionSettings

HOUR = 3_600_000


def test_the_score_is_the_formulas():
    # The logarithms of 1, e, e^2 and so on; their median is 3, and the deviations from it are 3, 2, 1, 0, 1, 2, 3.
    others = [round(10**6 * math.exp(each)) for each in range(7)]
    judged = judge(round(10**6 * math.exp(13)), others)
    assert judged.median == pytest.approx(10**6 * math.exp(3), rel=1e-6)
    assert judged.deviation == pytest.approx(2, abs=1e-6)
    assert judged.score == pytest.approx(0.6745 * 10 / 2, abs=1e-5)


def test_the_median_of_an_even_number_lies_between_the_two_in_the_middle():
    judged = judge(100, [10, 10, 1000, 1000])
    assert judged.median == pytest.approx(100)
    assert judged.score == pytest.approx(0, abs=1e-6)


def test_what_is_unusually_short_scores_as_what_is_unusually_long():
    others = [HOUR // 2, HOUR, HOUR, HOUR, 2 * HOUR, 2 * HOUR, HOUR // 2]
    long, short = judge(100 * HOUR, others), judge(HOUR // 100, others)
    assert long.score == pytest.approx(-short.score, abs=1e-4)
    assert long.score > 3.5


def test_one_wild_value_among_the_others_changes_little():
    others = [900, 950, 1_000, 1_050, 1_100]
    calm, wild = judge(5_000, others), judge(5_000, [*others, 10**9])
    assert wild.score == pytest.approx(calm.score, rel=0.4)
    assert wild.score > 3.5


def test_small_differences_between_values_that_are_alike_are_none():
    assert abs(judge(1_040, [1_000] * 50).score) < 1
    assert judge(1_040, [1_000] * 50).deviation == pytest.approx(math.log(1.05), abs=1e-6)
    assert judge(2_000, [1_000] * 50).score > 3.5


def test_what_took_no_time_counts_as_a_millisecond():
    assert judge(0, [0, 0, 1, 1, 1]).score == 0


def test_no_more_runs_can_be_needed_than_are_kept_to_compare_with():
    ProjectionSettings(outlier_least=50, outlier_window=50)
    with pytest.raises(ValueError, match="outlier_least must not be more"):
        ProjectionSettings(outlier_least=51, outlier_window=50)
