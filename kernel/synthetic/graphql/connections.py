"""Relay's connections, and the arguments that say which part of a list is asked for.

See the Relay specification, https://relay.dev/graphql/connections.htm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Generic, TypeAlias, TypeVar

import strawberry

NodeT = TypeVar("NodeT")

First: TypeAlias = Annotated[int | None, strawberry.argument(description="How many, from the start of the list.")]
After: TypeAlias = Annotated[str | None, strawberry.argument(description="Only what follows this cursor.")]
Last: TypeAlias = Annotated[int | None, strawberry.argument(description="How many, from the end of the list.")]
Before: TypeAlias = Annotated[str | None, strawberry.argument(description="Only what precedes this cursor.")]


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """Relay's PageInfo."""

    has_next_page: bool = strawberry.field(description="Whether more follows this page.")
    has_previous_page: bool = strawberry.field(description="Whether more precedes this page.")
    start_cursor: str | None = strawberry.field(description="Cursor of the page's first node.")
    end_cursor: str | None = strawberry.field(description="Cursor of the page's last node.")


@strawberry.type(description="A node in a list, and the cursor of its place.")
class Edge(Generic[NodeT]):
    """Relay's Edge."""

    node: NodeT = strawberry.field(description="What is listed.")
    cursor: str = strawberry.field(description="Its place in the list, to page from.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[NodeT]):
    """Relay's Connection. What was not asked for of it is not there."""

    edges: list[Edge[NodeT]] = strawberry.field(description="The nodes of this page, with their cursors.")
    page_info: PageInfo = strawberry.field(description="Where the page stands in the list.")
    nodes: list[NodeT] = strawberry.field(description="The nodes of this page.")
    count: strawberry.Private[Callable[[], int]]

    @strawberry.field(description="How many the whole list has; counted only when asked for.")
    def total_count(self) -> int:
        """Counts in the operation's snapshot."""
        return self.count()
