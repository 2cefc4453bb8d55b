"""`python -m tests.faults`: the whole fault suite, and its figures as docs/reliability.md keeps them.

It takes an hour on two cores; `--sample` tries what the normal test run tries.
It ends with 1 if anything was not as it must be, which it names.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import apsw

from synthetic.plugins.discovery import kernel_version
from synthetic.testing import copy_template, make_template
from synthetic.testing_commands import start_command

from .sweeps import STRIDES, make_seed, run_sweep, sample
from .test_crash_points import PROGRAM, cases
from .test_kills import check_all, writing


def tell(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def sweep(template: Path, folder: Path, seed: int, *, is_sample: bool) -> list[str]:
    """Fail operations on files, kind by kind; what was wrong."""
    tell("| kind | runs | operations of one run | failed | writes answered | refused | wrong | seconds |")
    tell("|---|---|---|---|---|---|---|---|")
    wrong: list[str] = []
    met: Counter[str] = Counter()
    for asked in sample(seed) if is_sample else [f"{kind}:1:1" for kind in STRIDES]:
        (found,) = run_sweep(template, folder, seed, [asked])
        columns = ("kind", "runs", "in_a_run", "failures", "answered", "unanswered")
        tell(f"| {' | '.join(f'{found[name]}' for name in columns)} | {len(found['wrong'])} | {found['seconds']:.0f} |")
        met.update(found["operations"])
        wrong += found["wrong"] + [f"{found['kind']}: {found['gave_up']} stores gave up"] * bool(found["gave_up"])
    tell(f"\nFailed first: {', '.join(f'{name} {count}' for name, count in met.most_common())}")
    return wrong


def crash(template: Path, folder: Path, seed: int, *, is_sample: bool) -> list[str]:
    """Kill operations at their crash points; what was wrong."""
    tell("\n| operation | killed at | wrong | seconds |")
    tell("|---|---|---|---|")
    every, wrong = cases(), list[str]()
    for name in random.Random(seed).sample(sorted(every), 3) if is_sample else sorted(every):
        began, room = time.monotonic(), folder / name
        room.mkdir()
        words = [f"{name}={point}" for point in every[name]]
        process = start_command([str(template), str(room), *words], program=PROGRAM)
        output, errors = process.communicate()
        outcomes: list[dict[str, Any]] = [json.loads(line) for line in output.splitlines()]
        bad = [f"{each['point']}: {said}" for each in outcomes for said in each["wrong"]]
        if process.wait() or len(outcomes) != len(words):
            bad.append(f"{name}: {errors}")
        tell(f"| {name} | {', '.join(every[name])} | {len(bad)} | {time.monotonic() - began:.0f} |")
        wrong += bad
    return wrong


def kill(template: Path, folder: Path, seed: int, *, is_sample: bool) -> list[str]:
    """Kill processes under load; what was wrong."""
    data = copy_template(template, folder / "store")
    chance, kills, began = random.Random(seed), 0, time.monotonic()
    wanted = (5, 50) if is_sample else (200, 10_000)
    with writing(data, servers=2, alone=3, clients=4) as writers:
        while kills < wanted[0] or len(writers.stored) < wanted[1]:
            writers.kill_one(chance)
            kills += 1
    again = sum(each - 1 for each in writers.sent.values())
    tell(
        f"\n{len(writers.stored):,} acknowledged writes of 3 programs and of 8 clients of 2 servers, {kills} of the"
        f" processes killed, {again} writes sent again, {time.monotonic() - began:.0f} seconds."
    )
    try:
        check_all(data, writers)
    except AssertionError as error:
        return [f"kills: {error}"]
    return []


def main() -> int:
    """Run all of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--sample", action="store_true", help="what the normal test run tries, in a minute")
    is_sample = parser.parse_args().sample
    versions = f"Synthetic {kernel_version()}, SQLite {apsw.sqlite_lib_version()}, apsw {apsw.apsw_version()}"
    tell(f"{time.strftime('%Y-%m-%d')}: {versions}, Python {platform.python_version()}, {platform.system()}\n")
    seed = make_seed()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as room:
        folder = Path(room)
        template = make_template(folder / "template")
        for part in (sweep, crash, kill):
            place = folder / part.__name__
            place.mkdir()
            wrong += part(template, place, seed, is_sample=is_sample)
    for each in wrong:
        tell(f"WRONG {each}")
    tell(f"\n{len(wrong)} things were wrong.")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
