"""`Theme`: what one part of the plugin gives to the kernel."""

from __future__ import annotations

from dataclasses import dataclass

from synthetic import (
    Check,
    Command,
    Consumer,
    ErrorCode,
    EventType,
    GraphQL,
    MetricReading,
    RetentionRule,
    Service,
    Table,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """The records of one theme, by the hooks that return them; `plugin.py` joins those of all themes."""

    tables: tuple[Table, ...] = ()
    events: tuple[EventType, ...] = ()
    errors: tuple[ErrorCode, ...] = ()
    graphql: tuple[GraphQL, ...] = ()
    consumers: tuple[Consumer, ...] = ()
    retention: tuple[RetentionRule, ...] = ()
    services: tuple[Service, ...] = ()
    checks: tuple[Check, ...] = ()
    metrics: tuple[MetricReading, ...] = ()
    commands: tuple[Command, ...] = ()
