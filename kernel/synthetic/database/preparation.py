"""What plugins add to each connection: `prepare_connection`, and what it is given.

Plugins see no driver. A `PreparedConnection` lets them add functions, and
`MatchedRow` is what a ranking function is told of a row that a full-text query
has found (https://sqlite.org/fts5.html#custom_auxiliary_functions).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, TypeAlias

import apsw

from synthetic.contributions import Stamped
from synthetic.exits import staying
from synthetic.plugins.discovery import failure

if TYPE_CHECKING:
    from synthetic.database.surroundings import SettingsLookup

ConnectionRole: TypeAlias = Literal["writer", "reader", "in_place"]
"""What a connection is for: the writer's; reads in the pool, and checks; short reads on an event loop."""


class MatchedRow(Protocol):
    """A row that a full-text query has found, as a ranking function sees it; valid during its call."""

    aux_data: Any
    """None for the first row of a query; what is put there is there for the rows that follow."""

    @property
    def phrase_count(self) -> int:
        """How many phrases the query has."""
        ...

    @property
    def row_count(self) -> int:
        """How many rows the table has."""
        ...

    def phrase_locations(self, phrase: int) -> list[list[int]]:
        """For each column of this row where a phrase occurs in it."""
        ...

    def column_size(self, col: int = -1) -> int:
        """How many tokens a column of this row has, or all columns."""
        ...

    def column_total_size(self, col: int = -1) -> int:
        """How many tokens a column has in all rows, or all columns."""
        ...


class PreparedConnection:
    """A connection that is being opened, as plugins may add to it."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def create_function(self, name: str, function: Callable[..., Any], *, arguments: int) -> None:
        """Add a function to SQL.

        Args:
            name: In SQL.
            function: Of integers, floats, texts, bytes or None; it returns one
                of these, always the same of the same arguments.
            arguments: How many it takes; -1: any number.
        """
        self._connection.create_scalar_function(name, function, arguments, deterministic=True)

    def create_ranking(self, name: str, function: Callable[..., float | str]) -> None:
        """Add a function by which the rows of full-text queries are ranked.

        Args:
            name: In SQL, where its first argument is the table.
            function: Of a `MatchedRow` and the further arguments; what it
                returns, a number or a text, is the value in SQL.
        """
        self._connection.register_fts5_function(name, function)


PrepareConnection: TypeAlias = Callable[[PreparedConnection, ConnectionRole], None]


class ConnectionPreparation:
    """What the loaded plugins add to connections, as a resource of a kernel's transactions."""

    def __init__(self, preparers: Sequence[Stamped[PrepareConnection]]) -> None:
        """Make it of the functions of the plugins, in load order."""
        self._preparers = tuple(preparers)

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """Without a kernel nothing is added."""
        return cls(())

    def prepare(self, connection: apsw.Connection, role: ConnectionRole) -> None:
        """Let the plugins add to a connection.

        Raises:
            PluginFailedError: One of them could not; the connection is closed.
        """
        for each in self._preparers:
            try:
                with staying("it"):
                    each.record(PreparedConnection(connection), role)
            except Exception as error:
                connection.close()
                raise failure(each.plugin, "its prepare_connection failed", error) from error
