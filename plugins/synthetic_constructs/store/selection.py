"""What a list is read from, before it is put in order and cut into pages."""

from __future__ import annotations

from dataclasses import dataclass

from synthetic import Value


@dataclass(frozen=True, slots=True)
class Selection:
    """A query without its order and limit.

    Attributes:
        select: What stands after SELECT, without conditions.
        where: Conditions that all hold.
        params: Values of the placeholders in both.
    """

    select: str
    where: list[str]
    params: dict[str, Value]
