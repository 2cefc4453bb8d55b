"""A plugin that misbehaves while a store is open: it is refused or counted by its name, and the rest goes on."""

from __future__ import annotations

import httpx
import pytest

import synthetic
from synthetic import Refusal
from synthetic.errors import PluginFailedError
from synthetic.log.consumers.refused import tell_refused
from synthetic.services.runner import BackgroundRunner
from synthetic.testing import expect_data, expect_error, running_server, wait_until
from thirdparty.distributions import write_plugins_toml

FREE_DISK = "[kernel.database]\nfree_disk_bytes = 0\n"

GOOD = '''
from synthetic import query

@query
def good_count(snapshot) -> int:
    """How many goods there are."""
    return snapshot.value("SELECT count(*) FROM goods")

@hookimpl
def register_tables():
    return (Table(name="goods", purpose="Goods.", kept="A few."),)

@hookimpl
def register_migrations():
    return (MigrationFolder("sample_good"),)

@hookimpl
def register_graphql():
    return (GraphQL(queries=(good_count,)),)
'''

ROGUE = '''
import strawberry

from synthetic import Check, EventType, MetricReading, Route, Scope, Transaction, mutation, query

UNDECLARED = EventType(name="rogue.born", entity="rogue", purpose="Declared by nobody.")

@strawberry.input(description="How.")
class RogueInput:
    how: str = strawberry.field(description="How.")

@query
def rogue_count(snapshot) -> int:
    """Raises."""
    raise RuntimeError("hunter2")

@query
def rogue_exit(snapshot) -> int:
    """Ends the process."""
    raise SystemExit(3)

@query
def rogue_word(snapshot) -> int:
    """Is none."""
    return "hunter2"

@mutation
def misbehave(tx: Transaction, input: RogueInput) -> bool:
    """Write, and then do something wrong."""
    tx.execute("INSERT INTO goods (id) VALUES (:id)", {"id": input.how})
    if input.how == "emit":
        tx.emit(UNDECLARED, "1")
    if input.how == "ddl":
        tx.execute("DROP TABLE goods")
    if input.how == "commit":
        tx.execute("COMMIT")
    if input.how == "exit":
        raise SystemExit(3)
    raise RuntimeError("hunter2")

def fail(*given):
    raise RuntimeError("hunter2")

def leave(*given):
    raise SystemExit(3)

@hookimpl
def register_graphql():
    return (GraphQL(queries=(rogue_count, rogue_exit, rogue_word), mutations=(misbehave,)),)

@hookimpl
def register_services():
    return (
        Service(name="fails", purpose="Fails.", step=fail, every_ms=10),
        Service(name="leaves", purpose="Ends the process.", work=leave, every_ms=10),
    )

@hookimpl
def register_metrics():
    return (
        MetricReading(name="rogue_things", purpose="Fails.", read=fail),
        MetricReading(name="rogue_exits", purpose="Ends the process.", read=leave),
    )

async def serve(request):
    raise SystemExit(3)

@hookimpl
def register_routes():
    return (Route(path="/rogue", purpose="Ends the process.", methods={"GET": Scope.READ}, serve=serve),)

@hookimpl
def register_checks():
    return (
        Check(name="fails", purpose="Fails.", find=fail, entity="rogue", effort="light"),
        Check(name="leaves", purpose="Ends the process.", find=leave, entity="rogue", effort="light"),
    )
'''


@pytest.fixture
def store(site, tmp_path):
    site.install(
        "good", GOOD, modules={"migrations/0001_goods.sql": "CREATE TABLE goods (id TEXT PRIMARY KEY) STRICT;"}
    )
    site.install("rogue", ROGUE)
    write_plugins_toml(tmp_path / "store", {"good": "", "rogue": ""}, extra=FREE_DISK)
    with synthetic.open(tmp_path / "store") as store:
        yield store


@pytest.mark.parametrize("how", ["emit", "ddl", "commit", "exit", "raise"])
def test_a_mutation_that_does_what_it_must_not_keeps_nothing_and_tells_nothing(store, how):
    answer = store.graphql("mutation($how: String!) { misbehave(input: { how: $how }) }", {"how": how})
    error = expect_error(answer, "PLUGIN_FAILED" if how == "emit" else "INTERNAL")
    assert "hunter2" not in str(error)
    assert expect_data(store.graphql("{ goodCount }")) == {"goodCount": 0}
    if how == "emit":
        said = "The plugin rogue emits the event type rogue.born, which no loaded plugin declares."
        assert error["message"] == said


@pytest.mark.parametrize("field", ["rogueCount", "rogueExit", "rogueWord"])
def test_a_field_that_fails_is_null_and_masked_and_others_are_answered(store, field):
    answer = store.graphql(f"{{ goodCount {field} }}")
    expect_error(answer, "INTERNAL")
    assert "hunter2" not in str(answer)
    assert expect_data(store.graphql("{ goodCount }")) == {"goodCount": 0}


def test_a_check_that_fails_is_named_and_others_are_run(store):
    found = expect_data(store.graphql("{ integrity { checks { name status reason { code } } } }"))["integrity"]
    by_name = {each["name"]: each for each in found["checks"]}
    for name in ("rogue.fails", "rogue.leaves"):
        assert by_name.pop(name) == {"name": name, "status": "INCOMPLETE", "reason": {"code": "INTERNAL"}}
    assert {each["status"] for each in by_name.values()} == {"PASSED"}


def test_services_that_fail_are_counted_by_name_and_the_store_is_written_on(store):
    kernel = store.kernel
    running: BackgroundRunner = kernel.services()
    running.start()
    counted = kernel.metrics.registry.get_sample_value
    for name in ("rogue.fails", "rogue.leaves"):
        wait_until(lambda name=name: counted("synthetic_service_failing", {"service": name}))
    running.stop()
    assert store.write(lambda tx: tx.execute("INSERT INTO goods (id) VALUES ('1')")) is not None
    assert expect_data(store.graphql("{ goodCount }")) == {"goodCount": 1}


def test_a_server_outlives_what_wants_to_end_it(store, tmp_path):
    with running_server(tmp_path / "store", "--no-auth") as server, httpx.Client(timeout=60) as client:
        base = server.url.removesuffix("/graphql")
        for _ in range(2):
            assert client.get(f"{base}/rogue").json()["code"] == "INTERNAL"
            answer = client.post(server.url, json={"query": "{ rogueExit }"}).json()
            assert answer["errors"][0]["extensions"]["code"] == "INTERNAL"
            answer = client.post(server.url, json={"query": 'mutation { misbehave(input: { how: "exit" }) }'}).json()
            assert answer["errors"][0]["extensions"]["code"] == "INTERNAL"
            failures = client.get(f"{base}/metrics").text
            assert 'synthetic_metric_reading_failures_total{metric="rogue_exits"} 1.0' in failures
        assert client.post(server.url, json={"query": "{ goodCount }"}).json()["data"] == {"goodCount": 0}


UNSPEAKABLE = """
class UnspeakableError(Exception):
    def __str__(self):
        raise RuntimeError("no words")

    __repr__ = __str__

"""
ROLES = (
    UNSPEAKABLE
    + """
@hookimpl
def prepare_connection(connection, role):
    if role == "{role}":
        raise {raised}
"""
)
REACTING = (
    UNSPEAKABLE
    + """
from synthetic import RefusalReaction, Transaction, mutation

@mutation
def react(tx: Transaction) -> bool:
    \"\"\"Write.\"\"\"
    tx.execute("INSERT INTO goods (id) VALUES ('1')")
    return True

@hookimpl
def register_graphql():
    return (GraphQL(mutations=(react,)),)

def refused(tx, refusal):
    raise {raised}

@hookimpl
def register_refusal_reactions():
    return (RefusalReaction(purpose="Fails.", refused=refused, settled=refused),)

@hookimpl
def record_operation(tx, operation):
    raise {raised}
"""
)
RAISED = ["RuntimeError('hunter2')", "UnspeakableError", "SystemExit(3)"]


@pytest.mark.parametrize("raised", RAISED)
@pytest.mark.parametrize("role", ["writer", "reader"])
def test_a_connection_that_cannot_be_prepared_stops_the_start_by_name_or_leaves_the_plugin_out(
    site, tmp_path, role, raised
):
    site.install("spoils", ROLES.format(role=role, raised=raised))
    write_plugins_toml(tmp_path / "store", {"spoils": ""}, extra=FREE_DISK)
    with pytest.raises(PluginFailedError, match="The plugin spoils: its prepare_connection failed"):
        synthetic.open(tmp_path / "store")
    write_plugins_toml(tmp_path / "store", {"spoils": "optional = true"}, extra=FREE_DISK)
    with synthetic.open(tmp_path / "store") as store:
        assert [each.name for each in store.kernel.registry.left_out] == ["spoils"]


@pytest.mark.parametrize("raised", RAISED)
def test_who_raises_when_told_is_named_and_what_it_was_told_in_is_undone(site, tmp_path, raised, caplog):
    site.install(
        "good", GOOD, modules={"migrations/0001_goods.sql": "CREATE TABLE goods (id TEXT PRIMARY KEY) STRICT;"}
    )
    site.install("reacts", REACTING.format(raised=raised))
    write_plugins_toml(tmp_path / "store", {"good": "", "reacts": ""}, extra=FREE_DISK)
    refusal = Refusal("good.all", 1, "good", "1", None, "{}", 0, is_set_aside=False)
    with synthetic.open(tmp_path / "store") as store:
        with pytest.raises(PluginFailedError, match="The plugin reacts: its reaction to a refusal failed"):
            store.write(tell_refused, refusal)
        expect_error(store.graphql("mutation { react }"), "INTERNAL")
        assert "record_operation of the plugin reacts" in caplog.text
        assert expect_data(store.graphql("{ goodCount }")) == {"goodCount": 0}
