"""Coalesced writes: of many values for one key that come within a short time, only what they come to is written.

That an agent is still there may be said a thousand times a second, and only the
last time counts. So the first value for a key is written at once, and is
durable when it is answered, as any write. Those that follow within the interval
(`kernel.database.coalesce_ms`) are merged in memory, answered without waiting,
and written at its end, those of all keys together. So a key costs one commit at
first, and a share in one commit an interval after that.

What waits is written when the store is closed; a process that is killed loses
at most what it was told within the interval. Each process coalesces for itself,
and its queries do not see what waits. No more than `coalesce_keys` keys are
remembered: values for others are written at once, so nothing is refused and
memory is bounded.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge

from synthetic.clock import Clock
from synthetic.contributions import require_name
from synthetic.database.interruption import Interruption
from synthetic.database.ownership import BlockingStore
from synthetic.errors import SyntheticError
from synthetic.kernel_settings import DatabaseSettings
from synthetic.logs import logger_for

if TYPE_CHECKING:
    from synthetic.database.transaction import Transaction

ValueT = TypeVar("ValueT")

BATCH_KEYS = 500
"""So many keys are written in one transaction, so that other writes need not wait for long."""

LAST_SECONDS = 5.0
"""How long the close of a store may take over what waits; what cannot be written then is lost, and the log says so."""

KEYS_LOGGED = 10
"""So many of the keys whose values were lost are named in the log."""

log = logger_for(__name__)


def keep_later(_earlier: Any, later: Any, /) -> Any:
    """Of two values for a key, the one that came later."""
    return later


@dataclass(frozen=True, eq=False, kw_only=True)
class CoalescedWrite(Generic[ValueT]):
    """A write of which only what many values come to matters; made once, at the top of a module.

    Attributes:
        name: For the log, as `plugin_verb`: `sessions_touch`.
        function: Writes the value of each key, in one transaction. It may be
            run again and later than what else was written since, so it must
            leave alone what is newer than its value, and pass over a key
            whose row has gone meanwhile. What it returns does not matter.
        merge: What an earlier and a later value for one key come to; without
            it, the later.
    """

    name: str
    function: Callable[[Transaction, Mapping[str, ValueT]], object]
    merge: Callable[[ValueT, ValueT], ValueT] = keep_later

    def __post_init__(self) -> None:
        require_name(self.name, "coalesced write")


class CoalescingStore(BlockingStore, Protocol):
    """What the function of a mutation gets as `store`: reads, writes, and writes that are coalesced."""

    def coalesce(self, write: CoalescedWrite[ValueT], key: str, value: ValueT) -> bool:
        """Write a value for a key, at once or, if one was written a moment ago, within the interval.

        Args:
            write: What is written.
            key: Whose value it is.
            value: The value.

        Returns:
            Whether it is durable already.
        """
        ...


class _Written:
    """In the place of a value: all that was told of the key is written, or is being written."""


_WRITTEN = _Written()
Place = tuple[CoalescedWrite[Any], str]


class WriteValues(Protocol):
    """Runs a function of (tx, values) in a write transaction of the caller's, and waits for it."""

    def __call__(
        self, function: Callable[[Transaction, Mapping[str, Any]], object], values: Mapping[str, Any], /
    ) -> object:
        """What the function returned."""
        ...


class WriteBatch(Protocol):
    """The same, in nobody's name, until it is interrupted."""

    def __call__(
        self,
        function: Callable[[Transaction, Mapping[str, Any]], object],
        values: Mapping[str, Any],
        interruption: Interruption,
        /,
    ) -> object:
        """What the function returned."""
        ...


class CoalescedWrites:
    """The coalesced writes of one process, and the thread that writes what waits."""

    def __init__(
        self, write: WriteBatch, settings: DatabaseSettings, clock: Clock, registry: CollectorRegistry
    ) -> None:
        """Make it; its thread starts with the first value.

        Args:
            write: How what waits is written.
            settings: `coalesce_ms` and `coalesce_keys`.
            clock: For the deadline of the close.
            registry: Where the values are counted.
        """
        self._write = write
        self._seconds = settings.coalesce_ms / 1000
        self._keys_max = settings.coalesce_keys if settings.coalesce_ms else 0
        self._clock = clock
        # Of the keys that were written lately, what was told since.
        self._values: dict[Place, Any] = {}
        self._changed = threading.Condition()
        self._flushing = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        values = Counter(
            "synthetic_coalesced_values",
            "Values of coalesced writes: written, joined to another of their key, or lost.",
            ("outcome",),
            registry=registry,
        )
        self._joined, self._written, self._lost = map(values.labels, ("joined", "written", "lost"))
        waiting = Gauge("synthetic_coalesced_waiting", "Values of coalesced writes that wait.", registry=registry)
        waiting.set_function(self._count_waiting)

    def put(self, kind: CoalescedWrite[ValueT], key: str, value: ValueT, write: WriteValues) -> bool:
        """Write a value, or let it wait for the end of the interval.

        Args:
            kind: What is written.
            key: Whose value it is.
            value: The value.
            write: How the caller writes, if it is written at once.

        Returns:
            Whether it is durable already.

        Raises:
            SyntheticError: It was to be written at once, and could not be.
        """
        place = (kind, key)
        with self._changed:
            if place in self._values:
                waiting = self._values[place]
                self._values[place] = value if waiting is _WRITTEN else kind.merge(waiting, value)
                self._joined.inc()
                return False
            if len(self._values) < self._keys_max:
                self._values[place] = _WRITTEN
                self._wake()
        try:
            write(kind.function, {key: value})
        except BaseException:
            with self._changed:
                if self._values.get(place) is _WRITTEN:
                    # Whoever comes next is to find out too, and not to wait for what may never be written.
                    del self._values[place]
            raise
        self._written.inc()
        return True

    def flush(self) -> None:
        """Write what waits now; what cannot be written for a reason that passes waits on."""
        self._flush(Interruption(self._clock), is_last=False)

    def close(self) -> None:
        """Write what waits, once and for all; what is put from now on is written at once."""
        with self._changed:
            self._keys_max = 0
            self._stopped.set()
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
        self._flush(Interruption(self._clock, self._clock.monotonic() + LAST_SECONDS), is_last=True)

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="synthetic-coalescing", daemon=True)
            self._thread.start()
        self._changed.notify()

    def _run(self) -> None:
        while not self._stopped.is_set():
            with self._changed:
                while not self._values and not self._stopped.is_set():
                    self._changed.wait()
            if not self._stopped.wait(self._seconds):
                self.flush()

    def _count_waiting(self) -> int:
        with self._changed:
            return sum(value is not _WRITTEN for value in self._values.values())

    def _flush(self, watch: Interruption, *, is_last: bool) -> None:
        with self._flushing:
            for kind, values in self._take(is_last=is_last):
                self._write_batch(kind, values, watch, is_last=is_last)

    def _take(self, *, is_last: bool) -> Iterator[tuple[CoalescedWrite[Any], dict[str, Any]]]:
        """What waits, in batches of one kind; its keys are remembered for another interval, and no others."""
        taken: dict[CoalescedWrite[Any], dict[str, Any]] = {}
        with self._changed:
            for (kind, key), value in self._values.items():
                if value is not _WRITTEN:
                    taken.setdefault(kind, {})[key] = value
            kept = {} if is_last else taken
            self._values = {(kind, key): _WRITTEN for kind, values in kept.items() for key in values}
        for kind, values in taken.items():
            items = list(values.items())
            for start in range(0, len(items), BATCH_KEYS):
                yield kind, dict(items[start : start + BATCH_KEYS])

    def _write_batch(
        self, kind: CoalescedWrite[Any], values: dict[str, Any], watch: Interruption, *, is_last: bool
    ) -> None:
        problem = self._try(kind, values, watch)
        if problem is None:
            return
        failures = dict.fromkeys(values, problem)
        if len(values) > 1 and not _passes(problem):
            # A value that cannot be written must not take the others with it.
            tried = {key: self._try(kind, {key: value}, watch) for key, value in values.items()}
            failures = {key: reason for key, reason in tried.items() if reason is not None}
        waiting = {key: values[key] for key, reason in failures.items() if _passes(reason) and not is_last}
        if waiting:
            self._put_back(kind, waiting)
        lost = [key for key in failures if key not in waiting]
        if lost:
            self._lost.inc(len(lost))
            named = lost[:KEYS_LOGGED]
            reason = failures[lost[0]]
            log.error("coalesced values lost", write=kind.name, values=len(lost), keys=named, exc_info=reason)

    def _try(self, kind: CoalescedWrite[Any], values: dict[str, Any], watch: Interruption) -> Exception | None:
        try:
            self._write(kind.function, values, watch)
        except Exception as error:  # noqa: BLE001 - the caller decides what becomes of the values
            return error
        self._written.inc(len(values))
        return None

    def _put_back(self, kind: CoalescedWrite[Any], values: dict[str, Any]) -> None:
        with self._changed:
            for key, value in values.items():
                newer = self._values.get((kind, key), _WRITTEN)
                try:
                    self._values[kind, key] = value if newer is _WRITTEN else kind.merge(value, newer)
                except Exception:
                    # The thread has to go on for everybody else; what came later stays.
                    self._lost.inc()
                    log.exception("coalesced values lost", write=kind.name, values=1, keys=[key])
        log.warning("coalesced values wait on", write=kind.name, values=len(values))


def _passes(problem: Exception) -> bool:
    """Whether what failed may succeed later."""
    return isinstance(problem, SyntheticError) and problem.recoverable
