"""What the state machine asks of a store, by name, with plain values: in this process, or in another one.

Run as a program it opens a store and answers one line of JSON with another,
until its input ends.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from synthetic import Snapshot, Store, SyntheticError, SystemClock, run_retention_batch
from synthetic.retention.clock_check import confirm_clock
from synthetic.testing import ManualClock, open_test_store
from synthetic.testing_commands import start_command
from synthetic_sessions import store as session_store
from synthetic_sessions.store import select_contexts, select_threads

START = 1_800_000_000_000
LONG = {"kernel.database.coalesce_ms": "60000"}
"""So that touches wait until they are flushed."""


class Operator(Protocol):
    """Does one operation after another on a store."""

    def do(self, now: int, name: str, *args: Any) -> Any:
        """What it came to; an error is its code."""
        ...


class Here:
    """Operates a store in this process."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self._store = store
        self._clock = clock

    def do(self, now: int, name: str, *args: Any) -> Any:
        self._clock.advance(now - self._clock.now_ms())
        try:
            # As another process would see it.
            return json.loads(json.dumps(getattr(self, name)(*args)))
        except SyntheticError as error:
            return error.code

    def save_session(self, id: str) -> None:
        self._store.write(lambda tx: session_store.save_session(tx, {}, session_id=id))

    def save_context(self, id: str, content: Any, if_version: int | None) -> str:
        saved = self._store.write(
            lambda tx: session_store.save_context(tx, content, context_id=id, if_version=if_version)
        )
        return "created" if saved.created else "changed" if saved.changed else "unchanged"

    def save_thread(self, channel: str, ts: str, content: Any, if_version: int | None) -> str:
        saved = self._store.write(lambda tx: session_store.save_thread(tx, channel, ts, content, if_version=if_version))
        return "created" if saved.created else "changed" if saved.changed else "unchanged"

    def touch_context(self, id: str) -> tuple[int, bool]:
        touched = session_store.touch_context(self._store, id)
        return touched.record.last_used_at, touched.durable

    def touch_thread(self, channel: str, ts: str) -> tuple[int, bool]:
        touched = session_store.touch_thread(self._store, channel, ts)
        return touched.record.last_message_at, touched.durable

    def touch_session(self, id: str) -> tuple[int, bool]:
        touched = session_store.touch_session(self._store, id)
        return touched.record.last_activity_at, touched.durable

    def delete_context(self, id: str) -> str:
        return session_store.delete_context(self._store, id).id

    def delete_thread(self, channel: str, ts: str) -> str:
        return session_store.delete_thread(self._store, channel, ts).thread_ts

    def flush(self) -> None:
        self._store.kernel.database.coalesced.flush()

    def retain(self) -> None:
        # Each process has a clock of its own, which is set without that time passes: an operator says that it is right.
        self._store.write(confirm_clock)
        for rule in ("sessions.contexts", "sessions.threads"):
            while self._store.write(run_retention_batch, rule).rows:
                continue

    def find_last_of_thread(self, channel: str, ts: str) -> str | None:
        found = self._store.read(session_store.find_context_of_thread, channel, ts)
        return None if found is None else found.id

    def list_contexts(self, criteria: dict[str, Any]) -> list[str]:
        selection = select_contexts(session_store.SessionContextCriteria(**criteria))
        return self._list(selection.sql("id"), selection.params)

    def list_threads(self, criteria: dict[str, Any]) -> list[str]:
        selection = select_threads(session_store.ThreadSessionCriteria(**criteria))
        return self._list(selection.sql("channel || '/' || thread_ts"), selection.params)

    def look(self) -> dict[str, Any]:
        """All that is stored."""

        def read(snapshot: Snapshot) -> dict[str, Any]:
            contexts = snapshot.rows(
                "SELECT id, session_id, user_id, channel, thread_ts, state, version, last_used_at FROM session_contexts"
            )
            threads = snapshot.rows(
                "SELECT channel, thread_ts, session_id, user_id, version, last_message_at FROM thread_sessions"
            )
            return {
                "contexts": contexts,
                "threads": threads,
                "sessions": snapshot.rows("SELECT id, last_activity_at, version FROM sessions"),
            }

        return self._store.read(read)

    def empty(self) -> None:
        for table in ("session_contexts", "thread_sessions", "sessions"):
            self._store.write(lambda tx, table=table: tx.execute(f"DELETE FROM {table}"))

    def _list(self, sql: str, params: Any) -> list[str]:
        return sorted(key for (key,) in self._store.read(lambda snapshot: snapshot.rows(sql, params)))


class Elsewhere:
    """Operates a store in a process of its own."""

    def __init__(self, directory: Path) -> None:
        self._process = start_command([str(directory)], program=Path(__file__), is_told=True)

    def do(self, now: int, name: str, *args: Any) -> Any:
        self.ask(now, name, *args)
        return self.hear()

    def ask(self, now: int, name: str, *args: Any) -> None:
        """Begin an operation, without waiting for what it comes to."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([now, name, args]) + "\n")
        self._process.stdin.flush()

    def hear(self) -> Any:
        """What the operation came to that was begun."""
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def close(self) -> int:
        """End the process as its user would; its exit code."""
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
        return self._process.wait(60)


def serve(directory: Path, read: Callable[[], str], write: Callable[[str], object]) -> None:
    clock = ManualClock(START, monotonic=SystemClock())
    with open_test_store(directory, clock=clock, settings=LONG) as store:
        here = Here(store, clock)
        while line := read():
            now, name, args = json.loads(line)
            write(json.dumps(here.do(now, name, *args)) + "\n")


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    serve(Path(sys.argv[1]), sys.stdin.readline, sys.stdout.write)
