"""Every plugin that Synthetic brings passes the suite that every plugin should pass."""

from __future__ import annotations

import sys

import pytest

from synthetic.plugins.hooks import RUN_TIME, Hooks
from synthetic.registry import load_registry
from synthetic.testing import CHECKS, check_plugin
from thirdparty.distributions import SHIPPED

QUICK = (
    "events_are_declared",
    "errors_are_declared",
    "tables_are_strict",
    "migrates_an_empty_store",
    "deletions_use_indexes",
)
"""Those that need neither the schema nor rows; what the schema says is looked at as a whole in test_made_pages."""

REGISTRY = load_registry(None, environ={})
OFFERED = [
    name
    for plugin in REGISTRY.plugins
    if plugin.record.hooks is not None
    for name, function in vars(sys.modules[plugin.record.hooks]).items()
    if hasattr(function, "synthetic_spec")
]
"""The hooks that shipped plugins offer to others."""

WALKS = {
    "constructs": ("constructs.filter.updatedFrom", "constructs.filter.updatedBefore", "constructs.filter.text"),
    "sessions": ("sessions.filter.topLevel", "sessions.filter.activeFrom", "sessions.filter.activeBefore"),
    "transcripts": (
        "transcripts.filter.source",
        "transcripts.filter.updatedFrom",
        "transcripts.filter.updatedBefore",
    ),
    "jobs": ("jobs.filter.errorContains",),
    "projections": (
        "workflowTransitions.filter.to",
        "workflowTransitions.filter.actor",
        "documents.filter.text",
        "agentMetrics.filter.agents",
        "agentMetrics.filter.kinds",
        "agentMetrics.groupBy",
        "agentOutliers.filter.works",
        "agentOutliers.filter.kinds",
        "agentOutliers.filter.measures",
    ),
    "audit": ("auditLog.filter.kind",),
    "dead_letters": (
        "deadLetters.filter.codes",
        "deadLetters.filter.entityType",
        "deadLetters.filter.entityId",
        "deadLetters.filter.retryEntityType",
        "deadLetters.filter.retryEntityId",
        "deadLetters.filter.failedFrom",
        "deadLetters.filter.failedBefore",
        "deadLetters.filter.dueBy",
    ),
    "deliveries": ("deliveries.filter.endedFrom", "deliveries.filter.endedBefore"),
}
"""Filters for which a list is gone through until a page is full: an index for each would cost every write."""

THOROUGH = [check.name for check in CHECKS if check.name not in QUICK]


@pytest.mark.parametrize("plugin", SHIPPED)
def test_a_shipped_plugin_conforms(plugin):
    check_plugin(plugin, only=QUICK).expect_passed()


@pytest.mark.full
@pytest.mark.parametrize("plugin", SHIPPED)
def test_a_shipped_plugin_conforms_in_use(plugin):
    check_plugin(plugin, only=THOROUGH, walks=WALKS.get(plugin, ())).expect_passed()


def test_one_shipped_plugin_conforms_in_use():
    chosen = [name for name in THOROUGH if name != "loads_alone"]
    check_plugin("constructs", only=chosen, walks=WALKS["constructs"]).expect_passed()


@pytest.mark.parametrize("hook", OFFERED)
def test_a_hook_that_a_shipped_plugin_offers_is_used_by_one(hook):
    assert REGISTRY.hooks_of(hook)


def test_those_are_all_hooks_beside_the_kernels():
    assert set(OFFERED) >= {"register_importers", "register_search_documents"}
    assert not set(OFFERED) & {*Hooks().specs, *RUN_TIME}
