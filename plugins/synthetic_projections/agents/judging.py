"""What makes a run an outlier: the modified z-score of Iglewicz and Hoaglin, on logarithms. Pure.

    score = 0.6745 * (ln x - median(ln X)) / MAD

X are the values of the latest runs of the same kind that ended before, without
the run itself, and MAD is the median of |ln X - median(ln X)|. A score beyond
3.5 either way marks an outlier. See B. Iglewicz and D. Hoaglin, "How to Detect
and Handle Outliers", ASQC Quality Press, 1993; 0.6745 is the 0.75 quantile of
the standard normal distribution, which makes MAD / 0.6745 an estimate of the
standard deviation, and 3.5 is the limit that they recommend.

The score assumes that values lie about their median evenly on both sides.
Durations and tokens do not: they are products of many factors, cannot be less
than 0, and have a long tail. Their logarithms nearly do. So a run that is over
far too soon is found as well as one that does not end. Where nearly all values
are alike, the MAD would make an outlier of every small difference: it is taken
to be at least that of values which differ by a twentieth.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

CONSISTENCY = 0.6745
LEAST_DEVIATION = math.log(1.05)
_DIGITS = 9
"""Of what is stored: more would tell how a machine rounds."""


class Rules(NamedTuple):
    """When a run is judged, and what makes it an outlier.

    Attributes:
        window: With so many of the latest runs it is compared, at most.
        least: With fewer than these it is not judged.
        score: Scores beyond this, either way, mark an outlier.
    """

    window: int
    least: int
    score: float


class Judgement(NamedTuple):
    """How a value compares with others.

    Attributes:
        median: Of the others.
        deviation: Their median absolute deviation, of natural logarithms, as it was used.
        score: The modified z-score.
    """

    median: float
    deviation: float
    score: float


def judge(value: int, others: Sequence[int]) -> Judgement:
    """Compare a value with others.

    Args:
        value: Not negative; 0 counts as 1.
        others: At least one, likewise.
    """
    logarithms = [math.log(max(1, each)) for each in others]
    middle = median(logarithms)
    deviation = max(LEAST_DEVIATION, median([abs(each - middle) for each in logarithms]))
    score = CONSISTENCY * (math.log(max(1, value)) - middle) / deviation
    return Judgement(round(math.exp(middle), _DIGITS), round(deviation, _DIGITS), round(score, _DIGITS))
