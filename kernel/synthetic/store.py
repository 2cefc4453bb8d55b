"""`synthetic.open`: a store inside another program, without a server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, TypeVarTuple

from synthetic.json_text import from_json, to_json
from synthetic.origin import Origin

if TYPE_CHECKING:
    from synthetic.database.database import Database
    from synthetic.database.interruption import Interruption
    from synthetic.database.transaction import Snapshot, Transaction
    from synthetic.kernel import Kernel

Ts = TypeVarTuple("Ts")
ResultT = TypeVar("ResultT")


class BlockingDatabase:
    """Reads and writes that wait for their answer, for code that is not asynchronous."""

    def __init__(
        self, database: Database, interruption: Interruption | None = None, origin: Origin | None = None
    ) -> None:
        self._database = database
        self._interruption = interruption
        self._origin = origin

    def read(self, function: Callable[[Snapshot, *Ts], ResultT], *args: *Ts) -> ResultT:
        """Run `function(snapshot, *args)` in a read transaction."""
        return self._database.read_blocking(function, *args, interruption=self._interruption)

    def write(self, function: Callable[[Transaction, *Ts], ResultT], *args: *Ts) -> ResultT:
        """Run `function(tx, *args)` in a write transaction; durable when it returns."""
        return self._database.write_blocking(function, *args, interruption=self._interruption, origin=self._origin)


class Store(BlockingDatabase):
    """A store that this program has opened; close it, or use it in a `with`.

    Attributes:
        kernel: What carries it, for what is not offered here.
    """

    def __init__(self, kernel: Kernel, origin: Origin | None = None) -> None:
        super().__init__(kernel.database, origin=origin)
        self.kernel = kernel

    def graphql(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Run a GraphQL query or mutation with every scope.

        Returns:
            The answer as a client gets it: `data`, `errors`, `extensions`.
        """
        answer = self.kernel.engine.run_blocking(query, variables or {})
        return from_json(to_json(answer.body))

    def close(self) -> None:
        """Finish what is under way and let go of the files."""
        self.kernel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_store(
    path: str | Path, *, migrate: bool = True, settings: Mapping[str, str] | None = None, actor: str = "program"
) -> Store:
    """Open the store in a directory; it is made when it is not there.

    Args:
        path: The data directory.
        migrate: Bring an older store up to date; else one is refused.
        settings: Dotted names and values, as `--set` takes them.
        actor: In whose name the program writes: every event of its writes says so.

    Raises:
        SyntheticError: The store cannot be opened; the code says why.
    """
    from synthetic.kernel import Kernel  # noqa: PLC0415 - the kernel imports what this file offers to it

    return Store(Kernel.open(Path(path), overrides=settings, migrate=migrate), Origin(actor))
