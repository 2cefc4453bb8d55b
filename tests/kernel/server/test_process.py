"""The serving process, in this process where that can be, and the parent of workers with workers that are none."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from synthetic.errors import ExitCode, InternalError, WorkerFailedError
from synthetic.kernel_settings import ServerSettings
from synthetic.server import workers
from synthetic.server.listening import listen
from synthetic.server.process import Lifetime, run_server
from synthetic.server.workers import Workers
from synthetic.store import Store


def never() -> None:
    raise AssertionError("it must not come to this")


def test_an_application_that_cannot_start_is_an_error(store: Store, monkeypatch: pytest.MonkeyPatch):
    def broken() -> None:
        raise RuntimeError("services are broken")

    monkeypatch.setattr(store.kernel, "services", broken)
    (listening,) = listen("127.0.0.1", 0)
    with listening, pytest.raises(InternalError, match="could not start"):
        run_server(store.kernel, [listening], Lifetime(announce=never, stopping=never), no_auth=True)


def test_a_server_in_a_thread_leaves_signals_alone(store: Store):
    """It ends when what would be its parent does: the reading end of a pipe tells it so."""
    reading, writing = os.pipe()
    serving = threading.Event()
    events: list[str] = []
    lifetime = Lifetime(announce=serving.set, stopping=lambda: events.append("stopping"), parent=reading)
    listening = listen("127.0.0.1", 0)
    thread = threading.Thread(target=run_server, args=(store.kernel, listening, lifetime), kwargs={"no_auth": True})
    thread.start()
    serving.wait()
    os.close(writing)
    thread.join()
    os.close(reading)
    assert events == ["stopping"]


def test_a_stop_that_takes_too_long_is_cut_short():
    script = (
        "import threading\n"
        "from synthetic.kernel_settings import ServerSettings\n"
        "from synthetic.server import process\n"
        "process.STOP_GRACE_SECONDS = 0.0\n"
        "with process.bounded_stop(ServerSettings(shutdown_ms=1)) as stopping:\n"
        "    stopping()\n"
        "    threading.Event().wait()\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True, timeout=60)
    assert ended.returncode == ExitCode.INTERNAL
    assert "took too long" in ended.stderr


def run_workers(data_dir: Path, settings: ServerSettings) -> None:
    asyncio.run(Workers(data_dir, {}, [], settings, no_auth=True, read_only=False, announce=never).run())


def test_a_worker_that_cannot_start_ends_the_start_with_its_reason(tmp_path: Path):
    with pytest.raises(WorkerFailedError, match="There is no store in") as caught:
        run_workers(tmp_path, ServerSettings(workers=2))
    assert "--data" in caught.value.suggested_action


def test_a_worker_that_ends_without_a_word_ends_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(workers, "MODULE", "this")  # prints a poem and ends
    with pytest.raises(WorkerFailedError, match="before it served, with exit code 0"):
        run_workers(tmp_path, ServerSettings(workers=2))
    assert "Beautiful is better than ugly." in capfd.readouterr().out


def test_a_worker_that_does_not_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """One worker is deaf; when the other one has failed, it must go all the same."""
    (tmp_path / "deaf_or_dead.py").write_text(
        "import json, pathlib, signal, sys, threading\n"
        "assignment = json.loads(sys.stdin.readline())\n"
        "deaf = pathlib.Path(assignment['data_dir'], 'deaf')\n"
        "if assignment['worker'] == 0:\n"
        "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "    deaf.touch()\n"
        "    threading.Event().wait()\n"
        "while not deaf.exists():\n"
        "    pass\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(workers, "MODULE", "deaf_or_dead")
    monkeypatch.setattr(workers, "STOP_GRACE_SECONDS", 0.1)
    with pytest.raises(WorkerFailedError, match="Worker process 1 ended"):
        run_workers(tmp_path, ServerSettings(workers=2, shutdown_ms=1))
