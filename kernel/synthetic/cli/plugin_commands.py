"""Functions as commands: with the option `--set`, and those of plugins with their verbs."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterable
from typing import Any

import typer

from synthetic.cli.invocation import SetOption, parse_overrides, running
from synthetic.cli.output import OutputClosedError
from synthetic.command_contributions import Command
from synthetic.contributions import Stamped
from synthetic.errors import PluginFailedError

HELP_NAMES = {"help_option_names": ["-h", "--help"]}


def check_plugin_commands(commands: Iterable[Stamped[Command]]) -> None:
    """Refuse commands of plugins that could not be run.

    Raises:
        PluginFailedError: The annotations of one are not what Typer understands.
    """
    application = typer.Typer()
    for stamped in commands:
        add_plugin_command(application, stamped)


def add_plugin_command(application: typer.Typer, stamped: Stamped[Command]) -> None:
    """Add a command of a plugin, under a heading of the plugin's own.

    Raises:
        PluginFailedError: The annotations of its function are not what Typer understands.
    """
    panel = f"Commands of the plugin {stamped.plugin}"
    _add_command(application, stamped.plugin, stamped.record, stamped.record.name, panel)


def _add_command(application: typer.Typer, plugin: str, command: Command, words: str, panel: str | None) -> None:
    """Add a command of a plugin, with its verbs.

    Args:
        application: To which it is added.
        plugin: Whose it is.
        command: The command.
        words: All that is typed to reach it.
        panel: Where the help page shows it; None: with its siblings.

    Raises:
        PluginFailedError: The annotations of a function are not what Typer understands.
    """
    if command.function is None:
        noun = typer.Typer(no_args_is_help=True, context_settings=HELP_NAMES, help=command.summary)
        for verb in command.verbs:
            _add_command(noun, plugin, verb, f"{words} {verb.name}", None)
        application.add_typer(noun, name=command.name, rich_help_panel=panel)
        return
    try:
        function = with_settings(words, command.function)
        application.command(command.name, rich_help_panel=panel, context_settings=HELP_NAMES)(function)
        # Typer reads the annotations only when it builds the command; here a mistake still has a name.
        alone = typer.Typer()
        alone.command(command.name)(function)
        typer.main.get_command(alone)
    except (TypeError, NameError, RuntimeError, AssertionError, typer.TyperException) as error:
        raise PluginFailedError(
            f"The plugin {plugin}: its command {words} cannot be used: {error}",
            action=f"Mend the annotations of {command.function.__name__}, or take the plugin out of plugins.toml.",
            details={"plugin": plugin, "command": words},
        ) from error


def with_settings(name: str, function: Callable[..., Any]) -> Callable[..., None]:
    """The function of the command of this name, with the option `--set` added."""
    signature = inspect.signature(function, eval_str=True)
    option = inspect.Parameter("set_", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=SetOption)

    @functools.wraps(function)
    def command(*args: Any, set_: list[str] | None = None, **kwargs: Any) -> None:
        with running(name, parse_overrides(set_ or ())):
            try:
                function(*args, **kwargs)
                sys.stdout.flush()
            except BrokenPipeError as error:
                raise OutputClosedError from error

    parameters = [*signature.parameters.values(), option]
    command.__dict__["__signature__"] = signature.replace(parameters=parameters)
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    del command.__dict__["__wrapped__"]
    return command
