"""Sketches: near the truth, the same in whatever order they are made and merged, and exact when taken apart."""

from __future__ import annotations

import math
from collections import Counter
from random import Random

import pytest

from synthetic_projections.agents.sketches import bin_of, change_sketch, merge_sketches, quantiles_of

QUANTILES = (0.0, 0.25, 0.5, 0.9, 0.95, 0.99, 1.0)


def sketch_of(durations: list[int]) -> str:
    return change_sketch("[]", Counter(map(bin_of, durations)))


@pytest.mark.parametrize("seed", range(5))
def test_quantiles_are_off_by_one_in_a_hundred_at_most(seed):
    random = Random(seed)
    durations = sorted(round(math.exp(random.gauss(11, 2))) for _ in range(2_000))
    found = quantiles_of(merge_sketches([sketch_of(durations)]), QUANTILES)
    for quantile, value in zip(QUANTILES, found, strict=True):
        exact = durations[max(0, math.ceil(quantile * len(durations)) - 1)]
        # Half a millisecond more, since durations are told in whole ones.
        assert value == pytest.approx(exact, rel=0.01, abs=0.5)


def test_parts_in_any_order_come_to_the_whole():
    random = Random(7)
    durations = [random.randrange(0, 10**8) for _ in range(300)]
    whole = sketch_of(durations)
    one_by_one = "[]"
    for duration in random.sample(durations, len(durations)):
        one_by_one = change_sketch(one_by_one, {bin_of(duration): 1})
    assert one_by_one == whole
    parts = [sketch_of(durations[start::3]) for start in range(3)]
    assert merge_sketches(parts) == merge_sketches([whole])


def test_what_is_taken_away_was_never_there():
    kept, gone = [5, 70_000, 70_001, 3_600_000], [0, 70_000, 12]
    sketch = sketch_of([*kept, *gone])
    assert change_sketch(sketch, {key: -count for key, count in Counter(map(bin_of, gone)).items()}) == sketch_of(kept)
    with pytest.raises(ValueError, match="less than is taken"):
        change_sketch(sketch_of([5]), {bin_of(6_000): -1})


def test_quantiles_of_few_are_those_that_so_many_are_no_longer_than():
    bins = merge_sketches([sketch_of([1_000, 9_000])])
    assert quantiles_of(bins, (0.5, 0.51, 0.95)) == [pytest.approx(each, rel=0.01) for each in (1_000, 9_000, 9_000)]
    for count in range(1, 40):
        durations = [1_000 * 2**place for place in range(count)]
        places = [max(1, math.ceil(quantile * count)) for quantile in QUANTILES]
        found = quantiles_of(merge_sketches([sketch_of(durations)]), QUANTILES)
        assert found == [pytest.approx(1_000 * 2 ** (place - 1), rel=0.01) for place in places]


def test_no_time_is_a_duration_too_and_nothing_is_none():
    assert quantiles_of(merge_sketches([sketch_of([0, 0, 1])]), (0.5, 1.0)) == [0, 1]
    assert quantiles_of({}, (0.5,)) == [None]
    assert sketch_of([]) == "[]"
