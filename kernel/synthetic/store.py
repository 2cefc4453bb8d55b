"""`synthetic.open`: a store inside another program, without a server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, TypeVarTuple

from synthetic.json_text import from_json, to_json
from synthetic.operations.commands import StoreOperation
from synthetic.operations.recorder import Recording, Subject
from synthetic.origin import PROGRAM, Origin

if TYPE_CHECKING:
    from synthetic.database.coalescing import CoalescedWrite
    from synthetic.database.database import Database
    from synthetic.database.interruption import Interruption
    from synthetic.database.snapshot import Snapshot
    from synthetic.database.transaction import Transaction
    from synthetic.kernel import Kernel

Ts = TypeVarTuple("Ts")
ResultT = TypeVar("ResultT")
ValueT = TypeVar("ValueT")


class BlockingDatabase:
    """Reads and writes that wait for their answer, for code that is not asynchronous."""

    def __init__(
        self,
        database: Database,
        interruption: Interruption | None = None,
        origin: Origin | None = None,
        recording: Recording | None = None,
    ) -> None:
        """Make it.

        Args:
            database: The store's.
            interruption: Ends what it reads and writes.
            origin: In whose name it writes.
            recording: Of the operation that all its writes are a part of.
        """
        self._database = database
        self._interruption = interruption
        self._origin = origin
        self._recording = recording

    def read(self, function: Callable[[Snapshot, *Ts], ResultT], *args: *Ts) -> ResultT:
        """Run `function(snapshot, *args)` in a read transaction."""
        return self._database.read_blocking(function, *args, interruption=self._interruption)

    def write(self, function: Callable[[Transaction, *Ts], ResultT], *args: *Ts) -> ResultT:
        """Run `function(tx, *args)` in a write transaction; durable when it returns."""
        recording = self._recording
        if recording is None:
            return self._database.write_blocking(function, *args, interruption=self._interruption, origin=self._origin)

        def seen(tx: Transaction) -> ResultT:
            result = function(tx, *args)
            recording.look_at(tx)
            return result

        result = self._database.write_blocking(seen, interruption=self._interruption, origin=self._origin)
        recording.committed()
        return result

    def coalesce(self, write: CoalescedWrite[ValueT], key: str, value: ValueT) -> bool:
        """Write a value for a key, at once or, if one was written a moment ago, within the interval.

        Returns:
            Whether it is durable already.
        """

        def write_now(
            function: Callable[[Transaction, Mapping[str, Any]], object], values: Mapping[str, Any]
        ) -> object:
            return self.write(function, values)

        return self._database.coalesced.put(write, key, value, write_now)


class Store(BlockingDatabase):
    """A store that this program has opened; close it, or use it in a `with`.

    Attributes:
        kernel: What carries it, for what is not offered here.
    """

    def __init__(self, kernel: Kernel, origin: Origin | None = None, command: str | None = None) -> None:
        """Make it.

        Args:
            kernel: Opened.
            origin: In whose name it writes; None: a program's.
            command: The words of the command that it is opened for, if it is.
        """
        super().__init__(kernel.database, origin=origin)
        self.kernel = kernel
        self._command = command

    def operation(
        self,
        name: str | None = None,
        *,
        entity_type: str | None = None,
        entity_id: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> StoreOperation:
        """Begin something that changes the store and is to be on record (`record_operation`).

        What takes one transaction: `store.operation().write(function, ...)`, in place of `store.write`. What takes
        many: `with store.operation():` around it.

        Args:
            name: What it is called; None: as the command that runs.
            entity_type: What it is done to, such as `job`; None: what the first event of its transaction is about.
            entity_id: To which of them.
            details: A JSON object of names, counts and flags; never what is stored, and no secret.

        Raises:
            ValueError: It has no name, and no command runs.
        """
        name = name or self._command
        if name is None:
            raise ValueError("an operation needs a name where no command runs")
        origin = self._origin or Origin(PROGRAM)
        return StoreOperation(self.kernel.database, origin, name, Subject(entity_type, entity_id), dict(details or {}))

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
