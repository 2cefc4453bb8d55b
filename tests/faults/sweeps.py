"""Starting a sweep of faults, for the tests and for the figures of a full run."""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from synthetic.testing_commands import start_command

PROGRAM = Path(__file__).with_name("sweeping.py")
SEED = "SYNTHETIC_FAULT_SEED"
"""The variable that names the seed of a run that is to be repeated."""

STRIDES = {"eio": 600, "dead-disk": 700, "full": 450, "short-write": 450, "failed-sync": 12, "power-loss": 500}
"""Of how many operations that can fail one does, in a run that samples them."""


def make_seed() -> int:
    """A seed, printed so that a failure can be repeated: the one that `SEED` names, or a new one."""
    seed = int(os.environ.get(SEED, random.SystemRandom().randrange(2**32)))
    sys.stdout.write(f"{SEED}={seed}\n")
    return seed


def sample(seed: int, kinds: Iterable[str] = tuple(STRIDES)) -> list[str]:
    """What a short run tries: a few operations of each kind, others with another seed."""
    chance = random.Random(seed)
    return [f"{kind}:{chance.randint(1, STRIDES[kind])}:{STRIDES[kind]}" for kind in kinds]


def run_sweep(
    template: Path, folder: Path, seed: int, asked: Iterable[str], *, synchronous: str = "FULL"
) -> list[dict[str, Any]]:
    """Sweep, in a process of its own.

    Args:
        template: A store, closed, that is copied for each run.
        folder: For the copies; it must exist.
        seed: For what is left to chance.
        asked: See `sweeping.py`.
        synchronous: How the store waits for the disk.

    Returns:
        What came of each kind, in order, as `sweeping.Sweep` has it.
    """
    process = start_command([str(template), str(folder), synchronous, str(seed), *asked], program=PROGRAM)
    output, errors = process.communicate()
    assert process.wait() == 0, errors
    return [json.loads(line) for line in output.splitlines()]
