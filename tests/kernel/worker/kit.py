"""What tests of workers share: jobs by GraphQL, workers in threads, and workers that are processes to signal."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from synthetic.testing import RunningServer, wait_until
from synthetic.testing_commands import ForkedProcess, start_command
from synthetic.worker import Client, Worker

SECONDS = 60
PROGRAM = Path(__file__).parent / "program.py"
FIELDS = """id status progress phase attempts maxAttempts leaseToken leaseOwner waitingFor result errorMessage runAfter
    checkpoints { phase data } history { number worker outcome error }"""


class Jobs:
    """The jobs of a server, as a client sees them."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def mutate(self, field: str, selection: str = "job { id status }", **given: Any) -> dict[str, Any]:
        """Run one mutation."""
        kind = field[0].upper() + field[1:]
        document = f"mutation($input: {kind}Input!) {{ {field}(input: $input) {{ {selection} }} }}"
        return self.client.execute(document, {"input": given})[field]

    def save(self, kind: str, **content: Any) -> str:
        """Store a job."""
        return self.mutate("saveJob", kind=kind, **content)["job"]["id"]

    def get(self, job_id: str) -> dict[str, Any]:
        """A job as it is now."""
        return self.client.execute(f"query($id: ID!) {{ job(id: $id) {{ {FIELDS} }} }}", {"id": job_id})["job"]

    def wait(self, job_id: str, status: str) -> dict[str, Any]:
        """A job, once it has a status."""

        def there() -> dict[str, Any] | None:
            job = self.get(job_id)
            return job if job["status"] == status else None

        return wait_until(there, f"{status} of {job_id}")

    def outcomes(self, job_id: str) -> list[str]:
        """How its attempts ended."""
        return [attempt["outcome"] for attempt in self.get(job_id)["history"]]


@contextlib.contextmanager
def working(worker: Worker) -> Iterator[Worker]:
    """A worker that runs in a thread for the length of a `with`."""
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield worker
    finally:
        worker.stop(at_once=True)
        thread.join(SECONDS)
        assert not thread.is_alive()


@contextlib.contextmanager
def process(
    server: RunningServer, folder: Path, *kinds: str, **options: Any
) -> Iterator[subprocess.Popen[str] | ForkedProcess]:
    """A worker that is a process of its own; what is left of it is killed.

    Args:
        server: Where it claims.
        folder: Where its handlers leave files.
        kinds: Of the program's handlers.
        options: Further arguments of `Worker`, and `lease_ms`.
    """
    given = [f"{name}={value}" for name, value in options.items()]
    environment = {**os.environ, "SYNTHETIC_URL": server.url, "SYNTHETIC_TOKEN": server.token}
    started = start_command([str(folder), ",".join(kinds), *given], environment=environment, program=PROGRAM)
    # A worker that is stopped in the middle of a line must not hold up who reads it.
    log: list[str] = []
    reader = threading.Thread(target=lambda: log.extend(started.stderr), daemon=True)
    reader.start()
    try:
        yield started
    finally:
        if started.poll() is None:
            started.send_signal(signal.SIGCONT)
            started.kill()
            started.wait()
        reader.join(SECONDS)
        started.stderr.close()
        started.stdout.close()
    assert "Traceback" not in "".join(log), "".join(log)


def lines_of(file: Path) -> Sequence[str]:
    """The lines that handlers have left in a file so far."""
    return file.read_text().splitlines() if file.exists() else []
