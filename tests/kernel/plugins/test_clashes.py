"""Names that may exist only once: both parties of a clash are named."""

from __future__ import annotations

import pytest

from synthetic.errors import PluginClashError, PluginFailedError
from synthetic.kernel import schema_of
from synthetic.kernel_fields import KERNEL_GRAPHQL
from synthetic.kernel_tables import KERNEL_TABLES as TABLES_OF_THE_KERNEL
from synthetic.plugins.clashes import KERNEL_FIELDS, KERNEL_TABLES, kernel_error_classes, root_field_name
from thirdparty.distributions import load, names, refused

CLASHES = {
    "table": "@hookimpl\ndef register_tables():\n    return (Table(name='things', purpose='x', kept='x'),)",
    "error code": """
from synthetic import SyntheticError

class ThingError(SyntheticError):
    "A thing is wrong."

    code = "THING_WRONG"

@hookimpl
def register_errors():
    return (ErrorCode(ThingError),)
""",
    "command": """
def things():
    "Count the things."

@hookimpl
def register_commands():
    return (Command("things", things),)
""",
    "field of queries": """
from synthetic import query

@query
def all_things(snapshot) -> int:
    "How many things there are."
    return 1

@hookimpl
def register_graphql():
    return (GraphQL(queries=(all_things,)),)
""",
    "field of mutations": """
from synthetic import mutation

@mutation
def save_thing(tx) -> int:
    "Save a thing."
    return 1

@hookimpl
def register_graphql():
    return (GraphQL(mutations=(save_thing,)),)
""",
}

CLASHES |= {
    "event type": """
from synthetic import EventType

@hookimpl
def register_events():
    return (EventType(name="thing.saved", entity="thing", purpose="x"),)
""",
    "metric": """
from synthetic import MetricReading

@hookimpl
def register_metrics():
    return (MetricReading(name="open_things", purpose="x", read=lambda snapshot: 0.0),)
""",
    "path below": """
from synthetic import Route, Scope

async def serve(request):
    pass

@hookimpl
def register_routes():
    return (Route(path="/things/{id}", purpose="x", methods={"GET": Scope.READ}, serve=serve),)
""",
    "field of subscriptions": """
from synthetic import subscription

@subscription
async def thing_updates(live) -> int:
    "Things."
    yield 1

@hookimpl
def register_graphql():
    return (GraphQL(subscriptions=(thing_updates,)),)
""",
}

EXTENDING = """
from sample_base.plugin import Thing
from synthetic import Extension, batched

@hookimpl
def register_plugin():
    return Plugin(summary="x", requires=("base",))

@batched
def colour(snapshot, parents) -> list[str]:
    "What it looks like."
    return ["red" for _ in parents]

@hookimpl
def register_graphql():
    return (GraphQL(extend=(Extension(type=Thing, fields=(colour,)),)),)
"""

BASE = """
import strawberry
from synthetic import query

@strawberry.type(description="A thing.")
class Thing:
    id: strawberry.ID = strawberry.field(description="Its id.")

@query
def base_things(snapshot) -> list[Thing]:
    "All things."
    return []

@hookimpl
def register_graphql():
    return (GraphQL(queries=(base_things,)),)
"""

OF_THE_KERNEL = {
    "table": ("things", "tokens"),
    "error code": ("THING_WRONG", "NOT_FOUND"),
    "command": ('"things"', '"serve"'),
    "field of queries": ("all_things", "node"),
}

SWEEPING = """
@hookimpl
def register_services():
    service = Service(name="sweep", purpose="Sweeps.", step=lambda tx: 0, every_ms=1)
    return (service,) * {0}
"""


@pytest.mark.parametrize("kind", CLASHES)
def test_a_name_that_two_plugins_contribute_is_refused_with_both(site, tmp_path, kind):
    site.install("alpha", CLASHES[kind])
    site.install("beta", CLASHES[kind])
    error = refused(tmp_path, alpha="", beta="")
    assert isinstance(error, PluginClashError)
    assert error.message.startswith(f"The plugins alpha and beta both contribute the {kind} `")
    assert error.details["plugins"] == ["alpha", "beta"]
    assert "plugins.toml" in error.suggested_action


@pytest.mark.parametrize("kind", CLASHES)
def test_the_second_is_left_out_when_it_is_optional(site, tmp_path, kind):
    site.install("alpha", CLASHES[kind])
    site.install("beta", CLASHES[kind])
    registry = load(tmp_path, alpha="", beta="optional = true")
    assert (names(registry), registry.left_out[0].name) == (["alpha"], "beta")


def test_a_field_that_two_plugins_put_on_the_type_of_a_third_is_refused_with_both(site, tmp_path):
    site.install("base", BASE)
    for name in ("alpha", "beta"):
        site.install(name, EXTENDING, introduced=False)
    with pytest.raises(PluginClashError) as caught:
        schema_of(load(tmp_path, base="", alpha="", beta=""))
    assert caught.value.message == "The plugin beta adds 'colour' to Thing, which has it from alpha."
    assert caught.value.details["plugins"] == ["alpha", "beta"]


def test_a_field_that_needs_what_the_type_of_another_has_not_is_refused_with_what_it_has(site, tmp_path):
    site.install("base", BASE)
    site.install("alpha", EXTENDING.replace("@batched\n", "@batched(needs=('ids',))\n"), introduced=False)
    with pytest.raises(PluginFailedError) as caught:
        schema_of(load(tmp_path, base="", alpha=""))
    said = "The plugin alpha: its field colour of Thing needs 'ids', which Thing has not. Did you mean `id`?"
    assert caught.value.message == said


@pytest.mark.parametrize("kind", OF_THE_KERNEL)
def test_what_is_the_kernels_own_is_refused(site, tmp_path, kind):
    site.install("alpha", CLASHES[kind].replace(*OF_THE_KERNEL[kind]))
    error = refused(tmp_path, alpha="")
    assert error.message.startswith(f"The plugin alpha contributes the {kind} `")
    assert error.message.endswith("which is the kernel's own.")


def test_a_plugin_that_contributes_a_name_twice_is_refused(site, tmp_path):
    site.install("alpha", SWEEPING.format(2))
    assert refused(tmp_path, alpha="").message == "The plugin alpha contributes the service `alpha.sweep` twice."


def test_services_of_two_plugins_may_have_the_same_name(site, tmp_path):
    site.install("alpha", SWEEPING.format(1))
    site.install("beta", SWEEPING.format(1))
    assert len(load(tmp_path, alpha="", beta="").services) == 2


def test_the_names_that_are_kept_for_the_kernel_are_those_that_it_uses():
    assert set(KERNEL_TABLES) == {table.name for table in TABLES_OF_THE_KERNEL}
    assert KERNEL_FIELDS.keys() == {"queries", "mutations", "subscriptions"}
    for kind, kept in KERNEL_FIELDS.items():
        fields = {root_field_name(field) for field in getattr(KERNEL_GRAPHQL, kind)}
        assert set(kept) == (fields | {"node"} if kind == "queries" else fields)


def test_every_code_of_the_kernel_belongs_to_one_class():
    codes = [cls.code for cls in kernel_error_classes()]
    assert len(codes) == len(set(codes))
