"""The tree of commands: the kernel's own, and those of the plugins that were loaded."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from synthetic.cli import (
    backup,
    check,
    demo,
    doctor,
    export,
    import_,
    migrate,
    plugins,
    plugins_check,
    plugins_new,
    plugins_purge,
    plugins_show,
    plugins_switch,
    recover,
    restore,
    retention,
    schema,
    serve,
    status,
    storage,
    tokens,
)
from synthetic.cli.plugin_commands import HELP_NAMES, add_plugin_command, with_settings
from synthetic.command_contributions import Command
from synthetic.contributions import Stamped
from synthetic.plugins.discovery import kernel_version

PROGRAM = "synthetic"


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
        ("recover", recover.recover),
        ("doctor", doctor.doctor),
        ("demo", demo.demo),
    ):
        application.command(name, context_settings=HELP_NAMES)(with_settings(name, function))
    tokens_group = typer.Typer(no_args_is_help=True, context_settings=HELP_NAMES, help=tokens.__doc__)
    for name, function in (("create", tokens.create), ("list", tokens.list_), ("revoke", tokens.revoke)):
        tokens_group.command(name, context_settings=HELP_NAMES)(with_settings(f"token {name}", function))
    plugins_group = typer.Typer(invoke_without_command=True, context_settings=HELP_NAMES)
    plugins_group.callback()(with_settings("plugins", plugins.plugins))
    for name, function in (
        ("list", plugins.list_),
        ("show", plugins_show.show_plugin),
        ("enable", plugins_switch.enable),
        ("disable", plugins_switch.disable),
        ("new", plugins_new.new),
        ("purge", plugins_purge.purge),
        ("check", plugins_check.check),
    ):
        plugins_group.command(name, context_settings=HELP_NAMES)(with_settings(f"plugins {name}", function))
    backups_group = typer.Typer(invoke_without_command=True, context_settings=HELP_NAMES)
    backups_group.callback()(with_settings("backup", backup.backup))
    for name, function in (("list", backup.list_), ("verify", backup.verify)):
        backups_group.command(name, context_settings=HELP_NAMES)(with_settings(f"backup {name}", function))
    application.add_typer(backups_group, name="backup")
    application.add_typer(plugins_group, name="plugins")
    application.add_typer(tokens_group, name="token")
    for stamped in commands:
        add_plugin_command(application, stamped)
    return application


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
