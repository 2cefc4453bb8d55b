"""Values that a made-up case is made of, and what is known of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping, Sequence
from typing import Any

from graphql import GraphQLError

from .recipes import Key, Value


class SpokenError(Exception):
    """Has a message of its own, which graphql-core prefers."""

    message = "spoken"


FAILURES: dict[str, Callable[[], Exception]] = {
    "plain": lambda: RuntimeError("plain"),
    "located": lambda: GraphQLError("located", extensions={"code": "LOCATED"}),
    "placed": lambda: GraphQLError("placed", path=["else", "where"]),
    "message": lambda: SpokenError("unspoken"),
    "attribute": lambda: AttributeError("attribute"),
    "stop": lambda: StopIteration("stop"),
    "key": lambda: KeyError("key"),
}


class Thing:
    """An object with attributes, some of which raise when they are read."""

    def __init__(self, node: Key, said: Any) -> None:
        self.node = node
        self.kind = said
        self.failing: dict[str, str] = {}

    def without(self, missing: set[str]) -> Thing:
        """The object as a row makes it: not all of its attributes were read, and it is of the type that it should be.

        Rows are not asked for their type: whoever makes them knows it.
        """
        part = type(self)(self.node, self.node[0])
        vars(part).update(
            {name: value for name, value in vars(self).items() if name not in {*missing, "kind", "marked"}}
        )
        part.failing = {name: failure for name, failure in self.failing.items() if name not in missing}
        if "_Thing__typename" in vars(self):
            part._Thing__typename = self.node[0]
        return part

    def __getattr__(self, name: str) -> Any:
        if name != "failing" and name in self.failing:
            failure = FAILURES[self.failing[name]]()
            raise failure
        raise AttributeError(f"{self!r} has no {name}")

    def __repr__(self) -> str:
        return f"Thing{self.node}"


CLASSES = {name: type("Thing", (Thing,), {}) for name in ("T0", "T1", "T2", "Query", "Mutation", "Subscription")}
"""A class for the objects of each type. Those that say that they are of another type are marked: `marked` is there."""


class Again:
    """An iterable that is no sequence, and can be iterated over more than once."""

    def __init__(self, items: Sequence[Any], is_broken: bool = False) -> None:
        self.items = items
        self.is_broken = is_broken

    def __iter__(self) -> Iterator[Any]:
        if self.is_broken:
            raise RuntimeError("broken")
        yield from self.items

    def __repr__(self) -> str:
        return "Again"


class Later:
    """An asynchronous iterable."""

    def __init__(self, items: Sequence[Any]) -> None:
        self.items = items

    async def __aiter__(self) -> AsyncIterator[Any]:
        for item in self.items:
            await asyncio.sleep(0)
            yield item


def node_of(value: Any) -> Key | None:
    """Which node of the data an object is; None where it is none of them."""
    return value.get("node") if isinstance(value, Mapping) else getattr(value, "node", None)


def kind_of(value: Any) -> Any:
    """Which type an object says that it is."""
    kind = value.get("kind") if isinstance(value, Mapping) else getattr(value, "kind", None)
    if kind == "fail":
        raise RuntimeError("no kind")
    return kind


def read_kept(value: Any) -> Any:
    kept, inner = value
    assert kept == "kept"
    return inner


def is_awaited(value: Value) -> bool:
    return "later" in value or "async_iterable" in value


class Soon:
    """A value that comes after some turns of the event loop; nobody minds if it is never awaited.

    graphql-core loses some awaitables where another item of their list fails.
    """

    def __init__(self, value: Any, turns: int = 1) -> None:
        self.value = value
        self.turns = turns

    def __await__(self) -> Generator[Any, None, Any]:
        for _ in range(self.turns):
            yield
        return self.value
