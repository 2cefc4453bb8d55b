"""A worker as a user would write it, for tests to start, kill, stop and continue."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from pathlib import Path
from typing import Any

from synthetic.worker import AsyncJob, Job, Worker

FOLDER = Path(sys.argv[1])


def leave(job: Job | AsyncJob, words: str) -> None:
    """Append a line to the job's file, at once and whole."""
    with (FOLDER / job.id).open("a") as file:
        file.write(f"{job.lease_token} {words}\n")


def steps(job: Job) -> object:
    """Do so many steps, with a checkpoint after each, and go on where the last attempt stood."""
    stored = job.load_checkpoint("steps")
    done = stored.data["done"] if stored else 0
    leave(job, f"from {done}")
    for step in range(done, job.params["steps"]):
        time.sleep(job.params.get("step_seconds", 0.0))
        leave(job, f"step {step}")
        job.checkpoint("steps", {"done": step + 1})
        if step + 1 == job.params.get("stands_at") and not stored:
            leave(job, "stands")
            time.sleep(3600)
    return {"steps": job.params["steps"], "attempt": job.lease_token}


def gate(job: Job) -> object:
    """Wait until the test opens the gate, whatever anybody else wants."""
    leave(job, "waits")
    while not (FOLDER / f"{job.id}.open").exists():
        time.sleep(0.01)
    return {"attempt": job.lease_token}


async def blocks(job: AsyncJob) -> None:
    """Call what nobody can end, in a thread."""
    leave(job, "blocks")
    await asyncio.to_thread(time.sleep, 3600)


def main() -> None:
    """Run the handlers that the arguments name."""
    logging.basicConfig(level=logging.WARNING)
    options: dict[str, Any] = {name: int(value) for name, _, value in (given.partition("=") for given in sys.argv[3:])}
    lease_ms = options.pop("lease_ms", 2_000)
    worker = Worker(**{"poll_ms": 500, **options})
    for kind in sys.argv[2].split(","):
        worker.handles(kind, lease_ms=lease_ms)(
            {"steps": steps, "gate": gate, "blocks": blocks}[kind.partition("-")[0]]
        )
    worker.run()


if __name__ == "__main__":
    main()
