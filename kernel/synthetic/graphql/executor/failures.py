"""`Failures`: the errors of a run, in the order and with the omissions of depth-first execution.

Null spreads from a position that must not be null to the nearest one above
that may be. Depth-first execution stops below such a position and so never
sees what else would have failed there; breadth-first execution has seen it,
and leaves it out of the answer (GraphQL specification, "Handling Execution
Errors": a nulled position brings one error).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from graphql import FieldNode, GraphQLError
from graphql.error import located_error

from synthetic.graphql.executor.frames import Frame


class Failed:
    """The type of `FAILED`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "FAILED"


FAILED = Failed()
"""Stands where a value must not be null and is: what contains it becomes null in its place."""


class Failure(NamedTuple):
    """An error and where it happened.

    Attributes:
        order: Its place in depth-first order.
        path: Its response path.
        nulled: How many steps of the path lead to what became null.
        error: What the answer says of it.
    """

    order: tuple[int, ...]
    path: tuple[str | int, ...]
    nulled: int
    error: GraphQLError


class Failures:
    """The errors of a run, by root value.

    Attributes:
        spread: How often null had to spread upwards so far.
    """

    __slots__ = ("_by_root", "spread")

    def __init__(self) -> None:
        self.spread = 0
        self._by_root: dict[int, list[Failure]] = {}

    def add(self, error: Exception, frame: Frame, index: int, nodes: Sequence[FieldNode]) -> None:
        """Note an error at a position.

        Args:
            error: What was raised.
            frame: Where.
            index: Which of the frame's values.
            nodes: The field in the document.
        """
        root, order, path, nulled = frame.place(index)
        located = located_error(_speakable(error), list(nodes), list(path))
        self._by_root.setdefault(root, []).append(Failure(order, path, nulled, located))

    def of(self, root: int) -> list[GraphQLError] | None:
        """The errors of one root value's answer; None when there are none."""
        failures = self._by_root.get(root)
        if failures is None:
            return None
        failures.sort(key=_order)
        kept: list[GraphQLError] = []
        nulled: set[tuple[str | int, ...]] = set()
        for failure in failures:
            path = failure.path
            if nulled and any(path[:length] in nulled for length in range(len(path) + 1)):
                continue
            nulled.add(path[: failure.nulled])
            kept.append(failure.error)
        return kept


def _speakable(error: Exception) -> Exception:
    """The error, or one in its place where it cannot be put into words: it is a stranger's code that raises."""
    try:
        str(error)
    except Exception:  # noqa: BLE001 - whatever it raises for a text
        spoken = RuntimeError(f"a {type(error).__name__} was raised, which cannot say what it is")
        spoken.__cause__ = error
        return spoken.with_traceback(error.__traceback__)
    return error


def _order(failure: Failure) -> tuple[int, ...]:
    return failure.order
