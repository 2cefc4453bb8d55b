"""The example of the hook that deliveries offer, as a third party's plugin: it keeps what did not arrive."""

from __future__ import annotations

import inspect
import textwrap

import pytest

from plugins.deliveries.receivers import answering
from synthetic import Snapshot
from synthetic_deliveries import hookspecs
from thirdparty.distributions import Site, introduced_with, write_plugins_toml

NAMES = """
from synthetic import Transaction
from synthetic_deliveries.store import Delivery, DeliveryReaction, DeliveryStatus
"""
TABLE = """
@hookimpl
def register_tables():
    return (Table(name="undelivered", purpose="For a test.", key=("delivery_id",), kept="For a test."),)

@hookimpl
def register_migrations():
    return (MigrationFolder("sample_reactor"),)
"""
MIGRATION = "CREATE TABLE undelivered (delivery_id TEXT NOT NULL PRIMARY KEY, failed_at INTEGER NOT NULL) STRICT;"
HOUR_MS = 3_600_000


@pytest.fixture
def reacting(data_dir, tmp_path, monkeypatch):
    """The directory of a store that loads the example."""
    site = Site(tmp_path / "site", monkeypatch)
    documentation = inspect.getdoc(hookspecs.register_delivery_reactions) or ""
    example = textwrap.dedent(documentation.partition("Example::")[2])
    code = introduced_with(requires=("deliveries",)) + NAMES + example + TABLE
    site.install("reactor", code, introduced=False, modules={"migrations/0001_table.sql": MIGRATION})
    write_plugins_toml(data_dir, {"reactor": ""}, shipped=True)
    yield data_dir
    site.forget()


def test_the_example_keeps_what_has_failed_for_good(reacting, own_deliveries, receiver):
    own_deliveries.target(receiver.url)
    receiver.behave = answering(400)
    own_deliveries.happen("c1", construct_id="c1")
    kept = []
    for _ in range(3):
        kept.append(own_deliveries.store.read(Snapshot.rows, "SELECT delivery_id FROM undelivered"))
        own_deliveries.deliver()
        own_deliveries.clock.advance(HOUR_MS)
    assert kept == [[], [], []]
    (row,) = own_deliveries.store.read(Snapshot.rows, "SELECT delivery_id FROM undelivered")
    assert row == (own_deliveries.one().id,)
