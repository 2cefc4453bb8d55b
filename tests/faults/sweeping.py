"""A program that lets the n-th operation on a store's files fail, for one n after the other.

    sweeping.py TEMPLATE FOLDER SYNCHRONOUS SEED KIND:FIRST:STRIDE ...

For each kind it begins with operation FIRST and takes every STRIDE-th, until a
run comes to its end before that operation is reached. For each kind it prints a
line of JSON: see `Sweep`.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import apsw
from durable_image import DurableImage
from failing_files import FailingFiles, Fault, Kind
from workload import SETTINGS, Account, carry_out, find_wrong, save_all

from synthetic import Store
from synthetic.kernel import Kernel
from synthetic.registry import Registry, load_registry

WITHOUT = (
    "ingest", "approvals", "dead_letters", "deliveries", "artifacts", "projections", "audit", "search",
)  # fmt: skip
"""Plugins that the work does not use: a store opens faster without them."""

ANSWERS = {
    Kind.EIO: {"STORAGE_FAILED", "STORAGE_READ_ONLY", "BAD_USER_INPUT"},
    Kind.DEAD_DISK: {"STORAGE_FAILED", "STORAGE_READ_ONLY", "BAD_USER_INPUT"},
    Kind.FULL: {"STORAGE_FULL", "BAD_USER_INPUT"},
    Kind.SHORT_WRITE: {"STORAGE_FAILED", "BAD_USER_INPUT"},
    Kind.SYNC: {"STORAGE_FAILED", "BAD_USER_INPUT"},
    Kind.POWER: {"STORAGE_FAILED", "STORAGE_READ_ONLY", "BAD_USER_INPUT"},
}
"""What a caller may be told."""


@dataclass
class Sweep:
    """What came of a kind of fault.

    Attributes:
        kind: Which.
        runs: How often the work was done.
        in_a_run: How many operations that could have failed the run had that met none.
        struck: How many of them met the fault.
        operations: How often each operation was the one that failed first, such as `sync synthetic.db-wal`.
        failures: How many operations failed in all.
        answered: How many writes were acknowledged, all of which were found again.
        unanswered: How many were not.
        codes: How often each code was answered.
        went_on: How many stores that were open took writes again, without a restart, once the fault had gone.
        gave_up: How many did not.
        wrong: What was not as it must be, each with its kind and number.
        seconds: How long it took.
    """

    kind: str
    runs: int = 0
    in_a_run: int = 0
    struck: int = 0
    operations: Counter[str] = field(default_factory=Counter)
    failures: int = 0
    answered: int = 0
    unanswered: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    went_on: int = 0
    gave_up: int = 0
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0


def run_one(
    files: FailingFiles, registry: Registry, template: Path, data: Path, fault: Fault
) -> tuple[Account, list[str]]:
    """Do the work on a copy of a store while a fault is about; what was answered, and what is wrong then."""
    shutil.rmtree(data, ignore_errors=True)
    shutil.copytree(template, data)
    data.chmod(0o700)
    if fault.kind in (Kind.POWER, Kind.SYNC):
        fault.image = DurableImage(data)
    account = Account()
    files.fault = fault
    try:
        carry_out(data, registry, account, fault.heal)
    finally:
        files.fault = None
    if fault.image is not None and fault.struck is not None:
        for path in data.glob("synthetic.db*"):
            if not path.name.endswith("-shm") or fault.chance.random() < 0.5:
                path.unlink()
        fault.image.lay_out(data, fault.chance)
    try:
        wrong = find_wrong(data, account)
    except apsw.Error as error:
        wrong = [f"it cannot be opened: {type(error).__name__}: {error}"]
    if not wrong:
        wrong += _find_wrong_after_start(registry, data, account)
    wrong += [f"answered {code}" for code in account.codes if fault.kind and code not in ANSWERS[fault.kind]]
    return account, wrong


def _find_wrong_after_start(registry: Registry, data: Path, account: Account) -> list[str]:
    """Whether the store opens by itself, and takes writes behind all others."""
    try:
        with Store(Kernel.open(data, registry=registry)) as store:
            before, after = (
                store.read(lambda snapshot: snapshot.value("SELECT max(position) FROM domain_events")),
                store.write(_save_and_look),
            )
    except Exception as error:  # noqa: BLE001 - it is what the sweep looks for
        return [f"after a restart: {type(error).__name__}: {error}"]
    account.stored.append("again")
    wrong = find_wrong(data, account)
    return wrong if before is None or after >= before else [*wrong, "a position was given again"]


def _save_and_look(tx) -> int:
    save_all(tx, "again")
    return tx.value("SELECT seq FROM sqlite_sequence WHERE name = 'domain_events'") or 0


def sweep(
    files: FailingFiles, registry: Registry, template: Path, folder: Path, asked: tuple[Kind, int, int], seed: int
) -> Sweep:
    """Let one operation after the other fail."""
    kind, number, stride = asked
    found, began = Sweep(str(kind)), time.monotonic()
    while True:
        fault = Fault(folder / "store", kind, number, chance=random.Random(f"{seed} {kind} {number}"))
        account, wrong = run_one(files, registry, template, fault.folder, fault)
        found.runs += 1
        found.wrong += [f"{kind} at {number} ({fault.struck}): {each}" for each in wrong]
        found.answered += len(account.stored)
        found.unanswered += len(account.maybe)
        if fault.struck is None:
            found.in_a_run = fault.counted
            break
        found.struck += 1
        found.failures += fault.failures
        found.operations[fault.struck] += 1
        found.codes.update(code for code in account.codes if code != "BAD_USER_INPUT")
        if kind is not Kind.POWER and account.healed is not None:
            found.went_on += account.healed
            found.gave_up += not account.healed
        number += stride
    found.seconds = round(time.monotonic() - began, 1)
    return found


def main() -> None:
    """Sweep, and print what came of it."""
    template, folder, seed = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[4])
    settings = {**SETTINGS, "kernel.database.synchronous": sys.argv[3]}
    without = {f"plugins.{name}.enabled": "false" for name in WITHOUT}
    registry = load_registry(None, overrides={**settings, **without}, environ={})
    files = FailingFiles()
    for words in sys.argv[5:]:
        kind, first, stride = words.split(":")
        found = sweep(files, registry, template, folder, (Kind(kind), int(first), int(stride)), seed)
        sys.stdout.write(f"{json.dumps(vars(found))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
