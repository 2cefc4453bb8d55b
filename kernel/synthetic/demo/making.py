"""Making the demo: from a data directory to a store that holds the whole history of a made-up fleet."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

import msgspec

from synthetic.clock import SystemClock
from synthetic.data_directory import DataDirectory
from synthetic.demo.fleet import Fleet
from synthetic.demo.history import ACTOR, AFTER_CHANGES, merged_history, write_history
from synthetic.demo.mark import Mark, check_wanted, find_mark, write_mark
from synthetic.demo.parts import LoadedPart, histories, load_parts, with_lives
from synthetic.demo_errors import NotADemoError
from synthetic.kernel import Kernel
from synthetic.origin import Origin
from synthetic.plugins.discovery import kernel_version
from synthetic.registry import Registry, load_registry
from synthetic.store import Store

SEED_DEFAULT = 1
SCALE_DEFAULT = 1

WHILE_MAKING = {"kernel.database.synchronous": "NORMAL"}
"""No commit waits for the disk: what a power cut takes away, the next run writes again."""

WHILE_SERVED = {"kernel.retention.enabled": "false"}
"""Its history may be as old as one likes, and is what there is to be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which fleet is asked for; what is None is as it is in the store, or as by default in a new one.

    Attributes:
        seed: Another seed gives another fleet.
        scale: How large it is.
        now: The end of its history, Unix milliseconds UTC; by default the present.
    """

    seed: int | None = None
    scale: int | None = None
    now: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What making it came to.

    Attributes:
        mark: Which fleet it is.
        written: By plugin, how many things its part has; empty where all was there before.
        seconds: How long it took.
    """

    mark: Mark
    written: Mapping[str, int]
    seconds: float


def make_demo(
    directory: DataDirectory,
    wanted: Wanted,
    overrides: Mapping[str, str],
    stop: threading.Event,
    expect: Callable[[int], None],
    advance: Callable[[int], None],
) -> Made:
    """Fill a store with the history of a fleet, or with what it lacks of it.

    Args:
        directory: Where; made if it is not there.
        wanted: Which fleet.
        overrides: Settings by dotted name, as `--set` takes them.
        stop: Once it is set, no more is written; a later call goes on there.
        expect: Told how much is to be written in all.
        advance: Told of each bit that is written.

    Raises:
        NotADemoError: The directory holds a store that the demo did not make,
            or one that other plugins or another version began to make, or
            that was changed while it was half made.
        BadUserInputError: It holds a demo, but not the one that is wanted.
        DatabaseBusyError: Another process has the store open.
        PluginFailedError: A plugin's part cannot be used.
        SyntheticError: The store cannot be opened or written.
    """
    started = time.monotonic()
    mark = find_mark(directory)
    if mark is not None and mark.is_filled:
        check_wanted(mark, dataclasses.asdict(wanted))
        return Made(mark=mark, written={}, seconds=0.0)
    registry = load_registry(directory.path, overrides={**WHILE_MAKING, **overrides})
    parts = load_parts(registry)
    mark = _claim(directory, _new_mark(wanted, parts), wanted)
    if (mark.parts, mark.version) != (_names(parts), kernel_version()):
        raise NotADemoError(
            f"The demo in {directory.path} was begun with other plugins or by another version.", action=AFTER_CHANGES
        )
    written = _fill(directory, registry, parts, mark, stop, expect, advance)
    if written is None:
        return Made(mark=mark, written={}, seconds=time.monotonic() - started)
    mark = msgspec.structs.replace(mark, is_filled=True)
    write_mark(directory, mark)
    return Made(mark=mark, written=written, seconds=time.monotonic() - started)


def load_living(directory: DataDirectory, mark: Mark, overrides: Mapping[str, str]) -> Registry:
    """What a server of the demo is made of: the plugins, and the services that let the fleet go on.

    Raises:
        SyntheticError: The plugins cannot be loaded.
    """
    registry = load_registry(directory.path, overrides={**WHILE_SERVED, **overrides})
    return with_lives(registry, load_parts(registry), fleet_of(mark), SystemClock().now_ms())


def fleet_of(mark: Mark) -> Fleet:
    """The plan of the fleet that a mark names."""
    return Fleet(seed=mark.seed, scale=mark.scale, now=mark.now)


def _fill(
    directory: DataDirectory,
    registry: Registry,
    parts: Sequence[LoadedPart],
    mark: Mark,
    stop: threading.Event,
    expect: Callable[[int], None],
    advance: Callable[[int], None],
) -> Counter[str] | None:
    """Write the history; by plugin, how many things it has, or None when it was stopped."""
    fleet, told = fleet_of(mark), histories(parts)
    expect(sum(moment.amount for _, moment in takewhile(lambda _: not stop.is_set(), merged_history(fleet, told))))
    written: Counter[str] = Counter()

    def wrote(plugin: str, amount: int) -> None:
        written[plugin] += amount
        advance(amount)

    store = Store(Kernel.open(directory.path, registry=registry, migrate=True), Origin(ACTOR))
    # Two that filled one store would each go on from where the other is.
    with store, store.kernel.alone():
        is_done = write_history(store, merged_history(fleet, told), stop, wrote)
    return written if is_done else None


def _claim(directory: DataDirectory, new: Mark, wanted: Wanted) -> Mark:
    """The mark of a directory, which is this new one if there is none: of two that begin at once, one is the first.

    Raises:
        NotADemoError, BadUserInputError, DatabaseBusyError: See `make_demo`.
    """
    directory.prepare()
    with directory.start_lock(SystemClock()):
        mark = find_mark(directory)
        if mark is None:
            write_mark(directory, new)
            return new
    check_wanted(mark, dataclasses.asdict(wanted))
    return mark


def _new_mark(wanted: Wanted, parts: Sequence[LoadedPart]) -> Mark:
    return Mark(
        seed=SEED_DEFAULT if wanted.seed is None else wanted.seed,
        scale=SCALE_DEFAULT if wanted.scale is None else wanted.scale,
        now=SystemClock().now_ms() if wanted.now is None else wanted.now,
        parts=_names(parts),
        version=kernel_version(),
    )


def _names(parts: Sequence[LoadedPart]) -> tuple[str, ...]:
    return tuple(part.plugin for part in parts)
