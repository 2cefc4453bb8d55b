"""`OperationContext`: what the resolvers of one operation share."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from synthetic.database.database import Database
from synthetic.database.interruption import Interruption
from synthetic.database.snapshot import Snapshot
from synthetic.database.transaction import Transaction
from synthetic.graphql.executor import Asked
from synthetic.graphql.preparing import Prepare, call_prepare
from synthetic.graphql.private_loop import PrivateLoop
from synthetic.log.live import Live
from synthetic.log.positions import Position, read_position
from synthetic.operations.model import OperationKind
from synthetic.operations.mutations import RecordedMutation, details_of
from synthetic.operations.recorder import Recording
from synthetic.origin import Origin
from synthetic.security.gate import Caller
from synthetic.store import BlockingDatabase

PREPARED = "prepared"
NOTHING_PREPARED: Mapping[Asked, Any] = {}


@dataclass(slots=True)
class _Batch:
    parents: list[Any] = field(default_factory=list[Any])
    answers: list[asyncio.Future[Any]] = field(default_factory=list[asyncio.Future[Any]])


class OperationContext:
    """One operation while it runs, in one thread.

    A query's snapshot is given while it is executed. A mutation opens one when
    a nested selection first needs it, after the commit of its root field. While
    an asynchronous resolver is awaited there is none.

    Attributes:
        database: The store's.
        caller: Who asks.
        correlation_id: Under which the log tells more.
        notices: What the answer should mention, as (code, message).
        position: How far the log went in what was read, or in the last commit; None before either.
        check: Raises what must end the operation, if there is something.
    """

    def __init__(
        self,
        database: Database,
        caller: Caller,
        correlation_id: str,
        interruption: Interruption,
        *,
        prepared: Mapping[Asked, Any] = NOTHING_PREPARED,
        is_for_json: bool = False,
        live: Live | None = None,
    ) -> None:
        """Make it; see the attributes.

        Args:
            database: The store's.
            caller: Who asks.
            correlation_id: For errors and the log.
            interruption: Ends what it reads and writes.
            prepared: What fields wanted to be awaited before.
            is_for_json: Whether the answer is only to be written.
            live: For the source of a subscription.
        """
        self.database = database
        self.caller = caller
        self.correlation_id = correlation_id
        self.notices: list[tuple[str, str]] = []
        self.position: Position | None = None
        self.check = interruption.check
        self._live = live
        self._is_for_json = is_for_json
        self._interruption = interruption
        self._prepared = prepared
        self._given: Snapshot | None = None
        self._is_within = False
        self._opened: contextlib.ExitStack | None = None
        self._own: Snapshot | None = None
        self._batches: dict[object, _Batch] = {}
        self._prepared_here: dict[object, Future[Any]] = {}

    @functools.cached_property
    def loop(self) -> PrivateLoop:
        """Where batched fields wait for each other in an execution without a plan."""
        return PrivateLoop()

    @property
    def live(self) -> Live:
        """What the source of a subscription runs on.

        Raises:
            RuntimeError: The operation is none.
        """
        if self._live is None:
            raise RuntimeError("only the source of a subscription has a `live`")
        return self._live

    def _origin(self, *, frees: bool) -> Origin:
        return Origin(self.caller.name, self.correlation_id, is_upkeep=frees, token_id=self.caller.token_id)

    def enter(self, snapshot: Snapshot | None) -> None:
        """Begin to execute, or go on with it.

        Args:
            snapshot: What the resolvers read in; None for a mutation, which opens its own.
        """
        self._given = snapshot
        if snapshot is not None:
            snapshot.is_for_json = self._is_for_json
        self._is_within = True

    def read_position(self) -> None:
        """Note how far the log goes in what was read; after it, when that costs least.

        Raises:
            DeadlineExceededError: The operation took too long, also where it did so without a statement.
            SyntheticError: The transaction was lost, so that what was read is no answer.
        """
        if self._given is not None and self.position is None:
            self.position = self._given.position()

    def read_kept(self) -> None:
        """Read what was put off, since the operation is about to wait without its snapshot."""
        if self._given is not None:
            self._given.read_kept()

    def leave(self) -> None:
        """Give back what the operation holds: it has ended, or waits."""
        if self._given is not None:
            self._mention(self._given.notices)
            self._given = None
        self._is_within = False
        if self._opened is not None:
            self.leave_snapshot()

    def prepared_for(self, asked: Asked, prepare: Prepare, arguments: Mapping[str, Any]) -> Any:
        """What was awaited for a field before.

        Raises:
            Exception: What was raised then.
        """
        if asked not in self._prepared:
            # Executed by somebody else than the engine, such as `schema.execute`.
            return self.prepare_here(prepare, arguments)
        result = self._prepared[asked]
        if isinstance(result, Exception):
            raise result
        return result

    def prepare_here(self, prepare: Prepare, arguments: Mapping[str, Any]) -> Any:
        """For an execution without a plan: wait in this thread for what a field wants to be awaited before.

        All parents of a field share what was awaited for the first.

        Raises:
            DeadlineExceededError: It takes longer than the operation may.
            Exception: What was raised then.
        """
        key = (prepare, repr(arguments))
        future = self._prepared_here.get(key)
        if future is None:
            # In a thread of its own, since this one runs the loop of the operation.
            with ThreadPoolExecutor(1) as thread:
                waiting = self._interruption.within(call_prepare(prepare, self.database, arguments))
                future = thread.submit(asyncio.run, waiting)
            self._prepared_here[key] = future
        return future.result()

    @property
    def snapshot(self) -> Snapshot:
        """What the resolvers read in.

        Raises:
            RuntimeError: An asynchronous resolver asks for it.
        """
        if self._given is not None:
            return self._given
        if not self._is_within:
            raise RuntimeError("an asynchronous resolver has no snapshot")
        if self._own is None:
            self._opened = contextlib.ExitStack()
            self._own = self._opened.enter_context(self.database.snapshot(self._interruption))
        return self._own

    def write(
        self,
        function: Callable[..., Any],
        arguments: Mapping[str, Any],
        recorded: RecordedMutation | None = None,
        *,
        frees: bool = False,
    ) -> Any:
        """Run a mutation's root field in a write transaction of its own.

        Args:
            function: The field's.
            arguments: The field's.
            recorded: How to record it, in the same transaction; None: it is not recorded.
            frees: Whether it goes on where the store's room is used up.
        """
        self.leave_snapshot()
        record = self._recording(recorded, arguments)

        def run(tx: Transaction) -> Any:
            result = function(tx, **arguments)
            if record is not None:
                record.done_in(tx)
            return result, tx.notices, tx.position()

        origin = self._origin(frees=frees)
        try:
            result, notices, self.position = self.database.write_blocking(
                run, interruption=self._interruption, origin=origin
            )
        except BaseException as error:
            if record is not None:
                record.failed(self.database, origin, error)
            raise
        self._mention(notices)
        return result

    def write_many(
        self,
        function: Callable[..., Any],
        arguments: Mapping[str, Any],
        recorded: RecordedMutation | None = None,
        *,
        frees: bool = False,
    ) -> Any:
        """Run a mutation's root field that takes many transactions.

        It is recorded in the first that changes something, and at the end, in one of its own.
        """
        self.leave_snapshot()
        record = self._recording(recorded, arguments)
        origin = self._origin(frees=frees)
        store = BlockingDatabase(self.database, self._interruption, origin, record)
        try:
            result = function(store, **arguments)
        except BaseException as error:
            if record is not None:
                record.failed(self.database, origin, error)
            raise
        if record is not None:
            record.done(self.database, origin)
        self.position = self.database.read_blocking(read_position, interruption=self._interruption)
        return result

    def _recording(self, recorded: RecordedMutation | None, arguments: Mapping[str, Any]) -> Recording | None:
        recorder = self.database.recorder
        if recorded is None or not recorder.is_wanted:
            return None
        return Recording(
            recorder,
            recorded.name,
            OperationKind.MUTATION,
            recorded.subject(arguments),
            details_of(arguments),
            is_change_only=recorded.is_change_only,
        )

    def batch(self, function: Callable[..., Any], parent: Any, arguments: dict[str, Any]) -> asyncio.Future[Any]:
        """Add a parent to the call of a batched field that is being collected.

        The executor asks for all fields of a level before it comes back to the
        event loop; what was asked for until then is one call.
        """
        key = (function, repr(arguments))
        batch = self._batches.get(key)
        if batch is None:
            batch = self._batches[key] = _Batch()
            self.loop.call_soon(self._run_batch, key, function, arguments)
        answer: asyncio.Future[Any] = self.loop.create_future()
        batch.parents.append(parent)
        batch.answers.append(answer)
        return answer

    def leave_snapshot(self) -> None:
        """Close a snapshot that this operation opened itself, keeping its notices."""
        if self._own is not None:
            self._mention(self._own.notices)
            self._own = None
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _run_batch(self, key: object, function: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
        batch = self._batches.pop(key)
        try:
            values: list[Any] = list(function(self.snapshot, batch.parents, **arguments))
            if len(values) != len(batch.parents):
                raise RuntimeError(
                    f"{function.__qualname__} returned {len(values)} values for {len(batch.parents)} parents"
                )
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer of each parent's field
            for answer in batch.answers:
                if not answer.done():
                    answer.set_exception(error)
            return
        for answer, value in zip(batch.answers, values, strict=True):
            if not answer.done():
                answer.set_result(value)

    def _mention(self, notices: list[tuple[str, str]]) -> None:
        if notices:
            self.notices.extend(notice for notice in notices if notice not in self.notices)
