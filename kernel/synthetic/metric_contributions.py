"""`MetricReading`: what plugins hand to the kernel with `register_metrics`.

When readings are taken, and how they are kept from doing harm, is
`synthetic.metric_readings`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from synthetic.contributions import require, require_name, require_sentence

if TYPE_CHECKING:
    from synthetic.database.snapshot import Snapshot

LABEL_VALUES_MAX = 50
"""A label with more values is no label of a metric, but a list."""

LABEL_VALUE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")

ENDINGS = ("_total", "_count", "_sum", "_bucket", "_created", "_info")
"""What Prometheus reserves for the samples of counters, histograms and infos."""

BEGINNINGS = ("process_", "python_")
"""What the client library's own metrics begin with."""

Reading: TypeAlias = "float | Mapping[Any, float] | None"
"""One number, or one for each value of the label; None: there is nothing to show just now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricReading:
    """A gauge that is read from the store when `/metrics` is asked for.

    Every process that shares a store shows it, and the same.

    Attributes:
        name: As Prometheus has it; unique in the whole kernel. It has the unit
            last: `stale_state_active_sessions_ratio`.
        purpose: One sentence: what the number is.
        read: Reads it. It runs in the reader pool and has a second; what takes
            longer, or raises, is left out of the answer and counted. So it
            reads an index and no whole table.
        label: Name of the one label; empty: it has none, and `read` returns a
            number.
        label_values: All values that the label may have. `read` returns a
            mapping; those that it leaves out are 0, and others are an error.
    """

    name: str
    purpose: str
    read: Callable[[Snapshot], Reading]
    label: str = ""
    label_values: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_name(self.name, "metric")
        require_sentence(self.purpose, f"purpose of {self.name}")
        require(not self.name.endswith(ENDINGS), f"the metric {self.name} is a gauge: it must not end as others do")
        require(
            not self.name.startswith(BEGINNINGS), f"the metric {self.name} must not begin as those of the process do"
        )
        require(
            bool(self.label) == bool(self.label_values), f"{self.name} must have a label and its values, or neither"
        )
        if self.label:
            require_name(self.label, f"label of {self.name}")
        require(len(self.label_values) <= LABEL_VALUES_MAX, f"{self.name} must have at most {LABEL_VALUES_MAX} labels")
        require(len(set(self.label_values)) == len(self.label_values), f"{self.name} names a value of its label twice")
        for value in self.label_values:
            require(LABEL_VALUE.fullmatch(value), f"the value {value!r} of {self.name} must be a word")
