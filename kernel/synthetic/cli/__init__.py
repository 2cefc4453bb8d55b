"""The command line: `synthetic`, and what plugins need to add verbs of their own.

A plugin's command (hook `register_commands`) is a function with Typer's
annotations. It takes `data: DataOption = None` and, if it prints anything,
`as_json: JsonOption = False`; it opens the store with `open_store(data)`,
prints with `emit(value, as_json)`, shows long work with `progress(...)`, is
stopped where it likes with `stop_requests()`, sees what happens in the store
with `follow_log(...)`, and reads instants in options with `instant_of`. It
raises `SyntheticError`; how errors are shown, exit codes, and the option
`--set` are added to it from here.

What `emit` makes of a value is not always what a person wants to see. For more,
there are `show` with `table_of` and `fields_of`, and `console_on(sys.stdout)`
for what rich draws anew. Text from a store goes through `plain` on its way to a
terminal; the tables do so themselves.
"""

from __future__ import annotations

from synthetic.cli.following import follow_log
from synthetic.cli.instants import instant_of
from synthetic.cli.invocation import DataOption, JsonOption
from synthetic.cli.main import main
from synthetic.cli.output import console_on, emit, fields_of, in_bytes, plain, show, table_of
from synthetic.cli.progress import Progress, progress
from synthetic.cli.stopping import stop_requests
from synthetic.cli.stores import open_store
from synthetic.log.sync.spans import span_in_words

__all__ = [
    "DataOption",
    "JsonOption",
    "Progress",
    "console_on",
    "emit",
    "fields_of",
    "follow_log",
    "in_bytes",
    "instant_of",
    "main",
    "open_store",
    "plain",
    "progress",
    "show",
    "span_in_words",
    "stop_requests",
    "table_of",
]
