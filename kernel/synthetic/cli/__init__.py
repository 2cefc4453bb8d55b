"""The command line: `synthetic`, and what plugins need to add verbs of their own.

A plugin's command (hook `register_commands`) is a function with Typer's
annotations. It takes `data: DataOption = None` and, if it prints anything,
`as_json: JsonOption = False`; it opens the store with `open_store(data)`,
prints with `emit(value, as_json)`, shows long work with `progress(...)` and is
stopped where it likes with `stop_requests()`. It raises `SyntheticError`; how
errors are shown, exit codes, and the option `--set` are added to it from here.
"""

from __future__ import annotations

from synthetic.cli.invocation import DataOption, JsonOption
from synthetic.cli.main import main
from synthetic.cli.output import emit
from synthetic.cli.progress import Progress, progress
from synthetic.cli.stopping import stop_requests
from synthetic.cli.stores import open_store

__all__ = ["DataOption", "JsonOption", "Progress", "emit", "main", "open_store", "progress", "stop_requests"]
