"""What somebody asks for, as it was understood. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from synthetic_search.index.expressions import Expression, Without
from synthetic_search.index.filters import EVERYTHING, Filters


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody asks for.

    Attributes:
        wanted: What documents must have; None: nothing is said of that.
        unwanted: What they must not have; None: nothing is said of that.
        filters: What they must be.
        remarks: What was understood in another way than it may have been meant, in sentences.
    """

    wanted: Expression | None = None
    unwanted: Expression | None = None
    filters: Filters = field(default=EVERYTHING)
    remarks: tuple[str, ...] = ()

    @property
    def says_nothing(self) -> bool:
        """Whether it leaves everything."""
        return self.wanted is None and self.unwanted is None and self.filters == EVERYTHING

    @property
    def expression(self) -> Expression | None:
        """What is wanted without what is not; None where nothing is wanted by its words."""
        if self.wanted is None or self.unwanted is None:
            return self.wanted
        return Without(self.wanted, self.unwanted)
