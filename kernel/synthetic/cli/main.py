"""The entry of the command line: parses, runs, and turns whatever goes wrong into an error of the contract."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

import typer

from synthetic.cli.application import PROGRAM, build_application
from synthetic.cli.invocation import Invocation, read_ahead
from synthetic.cli.output import OutputClosedError, finish_output, give_up_output, report_error
from synthetic.clock import SystemClock, new_id
from synthetic.command_contributions import Command
from synthetic.contributions import Stamped
from synthetic.errors import (
    BadUserInputError,
    ExitCode,
    InternalError,
    PluginFailedError,
    StorageFailedError,
    SyntheticError,
)
from synthetic.faults import arm
from synthetic.kernel_settings import LogSettings
from synthetic.logs import configure_logs, logger_for, request_scope
from synthetic.plugins.clashes import KERNEL_COMMANDS
from synthetic.registry import Registry, load_registry

INTERRUPTED = 130
"""Exit code after Ctrl-C, as of a process that SIGINT has ended."""

PIPE_CLOSED = 141
"""Exit code when nobody reads the output any more, as of a process that SIGPIPE has ended."""

log = logger_for(__name__)


class UsageError(BadUserInputError):
    """The command line is not one that this program understands."""

    action = "See `synthetic --help`."
    exit_code = ExitCode.USAGE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: Words after the program's name; None: those of this process.

    Returns:
        The exit code: 0, one of `ExitCode`, 130 after Ctrl-C, or 141 when
        the reader of the output has gone.
    """
    if arguments is None:
        # The modules are there until the process ends: no collection of the garbage need walk through them again.
        gc.freeze()
        # Nor through all that a server leaves behind, which ends with the process anyway: that took half a second.
        atexit.register(gc.freeze)
    words = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    arm(os.environ)
    correlation_id = new_id()
    as_json = "--json" in words
    with request_scope(correlation_id):
        try:
            return _run(words)
        except SyntheticError as error:
            found = error
        except KeyboardInterrupt:
            return INTERRUPTED
        except OutputClosedError:
            give_up_output()
            return PIPE_CLOSED
        except typer.Abort:
            return INTERRUPTED
        except typer.TyperException as error:
            message = error.format_message()
            if not message:
                return ExitCode.USAGE  # a group without its command has shown its help
            found = UsageError(message)
        except OSError as error:
            found = _explain_os_error(error)
        except Exception as error:
            log.debug("command failed", exc_info=True)
            found = InternalError(
                f"Something unexpected went wrong ({type(error).__name__}).",
                action="Run it again with `--set kernel.log.level=debug` to see where, and report that.",
            )
        finish_output()
        report_error(found, correlation_id=correlation_id, now_ms=SystemClock().now_ms(), as_json=as_json)
        return found.exit_code


def _run(words: list[str]) -> int:
    invocation = read_ahead(words, os.environ)
    # The server loads the plugins with its own flags as well, and needs none of their commands.
    registry, failure = (None, None) if invocation.command == "serve" else _load(invocation)
    _configure_logs(registry)
    is_unknown = invocation.command is not None and invocation.command not in KERNEL_COMMANDS
    if failure is not None and is_unknown:
        raise failure
    application = _build(() if registry is None else registry.commands, failure, invocation.command)
    code = application(words, prog_name=PROGRAM, standalone_mode=False)
    return code if isinstance(code, int) else ExitCode.OK


def _build(commands: Sequence[Stamped[Command]], failure: SyntheticError | None, wanted: str | None) -> typer.Typer:
    """The tree of commands, less those of plugins that cannot be used: they are in nobody's way.

    Args:
        commands: Those of plugins.
        failure: Why there are none.
        wanted: The command that is to run.

    Raises:
        PluginFailedError: It is of a plugin whose commands cannot be used.
    """
    trouble = [] if failure is None else [f"The commands of plugins are missing: {failure.code}: {failure.message}"]
    usable = list(commands)
    while True:
        try:
            return build_application(usable, "  ".join(trouble) or None)
        except PluginFailedError as error:
            if wanted in {each.record.name for each in usable if each.plugin == error.details["plugin"]}:
                raise
            usable = [each for each in usable if each.plugin != error.details["plugin"]]
            trouble.append(f"Commands are missing: {error.code}: {error.message}")


def _load(invocation: Invocation) -> tuple[Registry | None, SyntheticError | None]:
    """The plugins, as far as their commands are needed; a command that needs them whole loads them itself."""
    try:
        return load_registry(invocation.data_dir, overrides=invocation.overrides), None
    except SyntheticError as error:
        return None, error


def _configure_logs(registry: Registry | None) -> None:
    """Commands are quiet unless the operator has said how much they may log; the server sets up its own."""
    chosen = LogSettings(level="error")
    if registry is not None:
        levels = [value for value in registry.setting_values if value.name == "kernel.log.level"]
        if any(value.source.layer != "default" for value in levels):
            chosen = registry.kernel_settings.log
    configure_logs(chosen)


def _explain_os_error(error: OSError) -> SyntheticError:
    name = f"{error.filename}: " if error.filename else ""
    return StorageFailedError(
        f"{name}{error.strerror or error}.",
        action="Check that the file is there, may be used, and has room on its disk.",
    )
