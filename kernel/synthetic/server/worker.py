"""A worker process: `python -m synthetic.server.worker`, started by `synthetic.server.workers` and by nobody else."""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

import msgspec

from synthetic.errors import ExitCode, SyntheticError
from synthetic.kernel import Kernel
from synthetic.logs import configure_logs, logger_for
from synthetic.plugins.discovery import kernel_version
from synthetic.registry import load_registry
from synthetic.server.banner import READY, say
from synthetic.server.process import Lifetime, bounded_stop, run_server
from synthetic.server.workers import FAILED, Assignment, Failure

ASSIGNMENT_BYTES_MAX = 1_048_576

log = logger_for(__name__)


def main() -> int:
    """Serve until the parent says stop or has gone.

    Returns:
        The exit code.
    """
    # A Ctrl-C in a terminal reaches every process of the group; it is the parent who then stops the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    assignment = _read_assignment(sys.stdin.fileno())
    try:
        _serve(assignment)
    except SyntheticError as error:
        log.exception("worker failed", code=error.code)
        failure = Failure(error.message, error.suggested_action)
        say([f"{FAILED} {msgspec.json.encode(failure).decode()}"])
        return error.exit_code
    return ExitCode.OK


def _read_assignment(descriptor: int) -> Assignment:
    """The first line; read without buffering, since the descriptor is watched for its end afterwards."""
    line = bytearray()
    while not line.endswith(b"\n") and len(line) < ASSIGNMENT_BYTES_MAX:
        part = os.read(descriptor, 4_096)
        if not part:
            break
        line += part
    return msgspec.json.decode(line, type=Assignment)


def _serve(assignment: Assignment) -> None:
    registry = load_registry(Path(assignment.data_dir), overrides=assignment.overrides)
    configure_logs(registry.kernel_settings.log, worker=assignment.worker)
    listening = [socket.socket(fileno=descriptor) for descriptor in assignment.descriptors]
    kernel = Kernel.open(Path(assignment.data_dir), registry=registry, read_only=assignment.read_only)
    with bounded_stop(kernel.settings.server) as stopping:
        try:
            kernel.metrics.name_process(kernel_version(), assignment.worker)
            lifetime = Lifetime(
                announce=lambda: say([READY]),
                stopping=stopping,
                stop_signals=(signal.SIGTERM,),
                parent=sys.stdin.fileno(),
            )
            run_server(kernel, listening, lifetime, no_auth=assignment.no_auth)
        finally:
            kernel.close()


if __name__ == "__main__":
    sys.exit(main())
