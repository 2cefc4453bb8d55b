"""What the operations that are killed have to work on, and what every store must be afterwards; for programs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import apsw
from workload import save_all

from synthetic import Store
from synthetic.checks.declared import LoadedChecks
from synthetic.cli import main as run_words
from synthetic.clock import Clock
from synthetic.data_directory import DataDirectory
from synthetic.kernel import Kernel
from synthetic.kernel_parts import blueprint_of, inspection_of
from synthetic.registry import load_registry
from synthetic.testing import FAST_SETTINGS
from synthetic_artifacts.model import ArtifactContent
from synthetic_artifacts.store import create_artifact

KEYS = tuple(f"kept{number}" for number in range(4))
"""What each of these stores holds: a construct, a job and a session of each name."""

TEXT = b"one line of a log\n" * 200


@dataclass(frozen=True)
class Case:
    """An operation that is killed at its crash points.

    Attributes:
        points: Where, as `SYNTHETIC_CRASH_AT` names them.
        act: Does it, on a store in a directory; also again, where it was broken off.
        prepare: Brings an empty store to where it can be done.
        find_wrong: What is not as it must be when it was done again to the end.
        find_left: The same, right after it was killed and before it is done again.
        environment: Settings that it is done with.
    """

    points: tuple[str, ...]
    act: Callable[[Path], object]
    prepare: Callable[[Path], object]
    find_wrong: Callable[[Path], list[str]]
    find_left: Callable[[Path], list[str]] | None = None
    environment: dict[str, str] = field(default_factory=dict)


def command(*words: str, passes: tuple[int, ...] = (0,)) -> None:
    """Run a command in this process; it must end with one of these codes."""
    code = run_words(list(words))
    assert code in passes, f"{words} ended with {code}"


@contextmanager
def opened(data: Path, clock: Clock | None = None, **settings: str) -> Iterator[Store]:
    """A store, as a program opens it."""
    overrides = {**FAST_SETTINGS, **settings}
    with Store(Kernel.open(data, overrides=overrides, migrate=True, clock=clock)) as store:
        yield store


def fill(data: Path, **settings: str) -> None:
    """Store some of everything."""
    with opened(data, **settings) as store:
        for key in KEYS:
            store.write(save_all, key)
        for key in KEYS[:2]:
            content = ArtifactContent(
                id=key, construct_id=key, type="log", name="build.log", content_type="application/octet-stream"
            )
            create_artifact(store, content, [TEXT + key.encode()])


def find_problems(data: Path) -> list[str]:
    """What `synthetic check --deep` finds, and what SQLite does; the store is not open."""
    connection = apsw.Connection(str(data / "synthetic.db"))
    try:
        integrity = connection.pragma("integrity_check")
    finally:
        connection.close()
    registry = load_registry(data, overrides=FAST_SETTINGS)
    inspection = inspection_of(registry, blueprint_of(registry))
    inspection = replace(inspection, checks=LoadedChecks.of(registry.checks).chosen("deep"))
    problems = inspection.find_problems(DataDirectory(data), lambda _bytes: None)
    return [*([] if integrity == "ok" else [integrity]), *problems]


def find_missing(data: Path) -> list[str]:
    """What of `fill` is not there."""
    with opened(data) as store:
        found = store.read(lambda snapshot: {id for (id,) in snapshot.rows("SELECT id FROM constructs")})
        artifacts = store.read(lambda snapshot: {id for (id,) in snapshot.rows("SELECT id FROM artifacts")})
    missing = [f"the construct {key} is lost" for key in KEYS if key not in found]
    return missing + [f"the artifact {key} is lost" for key in KEYS[:2] if key not in artifacts]


def beside(data: Path, name: str) -> Path:
    """A file that goes with a store and is none of its own."""
    return data.with_name(f"{data.name}-{name}")


def keep(data: Path, name: str, value: Any) -> None:
    """Remember something for later steps, which run in other processes."""
    beside(data, name).write_text(json.dumps(value))


def kept(data: Path, name: str) -> Any:
    """What `keep` was given."""
    return json.loads(beside(data, name).read_text())


def let_lease_run_out(data: Path) -> None:
    """What eight seconds do after the process that has the store's background work was killed."""
    connection = apsw.Connection(str(data / "synthetic.db"))
    connection.set_busy_timeout(10_000)
    connection.execute("UPDATE leases SET expires_at = 0")
    connection.close()


def is_whole_list(folder: Path) -> bool:
    """Whether nothing in a folder looks like the beginning of a file."""
    return not any(name.endswith(".partial") for _, _, names in os.walk(folder) for name in names)
