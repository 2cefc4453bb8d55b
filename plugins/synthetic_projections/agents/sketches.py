"""Sketches of durations: how many fell into which bin, so that any of them can be added up, and taken apart again.

The bins and what a quantile is are those of DDSketch, by the library
`ddsketch`: a quantile is off by at most one in a hundred. A sketch is stored
as a JSON array of bins and counts in turn, `[bin, count, bin, count]`, in the
order of bins; its bins are integers, so what is added can be taken away
exactly, and the order in which runs are heard of does not matter.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ddsketch import DDSketch, LogarithmicMapping

from synthetic import from_json, to_json

RELATIVE_ACCURACY = 0.01
ZERO = -1
"""The bin of what took no time. That of one millisecond is 0, and those of longer durations follow."""

_MAPPING = LogarithmicMapping(RELATIVE_ACCURACY)


def bin_of(duration_ms: int) -> int:
    """The bin of a duration."""
    return ZERO if duration_ms < 1 else _MAPPING.key(duration_ms)


def change_sketch(sketch: str, bins: Mapping[int, int]) -> str:
    """A sketch with bins added, or taken away where a count is negative.

    Raises:
        ValueError: More would be taken away than is there.
    """
    counts = dict(bins_in(sketch))
    for key, count in bins.items():
        counts[key] = counts.get(key, 0) + count
        if counts[key] < 0:
            raise ValueError(f"the bin {key} of the sketch holds less than is taken from it")
    return to_json([each for key in sorted(counts) if counts[key] for each in (key, counts[key])])


def bins_in(sketch: str) -> Iterable[tuple[int, int]]:
    """The bins of a stored sketch, with their counts."""
    flat: list[int] = from_json(sketch)
    return zip(flat[::2], flat[1::2], strict=True)


def merge_sketches(sketches: Iterable[str]) -> Counter[int]:
    """The counts of all bins of many sketches together."""
    merged: Counter[int] = Counter()
    for sketch in sketches:
        for key, count in bins_in(sketch):
            merged[key] += count
    return merged


def quantiles_of(bins: Mapping[int, int], quantiles: Sequence[float]) -> list[int | None]:
    """Quantiles of the durations in some bins, in milliseconds; None without any.

    A quantile is the shortest of the durations than which so large a part of
    all is no longer: of two, 0.5 is the shorter one, and 0.95 the longer.

    Args:
        bins: How many there are in each.
        quantiles: From 0 to 1.
    """
    sketch: Any = DDSketch(RELATIVE_ACCURACY)
    for key, count in bins.items():
        # The value of a bin lies in it, so it comes to stand there again.
        sketch.add(0.0 if key == ZERO else _MAPPING.value(key), float(count))
    found = [sketch.get_quantile_value(_in_library(quantile, bins.values())) for quantile in quantiles]
    return [None if value is None else round(value) for value in found]


def _in_library(quantile: float, counts: Iterable[int]) -> float:
    """The quantile for which the library, which takes the one below between two, gives what is asked for."""
    behind = sum(counts) - 1
    place = max(0, math.ceil(quantile * (behind + 1)) - 1)
    # A quarter more, so that no rounding leads to the one before.
    return 0.0 if behind < 1 else min(1.0, (place + 0.25) / behind)
