# ruff: noqa: INP001 - a script, not a module
"""Write the pages and snapshots that are made from the code: docs/errors.md, settings.md, events.md, hooks, schemas.

Run it after a change of error codes, settings, event types, GraphQL or tables; a test fails while
what is committed differs from what this would write.
"""

from __future__ import annotations

import dataclasses
import runpy
import sys
import tempfile
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from synthetic.contributions import EventType
from synthetic.error_contract import SyntheticError, default_message
from synthetic.kernel import Kernel, schema_of
from synthetic.kernel_settings import KernelSettings
from synthetic.log.event_types import KERNEL_EVENTS
from synthetic.plugins.clashes import kernel_error_classes
from synthetic.registry import Registry, load_registry
from synthetic.setting_layers import environment_name

ROOT = Path(__file__).parents[1]
HOOKS = ROOT / "tools" / "hook_reference.py"

ERRORS_HEAD = """# Errors

One contract everywhere: GraphQL over HTTP and WebSocket (in each error's `extensions`), plain routes (as the
answer's JSON object), and the command line (on standard error; one JSON line with `--json`).

| key | meaning |
|---|---|
| `code` | one of the codes below; branch on this |
| `message` | for a person; no internals |
| `recoverable` | whether the same request may succeed later, unchanged |
| `retryAfterMs` | how long to wait before that, in milliseconds, or null |
| `action` | what to do about it |
| `details` | more about this one, for programs; for instance the `field` that is wrong |
| `correlationId` | the id under which the server's log tells more |
| `occurredAt` | when, as ISO 8601 in UTC |

What is unexpected becomes `INTERNAL`: the answer says nothing of it, the log tells it under the correlation id.

Codes are never reused. The HTTP status holds for plain routes and for `application/graphql-response+json` when nothing
was executed; an error of a single field leaves the status at 200. The exit code is that of a command.
"""

SETTINGS_HEAD = """# Settings

Where a setting may stand, the strongest first:

1. a flag: `--set kernel.database.busy_timeout_ms=200` (and `--host`, `--port`, `--workers` of `serve`);
2. the environment: `SYNTHETIC_DATABASE_BUSY_TIMEOUT_MS=200`;
3. `plugins.toml` in the data directory: `[kernel.database]`, then `busy_timeout_ms = 200`;
4. the `plugins.toml` that is shipped.

`synthetic status` shows each setting that is not at its default, and where it was set. An unknown name stops the start
and says what was probably meant.
"""


EVENTS_HEAD = """# Events

Every change of the store is an event in its log, written in the transaction that made the change. `events` lists and
follows them, with a filter by `types`; what the type does not tell is in the `payload`, a JSON object with the keys
that are named here.

An event says what happened and carries ids, counts and short values, never what is stored. What is written again
unchanged, or refused, is no event. When something is deleted with all that belongs to it, what belongs to it comes
first.
"""


def event_page(registry: Registry) -> str:
    """The page of all event types."""
    parts = [EVENTS_HEAD, _event_table("The kernel", KERNEL_EVENTS)]
    for plugin in registry.plugins:
        types = [event.record for event in registry.events if event.plugin == plugin.name]
        if types:
            parts.append(_event_table(f"Plugin {plugin.name}", types))
    return "\n".join(parts)


def _event_table(title: str, types: typing.Iterable[EventType]) -> str:
    rows = [f"| `{each.name}` | `{each.entity}` | {each.purpose} |" for each in types]
    return "\n".join(
        [f"## {title}", "", "| type | `entityType` | when, and what it carries |", "|---|---|---|", *rows, ""]
    )


def error_page(registry: Registry) -> str:
    """The page of all error codes."""
    parts = [ERRORS_HEAD, _error_table("The kernel", kernel_error_classes())]
    for plugin in registry.plugins:
        classes = [error.record.error_class for error in registry.errors if error.plugin == plugin.name]
        if classes:
            parts.append(_error_table(f"Plugin {plugin.name}", classes))
    return "\n".join(parts)


def _error_table(title: str, classes: typing.Iterable[type[SyntheticError]]) -> str:
    rows = [
        f"| `{cls.code}` | {default_message(cls)} | {cls.action} | {'yes' if cls.recoverable else 'no'}"
        f" | {cls.http_status} | {cls.exit_code} |"
        for cls in sorted(classes, key=lambda cls: cls.code)
    ]
    return "\n".join(
        [
            f"## {title}",
            "",
            "| code | message | what to do | recoverable | HTTP | exit |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def settings_page(registry: Registry) -> str:
    """The page of all settings."""
    parts = [SETTINGS_HEAD]
    kernel = registry.kernel_settings
    parts += [
        _settings_table(f"kernel.{section.name}", type(getattr(kernel, section.name)))
        for section in dataclasses.fields(KernelSettings)
    ]
    parts += [
        _settings_table(f"plugins.{plugin.name}", type(plugin.settings))
        for plugin in registry.plugins
        if plugin.settings is not None
    ]
    return "\n".join(parts)


def _settings_table(section: str, settings_class: type[Any]) -> str:
    title = (settings_class.__doc__ or "").strip().splitlines()[0]
    rows = [
        f"| `{name}` | {kind} | `{default}` | `{environment_name(f'{section}.{name}')}` | {about} |"
        for name, kind, default, about in _settings_rows(settings_class)
    ]
    heading = f"## `[{section}]`"
    lines = ["| key | type | default | environment | meaning |", "|---|---|---|---|---|"]
    return "\n".join([heading, "", title, "", *lines, *rows, ""])


def _settings_rows(settings_class: type[Any]) -> Iterator[tuple[str, str, str, str]]:
    hints = typing.get_type_hints(settings_class, include_extras=True)
    defaults: Any = settings_class()
    for field in dataclasses.fields(settings_class):
        described = msgspec.json.schema(hints[field.name])
        yield field.name, _kind(described), _toml(getattr(defaults, field.name)), described.get("description", "")


def _kind(described: Mapping[str, Any]) -> str:
    if "enum" in described:
        return ", ".join(f"`{value}`" for value in described["enum"])
    kind = {"integer": "number", "array": "list"}.get(described.get("type", ""), str(described.get("type", "text")))
    bounds = [
        f"{word} {described[key]}"
        for key, word in (("minimum", "from"), ("exclusiveMinimum", "over"), ("maximum", "to"))
        if key in described
    ]
    return " ".join([kind.replace("string", "text"), *bounds])


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return f"[{', '.join(_toml(item) for item in value)}]"
    return f'"{value}"' if isinstance(value, str) else f"{value:_}" if isinstance(value, int) else str(value)


def ddl(registry: Registry) -> str:
    """The tables, indexes and triggers of a new store, as its migrations make them."""
    with tempfile.TemporaryDirectory() as directory:
        overrides = {"kernel.database.synchronous": "OFF"}
        kernel = Kernel.open(Path(directory) / "store", registry=registry, overrides=overrides, migrate=True)
        try:
            rows = kernel.database.read_blocking(
                lambda snapshot: snapshot.rows(
                    "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
                    " ORDER BY tbl_name, type DESC, name"
                )
            )
        finally:
            kernel.close()
    return "".join(f"{sql};\n\n" for (sql,) in rows).rstrip() + "\n"


def pages() -> dict[Path, str]:
    """Every file that is made from the code, with what belongs in it."""
    registry = load_registry(None, environ={})
    return {
        ROOT / "docs" / "errors.md": error_page(registry),
        ROOT / "docs" / "events.md": event_page(registry),
        ROOT / "docs" / "settings.md": settings_page(registry),
        ROOT / "docs" / "plugins" / "hooks.md": runpy.run_path(str(HOOKS))["hook_page"](registry),
        ROOT / "tests" / "snapshots" / "schema.graphql": schema_of(registry).as_str() + "\n",
        ROOT / "tests" / "snapshots" / "schema.sql": ddl(registry),
    }


def main() -> int:
    """Write what differs, and name it."""
    for path, text in pages().items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            sys.stdout.write(f"{path.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
