"""`synthetic plugins new`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from synthetic.cli.invocation import DataOption, JsonOption, data_directory
from synthetic.cli.output import emit, show
from synthetic.graphql.schema import core_schema
from synthetic.kernel import schema_of
from synthetic.plugins.making import make_plugin, name_plugin, refuse_taken
from synthetic.registry import load_registry
from synthetic.setting_layers import FILE_NAME


def new(
    name: Annotated[str, typer.Argument(help="What the plugin keeps, in the plural: `bookmarks`.")],
    directory: Annotated[Path, typer.Option("--dir", metavar="DIR", help="Where its folder is made.")] = Path(),
    entity: Annotated[
        str | None, typer.Option(metavar="WORD", help="What one of them is called.", show_default=False)
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a plugin to begin with: a distribution in a folder of its own, which works and is tested.

    It keeps rows on constructs, in one table, with queries, mutations, a
    subscription, retention, search documents, a check and tests. Change it into
    what you need.
    """
    names = name_plugin(name, entity)
    store = data_directory(data, os.environ)
    # What Synthetic brings is taken everywhere; what a store loads beside it, there.
    for place in (None, store) if (store / FILE_NAME).exists() else (None,):
        registry = load_registry(place)
        refuse_taken(names, registry, core_schema(schema_of(registry)))
    folder = make_plugin(names, directory)
    if as_json:
        emit({"plugin": names.plugin, "package": names.package, "folder": str(folder)}, as_json)
        return
    show(
        f"Made {folder}.\n\n"
        f"  cd {folder} && pip install -e '.[test]' && pytest\n\n"
        f"`synthetic plugins enable {names.plugin}` has a store load it from its next start on;"
        f" `synthetic plugins check {names.plugin}` looks at what holds of every plugin."
    )
