"""Options that every command takes, and the part of a command line that must be known before it is parsed.

Which commands there are depends on the plugins, they on the data directory and
the flags; so those are looked for in the arguments before Typer reads them
(`read_ahead`). What a command runs with is what Typer then parsed.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import typer

DATA_VARIABLE = "SYNTHETIC_DATA"
DATA_DEFAULT = "./synthetic-data"
DEMO_DATA_DEFAULT = "./synthetic-demo"
"""Of `synthetic demo`, which keeps out of the way of a real store."""

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        envvar=DATA_VARIABLE,
        show_default=DATA_DEFAULT,
        help="The data directory of the store.",
    ),
]
"""`data: DataOption = None`: where the store lies; hand it to `open_store`."""

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document, for machines; errors too.")]
"""`as_json: JsonOption = False`: hand it to `emit` and `progress`."""

SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A setting, as in kernel.database.readers=8. May be repeated."),
]


@dataclass(frozen=True, slots=True)
class Invocation:
    """What a command line says before any command is chosen.

    Attributes:
        command: The word before which there are only options without values, or None.
        data_dir: The data directory.
        overrides: What `--set` gives, by dotted name.
        as_json: Whether errors are printed as JSON.
    """

    command: str | None
    data_dir: Path
    overrides: Mapping[str, str]
    as_json: bool


_overrides: ContextVar[Mapping[str, str] | None] = ContextVar("synthetic_overrides", default=None)
_command_name: ContextVar[str] = ContextVar("synthetic_command", default="unknown")


def read_ahead(arguments: Sequence[str], environ: Mapping[str, str]) -> Invocation:
    """Look for what must be known early; what is malformed is left to the parser to refuse."""
    own = list(arguments[: arguments.index("--")] if "--" in arguments else arguments)
    data = _values(own, "--data")
    flags = [flag for flag in _values(own, "--set") if "=" in flag]
    command = _command(own)
    default = DEMO_DATA_DEFAULT if command == "demo" else DATA_DEFAULT
    return Invocation(
        command=command,
        data_dir=data_directory(Path(data[-1]) if data else None, environ, default),
        overrides=parse_overrides(flags),
        as_json="--json" in own,
    )


def _command(arguments: Sequence[str]) -> str | None:
    for word in arguments:
        if word in ("--data", "--set"):
            return None
        if not word.startswith("-"):
            return word
    return None


def _values(arguments: Sequence[str], option: str) -> list[str]:
    """The values of an option, written as `--option value` or `--option=value`."""
    following = [value for word, value in pairwise(arguments) if word == option]
    joined = [word.partition("=")[2] for word in arguments if word.startswith(f"{option}=")]
    return [*joined, *following]


def data_directory(data: Path | None, environ: Mapping[str, str], default: str = DATA_DEFAULT) -> Path:
    """The data directory that `--data`, else `SYNTHETIC_DATA`, else the default names."""
    return data or Path(environ.get(DATA_VARIABLE) or default)


def parse_overrides(flags: Iterable[str]) -> dict[str, str]:
    """What `--set` gives, by dotted name.

    Raises:
        typer.BadParameter: A flag is not of the form `NAME=VALUE`.
    """
    overrides: dict[str, str] = {}
    for flag in flags:
        name, equals, value = flag.partition("=")
        if not equals or not name.strip():
            raise typer.BadParameter(f"{flag!r} is not of the form NAME=VALUE.", param_hint="--set")
        overrides[name.strip()] = value
    return overrides


@contextmanager
def running(command: str, overrides: Mapping[str, str]) -> Generator[None]:
    """Let what runs in the block see which command it is, and the flags of its command line."""
    name_token, overrides_token = _command_name.set(command), _overrides.set(overrides)
    try:
        yield
    finally:
        _overrides.reset(overrides_token)
        _command_name.reset(name_token)


def current_actor() -> str:
    """In whose name the command that runs writes: `command:ingest`."""
    return f"command:{current_command()}"


def current_command() -> str:
    """The words of the command that runs: `token create`."""
    return _command_name.get()


def current_overrides() -> Mapping[str, str]:
    """What `--set` gave to the command that runs."""
    return _overrides.get() or {}
