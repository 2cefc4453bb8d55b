"""The tree of commands: the kernel's own, and those of the plugins that were loaded."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from synthetic.cli import (
    backup,
    check,
    demo,
    export,
    import_,
    migrate,
    plugins,
    plugins_new,
    restore,
    retention,
    schema,
    serve,
    status,
    storage,
    tokens,
)
from synthetic.cli.invocation import SetOption, parse_overrides, running
from synthetic.cli.output import OutputClosedError
from synthetic.command_contributions import Command
from synthetic.contributions import Stamped
from synthetic.errors import PluginFailedError
from synthetic.plugins.discovery import kernel_version

PROGRAM = "synthetic"
HELP_NAMES = {"help_option_names": ["-h", "--help"]}


def build_application(commands: Sequence[Stamped[Command]], trouble: str | None) -> typer.Typer:
    """Make the tree of commands.

    Args:
        commands: Those of plugins.
        trouble: Why the plugins' commands are missing, for the help page.

    Raises:
        PluginFailedError: The annotations of a plugin's command are not what Typer understands.
    """
    application = typer.Typer(
        name=PROGRAM,
        add_completion=False,
        context_settings=HELP_NAMES,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        epilog=trouble,
    )
    application.callback()(_describe)
    for name, function in (
        ("serve", serve.serve),
        ("migrate", migrate.migrate),
        ("status", status.status),
        ("check", check.check),
        ("schema", schema.schema),
        ("retention", retention.retention),
        ("storage", storage.storage),
        ("export", export.export),
        ("import", import_.import_),
        ("restore", restore.restore),
        ("demo", demo.demo),
    ):
        application.command(name, context_settings=HELP_NAMES)(with_settings(name, function))
    tokens_group = typer.Typer(no_args_is_help=True, context_settings=HELP_NAMES, help=tokens.__doc__)
    for name, function in (("create", tokens.create), ("list", tokens.list_), ("revoke", tokens.revoke)):
        tokens_group.command(name, context_settings=HELP_NAMES)(with_settings(f"token {name}", function))
    plugins_group = typer.Typer(invoke_without_command=True, context_settings=HELP_NAMES)
    plugins_group.callback()(with_settings("plugins", plugins.plugins))
    plugins_group.command("new", context_settings=HELP_NAMES)(with_settings("plugins new", plugins_new.new))
    plugins_group.command("purge", context_settings=HELP_NAMES)(with_settings("plugins purge", plugins.purge))
    backups_group = typer.Typer(invoke_without_command=True, context_settings=HELP_NAMES)
    backups_group.callback()(with_settings("backup", backup.backup))
    for name, function in (("list", backup.list_), ("verify", backup.verify)):
        backups_group.command(name, context_settings=HELP_NAMES)(with_settings(f"backup {name}", function))
    application.add_typer(backups_group, name="backup")
    application.add_typer(plugins_group, name="plugins")
    application.add_typer(tokens_group, name="token")
    for stamped in commands:
        _add_plugin_command(application, stamped)
    return application


def _add_plugin_command(application: typer.Typer, stamped: Stamped[Command]) -> None:
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


def _show_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"{PROGRAM} {kernel_version()}\n")
        raise typer.Exit


def _describe(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """The operational store of an agent fleet: one process, one data directory, one GraphQL endpoint."""


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
