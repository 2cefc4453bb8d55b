"""The test kit: what Synthetic's own tests use, and what the tests of plugins should.

Stores are real ones in temporary directories, servers are processes on
loopback, the clock is one that the test moves; nothing is replaced by a mock.
`check_plugin` is the conformance suite that every plugin passes.

Nothing here needs pytest. The fixtures and `PluginConformance` are in
`synthetic.testing.pytest_plugin`, which a test suite asks for by name:
`pytest_plugins = ["synthetic.testing.pytest_plugin"]` in its `conftest.py`. It
is no entry point of pytest's, since that would import the kernel in the test
suites of all projects in whose environment Synthetic is installed.
"""

from __future__ import annotations

from synthetic.testing.answers import CONTRACT_KEYS, expect_data, expect_error
from synthetic.testing.clients import Client, Heard, ServerClient, StoreClient
from synthetic.testing.clocks import ManualClock, wait_until
from synthetic.testing.conformance import CHECKS, check_plugin
from synthetic.testing.conformance.records import CheckResult, ConformanceCheck, ConformanceReport, Outcome
from synthetic.testing.conformance.subject import PluginUnderTest
from synthetic.testing.faults import FaultPoint, each_fault, fault_at
from synthetic.testing.plugin_sets import load_plugins, open_plugin_store, with_required, write_plugins_toml
from synthetic.testing.servers import RunningServer, running_server
from synthetic.testing.snapshots import (
    SchemaChange,
    ddl_of,
    expect_snapshot,
    find_schema_changes,
    rows_of,
    schema_hash,
    sdl_of,
)
from synthetic.testing.stores import FAST_SETTINGS, copy_template, make_template, open_test_store
from synthetic.testing_commands import run_command, start_command

__all__ = [
    "CHECKS",
    "CONTRACT_KEYS",
    "FAST_SETTINGS",
    "CheckResult",
    "Client",
    "ConformanceCheck",
    "ConformanceReport",
    "FaultPoint",
    "Heard",
    "ManualClock",
    "Outcome",
    "PluginUnderTest",
    "RunningServer",
    "SchemaChange",
    "ServerClient",
    "StoreClient",
    "check_plugin",
    "copy_template",
    "ddl_of",
    "each_fault",
    "expect_data",
    "expect_error",
    "expect_snapshot",
    "fault_at",
    "find_schema_changes",
    "load_plugins",
    "make_template",
    "open_plugin_store",
    "open_test_store",
    "rows_of",
    "run_command",
    "running_server",
    "schema_hash",
    "sdl_of",
    "start_command",
    "wait_until",
    "with_required",
    "write_plugins_toml",
]
