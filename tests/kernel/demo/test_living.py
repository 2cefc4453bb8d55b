"""What goes on while somebody looks: each part by itself, many steps, on a store that is sound afterwards."""

from __future__ import annotations

import pytest

from synthetic.demo.making import fleet_of
from synthetic.demo.parts import load_parts
from synthetic.errors import PluginFailedError
from synthetic.registry import load_registry
from synthetic.testing import copy_template, expect_data, open_test_store
from thirdparty.distributions import write_plugins_toml

from .kit import check_soundness, make

STEPS = 120


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path = tmp_path_factory.mktemp("demo") / "store"
    # Its end is the present: what is under way there goes on.
    return path, make(path, now=None)


@pytest.fixture
def demo(made, tmp_path):
    path, came_to = made
    with open_test_store(copy_template(path, tmp_path / "copy")) as store:
        yield store, fleet_of(came_to.mark)


def live(demo, plugin, steps=STEPS):
    store, fleet = demo
    (part,) = [part for part in load_parts(store.kernel.registry) if part.plugin == plugin]
    random = fleet.random("test")
    for _ in range(steps):
        part.live(store, fleet, random)


def kinds_of_events(store):
    return dict(store.read(lambda snapshot: snapshot.rows("SELECT type, count(*) FROM domain_events GROUP BY type")))


@pytest.mark.parametrize(
    ("plugin", "types"),
    [
        ("constructs", {"construct.saved"}),
        ("sessions", {"session.saved"}),
        ("transcripts", {"transcript.messages_appended"}),
        ("jobs", {"job.saved", "job.status_changed", "job.progressed", "job.checkpointed"}),
    ],
)
def test_a_part_goes_on_and_leaves_the_store_sound(demo, plugin, types):
    store, _ = demo
    # Whatever the history left, somebody is at work.
    live(demo, "sessions", 10)
    before = kinds_of_events(store)
    live(demo, plugin)
    after = kinds_of_events(store)
    assert {type for type in after if after[type] > before.get(type, 0)} >= types
    check_soundness(store)


def test_agents_do_not_become_more_and_more(demo):
    live(demo, "sessions", 400)
    answer = demo[0].graphql("{ sessions(filter: {status: [ACTIVE]}) { totalCount } }")
    assert 1 <= expect_data(answer)["sessions"]["totalCount"] <= 24


def test_workers_touch_no_job_that_somebody_else_has_claimed(demo):
    store, _ = demo
    saved = 'mutation { saveJob(input: {id: "mine", kind: "build", priority: 9}) { job { id } } }'
    claimed = 'mutation { claimJob(input: {id: "mine", worker: "visitor"}) { job { leaseToken } } }'
    expect_data(store.graphql(saved))
    expect_data(store.graphql(claimed))
    live(demo, "jobs", 300)
    job = expect_data(store.graphql('{ job(id: "mine") { status leaseOwner progress } }'))["job"]
    assert job == {"status": "RUNNING", "leaseOwner": "visitor", "progress": 0}


def test_an_emptied_store_does_not_stop_it(demo, tmp_path):
    with open_test_store(tmp_path / "empty") as store:
        for plugin in ("transcripts", "sessions", "constructs", "jobs"):
            live((store, demo[1]), plugin, 20)
        assert kinds_of_events(store)["construct.saved"] > 0


@pytest.mark.parametrize(
    ("module", "problem"),
    [
        ("sample_alpha.elsewhere", "importing sample_alpha.elsewhere failed"),
        ("sample_alpha", "neither history nor live"),
    ],
)
def test_a_part_that_cannot_be_used_stops_the_demo_by_the_name_of_its_plugin(site, tmp_path, module, problem):
    part = f"@hookimpl\ndef register_demo():\n    return (DemoPart(module={module!r}),)\n"
    site.install("alpha", f"from synthetic import DemoPart\n\n{part}")
    write_plugins_toml(tmp_path, {"alpha": ""})
    registry = load_registry(tmp_path, environ={})
    with pytest.raises(PluginFailedError, match=problem):
        load_parts(registry)
