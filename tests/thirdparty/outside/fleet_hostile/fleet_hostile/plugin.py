"""Every hook of the kernel; FLEET_HOSTILE=HOOK:WAY says which one misbehaves, and how."""

from __future__ import annotations

import os
import sys
from typing import Any

from synthetic import Plugin, hookimpl

CONTRIBUTION_HOOKS = (
    "register_settings",
    "register_tables",
    "register_migrations",
    "register_errors",
    "register_events",
    "register_graphql",
    "register_retention",
    "register_consumers",
    "register_services",
    "register_commands",
    "register_checks",
    "register_routes",
    "register_metrics",
    "register_demo",
    "register_refusal_reactions",
)


class UnspeakableError(Exception):
    """Cannot even be put into words."""

    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


def misbehave(hook: str, otherwise: Any) -> Any:
    """Do what the variable says, if it is about this hook."""
    wanted, _, way = os.environ.get("FLEET_HOSTILE", "").partition(":")
    if wanted != hook:
        return otherwise
    match way:
        case "raise":
            raise RuntimeError("hostile")
        case "unspeakable":
            raise UnspeakableError
        case "exit":
            sys.exit(3)
        case "rubbish":
            return ({"hostile": UnspeakableError()},)
        case _:
            return UnspeakableError()


def make_hook(name: str) -> Any:
    """A hook that returns nothing, unless it misbehaves."""

    def hook() -> Any:
        return misbehave(name, ())

    hook.__name__ = hook.__qualname__ = name
    return hookimpl(hook)


globals().update({name: make_hook(name) for name in CONTRIBUTION_HOOKS})


@hookimpl
def register_plugin() -> Plugin:
    """Who this is."""
    return misbehave("register_plugin", Plugin(summary="Hostile."))


@hookimpl
def prepare_connection(connection: Any, role: str) -> None:
    """Spoil a connection."""
    misbehave("prepare_connection", None)


@hookimpl
def record_operation(tx: Any, operation: Any) -> None:
    """Spoil an operation."""
    misbehave("record_operation", None)
