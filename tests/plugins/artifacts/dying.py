"""A program that is killed outright before one of its steps after the other: `dying.py ACTION DIRECTORY STRIDE`.

A step is a call that changes the file system, made by the plugin, or the end of
a transaction. A fork of this process opens a store, carries the action out and
kills itself before step 1, the next one a stride later, and so on, until one
comes to the end. Each uses the construct that is called like its step.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from synthetic import Store, delete_owned
from synthetic.kernel import Kernel
from synthetic.registry import Registry, load_registry
from synthetic.testing import FAST_SETTINGS
from synthetic_artifacts import services
from synthetic_artifacts.model import ArtifactContent
from synthetic_artifacts.store import create_artifact
from synthetic_constructs.store import save_construct

STEPS = ("mkdir", "write", "fsync", "rename", "unlink", "rmdir")
DATA = b"one line of a log\n" * 2_000
SETTINGS = {**FAST_SETTINGS, "plugins.artifacts.free_disk_bytes": "0"}

OTHERS = ("transcripts", "ingest", "approvals", "dead_letters", "deliveries", "projections", "audit", "search")
"""Plugins that need not be loaded: a store opens much faster without them."""


def count_steps(step: Callable[[], None], store: Store) -> None:
    """Call `step` before each call of this process that changes the file system, and around each write of the store."""

    def stepping(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            step()
            return function(*arguments, **named)

        return call

    for name in STEPS:
        setattr(os, name, stepping(getattr(os, name)))
    write = store.write

    def write_and_step(*arguments: Any) -> Any:
        step()
        result = write(*arguments)
        step()
        return result

    store.write = write_and_step  # type: ignore[method-assign]


def run(action: str, directory: Path, last: int, registry: Registry) -> None:
    """Carry an action out, and be killed before step `last`."""
    left = last

    def step() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    construct_id = f"{action}-{last}"
    with Store(Kernel.open(directory, registry=registry)) as store:
        store.write(lambda tx: save_construct(tx, {"type": "task", "title": "A task"}, id=construct_id))
        content = ArtifactContent(
            id=construct_id, construct_id=construct_id, type="log", name="build.log", content_type="text/plain"
        )
        if action == "create":
            count_steps(step, store)
            create_artifact(store, content, [DATA])
        else:
            create_artifact(store, content, [DATA])
            # What the last one that was killed has left must not count among the steps of this one.
            services.remove_files(store)
            count_steps(step, store)
            delete_owned(store, "artifacts", construct_id)
            services.remove_files(store)


def main() -> None:
    """Go on until a fork comes to its end; then say before which step that would have been killed."""
    action, directory, stride = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    without = {f"plugins.{name}.enabled": "false" for name in OTHERS}
    registry = load_registry(directory, overrides={**SETTINGS, **without})
    step = 1
    while True:
        pid = os.fork()
        if pid == 0:
            run(action, directory, step, registry)
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
            break
        step += stride
    assert status == 0, status
    sys.stdout.write(f"{step}\n")


if __name__ == "__main__":
    main()
