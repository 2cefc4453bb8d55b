"""A fixed piece of work on a store that goes through all that writes to its file, and what must be true of it after.

Writes one after the other and many in one commit, one that is refused, reads,
copying the log into the database and cutting it off, changing rows so that
pages become free, giving these back, and the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw

from synthetic import BadUserInputError, Store, SyntheticError, Transaction
from synthetic.kernel import Kernel
from synthetic.registry import Registry
from synthetic.storage.free_pages import FreePages
from synthetic_constructs.store import save_construct
from synthetic_jobs.store import save_job
from synthetic_sessions.store import save_session

SETTINGS = {
    "kernel.database.free_disk_bytes": "0",
    "kernel.storage.wal_bytes": "65536",
    "kernel.storage.free_page_bytes": "0",
}
TEXT = "x" * 9_000
"""Some pages of a file, which become free when it goes."""

ALONE, TOGETHER, LAST = 3, 5, 2
"""How many writes one after the other at first, in one commit, and in the end."""


def save_all(tx: Transaction, key: str) -> None:
    """Store rows of several plugins, each with its event."""
    save_construct(tx, {"type": "task", "title": key, "description": TEXT}, id=key)
    save_job(tx, {"kind": "build", "construct_id": key}, job_id=key)
    save_session(tx, {"construct_id": key, "agent": "builder-1"}, session_id=key)


def save_and_refuse(tx: Transaction, key: str) -> None:
    """Store the same, and find then that it must not be."""
    save_all(tx, key)
    raise BadUserInputError("It is not wanted.")


def empty_text(tx: Transaction, key: str) -> None:
    """Take the long text of a construct away."""
    save_construct(tx, {"description": None}, id=key, if_version=1)


@dataclass
class Account:
    """What was asked of a store, and what it answered.

    Attributes:
        stored: Writes that were acknowledged, in that order.
        maybe: Those that were not.
        refused: Those that were refused for what they are.
        emptied: Constructs whose text was taken away, and that was acknowledged.
        maybe_emptied: The same, and it was not.
        codes: The codes of the errors that were answered, in order.
        wrong: What was answered and must not be.
        healed: Whether a write after the fault was healed was acknowledged; None: it did not come to that.
    """

    stored: list[str] = field(default_factory=list)
    maybe: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    emptied: set[str] = field(default_factory=set)
    maybe_emptied: set[str] = field(default_factory=set)
    codes: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    healed: bool | None = None

    def attempt(self, what: str, work: Callable[[], Any]) -> bool:
        """Do something; whether it went well. Whatever it raises must be an error of the contract."""
        try:
            work()
        except SyntheticError as error:
            self.codes.append(error.code)
            return False
        except BaseException as error:  # noqa: BLE001 - it is what the test looks for
            self.wrong.append(f"{what}: {type(error).__name__}: {error}")
            return False
        return True

    def save(self, store: Store, key: str) -> None:
        """One write, and what became of it."""
        if self.attempt(f"save {key}", lambda: store.write(save_all, key)):
            self.stored.append(key)
        else:
            self.maybe.add(key)

    async def save_together(self, store: Store, keys: list[str]) -> None:
        """Writes that wait in line together, and so share a commit."""
        answers = await asyncio.gather(
            *(store.kernel.database.write(save_all, key) for key in keys), return_exceptions=True
        )
        for key, answer in zip(keys, answers, strict=True):
            if answer is None:
                self.stored.append(key)
                continue
            self.maybe.add(key)
            if isinstance(answer, SyntheticError):
                self.codes.append(answer.code)
            else:
                self.wrong.append(f"save {key}: {type(answer).__name__}: {answer}")

    def read(self, store: Store) -> None:
        """What is read is what was acknowledged, and perhaps more: never less."""

        def look() -> None:
            found = store.read(lambda snapshot: {id for (id,) in snapshot.rows("SELECT id FROM constructs")})
            if not set(self.stored) <= found:
                self.wrong.append(f"not read: {sorted(set(self.stored) - found)}")

        self.attempt("read", look)


def carry_out(directory: Path, registry: Registry, account: Account, heal: Callable[[], None]) -> None:
    """Do the work, whatever fails.

    Args:
        directory: Of a store.
        registry: Loaded with `SETTINGS`.
        account: Takes down what was answered.
        heal: Called before the last writes: from then on nothing fails.
    """
    opened: list[Kernel] = []
    if not account.attempt("open", lambda: opened.append(Kernel.open(directory, registry=registry))):
        heal()
        return
    store = Store(opened[0])
    try:
        _write_and_tidy(store, account)
        heal()
        before = len(account.stored)
        for number in range(LAST):
            account.save(store, f"last{number}")
        account.healed = len(account.stored) == before + LAST
        account.read(store)
    finally:
        account.attempt("close", store.close)


def _write_and_tidy(store: Store, account: Account) -> None:
    kernel = store.kernel
    for number in range(ALONE):
        account.save(store, f"alone{number}")
    if not account.attempt("refuse", lambda: store.write(save_and_refuse, "refused")):
        account.refused.add("refused")
    account.read(store)
    asyncio.run(account.save_together(store, [f"together{number}" for number in range(TOGETHER)]))
    account.attempt("checkpoint", lambda: kernel.checkpointer.step(store))
    for key in [*account.stored[:3]]:
        if account.attempt(f"empty {key}", lambda key=key: store.write(empty_text, key)):
            account.emptied.add(key)
        else:
            account.maybe_emptied.add(key)
    pages = FreePages(kernel.database, kernel.settings, kernel.clock, kernel.storage_meter)
    account.attempt("give back", lambda: pages.step(store))
    account.attempt("checkpoint", lambda: kernel.database.keep_up(lambda connection: connection.empty_log(200)))
    account.read(store)


def find_wrong(directory: Path, account: Account) -> list[str]:
    """What is not as it must be in a store, which no process has open: nothing, if all is well."""
    wrong = list(account.wrong)
    connection = apsw.Connection(str(directory / "synthetic.db"))
    try:
        integrity = connection.pragma("integrity_check")
        if integrity != "ok":
            return [*wrong, f"integrity_check: {integrity}"]
        if broken := connection.execute("PRAGMA foreign_key_check").fetchall():
            wrong.append(f"foreign_key_check: {broken[:3]}")
        wrong += _find_wrong_rows(connection, account)
    finally:
        connection.close()
    return wrong


def _find_wrong_rows(connection: apsw.Connection, account: Account) -> list[str]:
    wrong: list[str] = []
    tables = ("constructs", "sync_jobs", "sessions")
    found = [{id for (id,) in connection.execute(f"SELECT id FROM {table}")} for table in tables]
    told: dict[str, list[int]] = {}
    for id, position in connection.execute(
        "SELECT entity_id, position FROM domain_events WHERE entity_type IN ('construct', 'job', 'session')"
        " ORDER BY position"
    ):
        told.setdefault(id, []).append(position)
    for key in (*account.stored, *account.maybe, *account.refused):
        there = {key in ids for ids in found} | {len(told.get(key, ())) >= len(tables)}
        if len(there) != 1:
            wrong.append(f"{key} is there by half")
        if key in account.stored and there != {True}:
            wrong.append(f"{key} was acknowledged and is lost")
        if key in account.refused and there != {False}:
            wrong.append(f"{key} was refused and is there")
    if unknown := found[0] - {*account.stored, *account.maybe}:
        wrong.append(f"nobody has stored {sorted(unknown)}")
    texts = dict(connection.execute("SELECT id, description FROM constructs").fetchall())
    for key in set(account.stored):
        is_empty, has_event = texts.get(key) is None, len(told.get(key, ())) > len(tables)
        if is_empty != has_event or (key in account.emptied and not is_empty):
            wrong.append(f"the change of {key} is lost, or there by half")
        if is_empty and key not in account.emptied | account.maybe_emptied:
            wrong.append(f"the text of {key} is lost")
    order = [told[key][0] for key in account.stored if key in told]
    if order != sorted(set(order)):
        wrong.append("positions do not follow the order of the answers")
    last = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'domain_events'").get
    if order and last < max(position for positions in told.values() for position in positions):
        wrong.append("a position could be given again")
    return wrong
