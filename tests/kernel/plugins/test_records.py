"""Rubbish in what a hook returns: refused while the plugin is loaded, with its name, the hook and the field."""

from __future__ import annotations

import dataclasses

import pytest

from synthetic import (
    Check,
    Command,
    DemoPart,
    ErrorCode,
    EventType,
    Extension,
    GraphQL,
    MetricReading,
    MigrationFolder,
    Mirror,
    Plugin,
    Reference,
    RefusalReaction,
    RetentionRule,
    Route,
    Scope,
    Service,
    Settings,
    SyntheticError,
    Table,
    query,
)
from synthetic.errors import PluginFailedError
from synthetic.plugins.records import find_misfit
from synthetic.registry import load_registry
from thirdparty.distributions import write_plugins_toml


class ThingError(SyntheticError):
    """A thing is wrong."""

    code = "THING_WRONG"


@dataclasses.dataclass(frozen=True)
class ThingSettings:
    keep_ms: int = 1


@query
def count_things(snapshot) -> int:
    """How many there are."""
    return 0


def nothing(*_: object) -> int:
    """Does nothing."""
    return 0


RECORDS = {
    "register_plugin": Plugin(summary="x"),
    "register_settings": Settings(ThingSettings),
    "register_tables": Table(
        name="things", purpose="x", kept="x", references=(Reference(column="a_id", table="others"),)
    ),
    "register_migrations": MigrationFolder("sample_rubbish"),
    "register_errors": ErrorCode(ThingError),
    "register_events": EventType(name="thing.saved", entity="thing", purpose="x"),
    "register_graphql": GraphQL(queries=(count_things,)),
    "register_retention": RetentionRule(
        name="old", purpose="x", table="things", age_column="at", keep_setting="keep_ms"
    ),
    "register_consumers": Mirror(name="copy", purpose="x", types=None, refresh=nothing, scan=nothing),
    "register_services": Service(name="sweep", purpose="x", step=nothing, every_ms=1),
    "register_commands": Command("things", nothing),
    "register_checks": Check(name="whole", purpose="x", sql="SELECT 1", entity="thing"),
    "register_routes": Route(path="/things/{id}", purpose="x", methods={"GET": Scope.READ}, serve=nothing),
    "register_metrics": MetricReading(name="things", purpose="x", read=nothing),
    "register_demo": DemoPart(module="sample_rubbish"),
    "register_refusal_reactions": RefusalReaction(purpose="x", refused=nothing, settled=nothing),
}


class Unshowable:
    """Cannot even be shown."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


RUBBISH = (Unshowable(), "x y", (1,), None, True)

HOOK = "@hookimpl\ndef {0}():\n    return HELD.get('{0}', Plugin(summary='x') if '{0}' == 'register_plugin' else ())\n"
PLUGIN = "HELD = {}\n" + "\n".join(HOOK.format(hook) for hook in RECORDS)


def broken_records(hook: str):
    """The record with each kind of rubbish in each field, where the record itself does not refuse it."""
    record = RECORDS[hook]
    for field in dataclasses.fields(record):
        for rubbish in RUBBISH:
            try:
                yield field.name, dataclasses.replace(record, **{field.name: rubbish})
            except Exception:  # noqa: BLE001 - whatever it is, it is raised at the plugin's own line
                continue


@pytest.mark.parametrize("hook", RECORDS)
def test_rubbish_in_any_field_is_refused_by_name_or_harmless(site, tmp_path, hook):
    site.install("rubbish", PLUGIN, introduced=False)
    write_plugins_toml(tmp_path / "store", {"rubbish": ""})
    module = load_registry(tmp_path / "store", environ={}).find_plugin("rubbish").module
    refused = 0
    for field, record in broken_records(hook):
        assert find_misfit(RECORDS[hook]) is None
        module.HELD = {hook: record if hook == "register_plugin" else (record,)}
        if find_misfit(record) is None:
            continue  # its value is one that the record allows
        with pytest.raises(PluginFailedError) as caught:
            load_registry(tmp_path / "store", environ={})
        assert f"The plugin rubbish: its {hook} returns a {type(record).__name__} that cannot be used: `{field}`" in (
            caught.value.message.replace("in `", "`")
        )
        refused += 1
    assert refused or hook in ("register_settings", "register_errors", "register_refusal_reactions")


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (GraphQL(queries=("x",)), "in `queries` must be fields made with synthetic.query"),
        (GraphQL(extend=(Extension(str, ()),)), "`type` must be a Strawberry type, not <class 'str'>"),
        (GraphQL(extend=(Extension(GraphQL, ("x",)),)), "`type` must be a Strawberry type"),
    ],
)
def test_what_is_no_field_and_no_type_is_told_from_what_is(record, said):
    assert said in find_misfit(record)
