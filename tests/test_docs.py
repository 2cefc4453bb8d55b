"""What the documentation says is there is there: links, commands, options, settings, codes, metrics, fields, hooks."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import fields, replace

import graphql
import pytest
import typer

import synthetic
import synthetic.testing
from synthetic import hookspecs
from synthetic.backups.metrics import BACKUP_METRICS
from synthetic.checks.declared import KERNEL_CHECKS
from synthetic.checks.schedule import CheckMeter
from synthetic.cli.application import build_application
from synthetic.cli.doctor import SOUND, VERDICTS
from synthetic.cli.main import INTERRUPTED, PIPE_CLOSED
from synthetic.clock import SystemClock
from synthetic.contributions import Stamped
from synthetic.database.coalescing import CoalescedWrites
from synthetic.errors import ExitCode
from synthetic.faults import CRASH_VARIABLE
from synthetic.graphql.schema import core_schema
from synthetic.graphql.socket_messages import CloseCode
from synthetic.kernel import schema_of
from synthetic.kernel_settings import DatabaseSettings, LimitSettings
from synthetic.log.sync.meter import SyncMeter
from synthetic.log.sync.model import ModuleKind
from synthetic.log.sync.publication import forgotten_status
from synthetic.metric_contributions import BEGINNINGS
from synthetic.metric_readings import MetricReadings
from synthetic.metrics import Metrics
from synthetic.plugins.clashes import KERNEL_METRICS, kernel_error_classes
from synthetic.plugins.hooks import RUN_TIME, Hooks
from synthetic.registry import load_registry
from synthetic.retention.meter import RetentionMeter
from synthetic.setting_layers import environment_name
from synthetic.storage.meter import StorageMeter
from synthetic.testing import CHECKS, pytest_plugin
from synthetic_audit.chain import Damage
from synthetic_constructs.store.conditions import UNINDEXED_FILTER
from synthetic_projections.costs.asking import TRUNCATED as COSTS_TRUNCATED
from synthetic_projections.lineage.query import TRUNCATED
from synthetic_search.asking.answering import INCOMPLETE, LEXICAL_ONLY, UNDERSTOOD_OTHERWISE

from .faults.sweeps import SEED
from .pages import (
    DOCS,
    LINK,
    PAGES,
    ROOT,
    WRITTEN,
    blocks_of,
    code_in,
    console_steps,
    files_in,
    prose_of,
    slug_of,
    slugs_of,
    spans_of,
    table_with,
    tables_of,
    text_of,
)

REGISTRY = load_registry(None, environ={})
SCHEMA = core_schema(schema_of(REGISTRY))
SETTING_NAMES = {value.name for value in REGISTRY.setting_values}
COMMANDS = typer.main.get_command(build_application(REGISTRY.commands, None))
OTHER_VARIABLES = {
    *("SYNTHETIC_DATA", "SYNTHETIC_TOKEN", "SYNTHETIC_URL", "SYNTHETIC_COLLECTION", CRASH_VARIABLE, SEED)
}
FOREIGN_PROGRAMS = ("pip ", "pytest ", ".venv/bin/pytest ")
OTHER_WORDS = {
    *(UNINDEXED_FILTER, TRUNCATED, COSTS_TRUNCATED),  # codes of notices
    *(UNDERSTOOD_OTHERWISE, LEXICAL_ONLY, INCOMPLETE),  # and those of search
    *("FULL", "NORMAL", "OFF"),  # values of a setting
    *("STRICT", "PRAGMA", "ATTACH"),  # words of SQL
    "JSON",  # a scalar, and the name of its Python type
    *("EPOCH", "AHEAD", "PRUNED"),  # why a position cannot be followed
    "SESSION",  # for what somebody else fills in
    *Damage,  # in the details of a finding
    *(name for name, _ in (SOUND, *VERDICTS.values())),  # what the doctor says
}

by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
by_written_page = pytest.mark.parametrize("page", WRITTEN)


@by_page
def test_internal_links_lead_somewhere(page):
    for target in LINK.findall(prose_of(page.read_text())):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        there = page if not path else (page.parent / path).resolve()
        assert there.exists(), target
        assert not anchor or anchor in slugs_of(there.read_text()), target


@by_written_page
def test_a_page_lists_its_sections_and_its_lines_are_not_long(page):
    text = text_of(page)
    sections = re.findall(r"^## (.+)$", prose_of(text), re.MULTILINE)
    listed = re.findall(r"^- \[(.+)\]\(#(.+)\)$", text, re.MULTILINE)
    assert listed == [(section, slug_of(section)) for section in sections]
    assert [line for line in text.splitlines() if len(line) > 120] == []


def command_lines() -> list[tuple[str, list[str]]]:
    """Every use of the program: page, and the words after its name."""
    found: list[tuple[str, list[str]]] = []
    # The reference of hooks names commands of the plugins in its examples.
    for page in [page for page in PAGES if page.name != "hooks.md"]:
        text = page.read_text()
        uses = [*spans_of(text), *(step.command for step in console_steps(text)), *blocks_of(text, "sh")]
        for use in uses:
            lines = re.findall(r"(?:^|[\s(/])synthetic ([^|<>;&)\n]+)", use)
            found += [(page.name, line.split()) for line in lines]
    return found


@pytest.mark.parametrize(
    ("page", "words"), command_lines(), ids=lambda value: value if isinstance(value, str) else " ".join(value)
)
def test_a_command_and_its_options_exist(page, words):
    command = COMMANDS
    rest = list(words)
    while rest and not rest[0].startswith("-") and rest[0] in getattr(command, "commands", {}):
        command = command.commands[rest.pop(0)]
    assert command is not COMMANDS or rest[0].startswith("-"), f"there is no command {words[0]}"
    options = {name for parameter in command.params for name in parameter.opts} | {"--help"}
    for word in rest:
        assert not word.startswith("--") or word.partition("=")[0] in options, word


def all_options(command) -> set[str]:
    own = {name for parameter in command.params for name in parameter.opts}
    return own.union(*(all_options(inner) for inner in getattr(command, "commands", {}).values()))


@by_page
def test_an_option_that_is_named_alone_is_one_of_some_command(page):
    for span in spans_of(page.read_text()):
        if not span.startswith(FOREIGN_PROGRAMS):
            named = re.findall(r"(?:^|\s)(--[a-z0-9-]+)", span)
            assert set(named) <= all_options(COMMANDS) | {"--help"}, span


@by_page
def test_the_settings_that_are_named_exist(page):
    text = page.read_text()
    for name in re.findall(r"(?<![.\w])(?:kernel|plugins)\.[a-z_]+\.[a-z_]+", text):
        assert name in SETTING_NAMES, name
    variables = OTHER_VARIABLES | {environment_name(name) for name in SETTING_NAMES}
    for variable in re.findall(r"\bSYNTHETIC_[A-Z_]+\b(?!\.\.\.)", text):
        assert variable in variables or variable == "SYNTHETIC_PLUGINS_NAME_KEY", variable


def test_settings_that_are_shown_as_a_file_fit(tmp_path):
    for block in blocks_of(text_of("operating.md"), "toml"):
        (tmp_path / "plugins.toml").write_text(block)
        load_registry(tmp_path, environ={})


def test_the_limits_are_listed_with_their_defaults():
    def shown(name: str, value: int) -> str:
        if name.endswith("_bytes"):
            return f"{value // 1_048_576} MiB" if value >= 1_048_576 else f"{value // 1_024} KiB"
        return f"{value // 1_000} s" if name.endswith("_ms") else f"{value:,}"

    text = text_of("operating.md")
    rows = table_with(text, "setting under `kernel.limits`", "default", "what is answered beyond it")
    defaults = {field.name: shown(field.name, getattr(LimitSettings(), field.name)) for field in fields(LimitSettings)}
    assert {code_in(name): default for name, default, _ in rows} == defaults
    values = {value.name: value.value for value in REGISTRY.setting_values}
    for name, default, _ in table_with(text, "other setting", "default", "what is answered beyond it"):
        assert default == shown(code_in(name), values[code_in(name)])


@by_page
def test_the_codes_that_are_named_exist(page):
    codes = {cls.code for cls in kernel_error_classes()} | {error.record.error_class.code for error in REGISTRY.errors}
    enums = [kind for kind in SCHEMA.type_map.values() if isinstance(kind, graphql.GraphQLEnumType)]
    values = {value for kind in enums for value in kind.values}
    methods = {"GET", "POST", "OPTIONS"}
    for span in spans_of(page.read_text()):
        if re.fullmatch(r"[A-Z][A-Z_]{2,}", span) and not span.startswith("SYNTHETIC_"):
            assert span in codes | values | methods | OTHER_WORDS | set(synthetic.__all__), span


def test_the_exit_codes_are_all_listed():
    rows = table_with(text_of("operating.md"), "exit code", "meaning")
    known = {value for name, value in vars(ExitCode).items() if not name.startswith("_")}
    assert {int(code) for code, _ in rows} == known | {INTERRUPTED, PIPE_CLOSED}


def test_the_close_codes_are_all_listed():
    rows = table_with(text_of("graphql.md"), "close code", "why", "connect again?")
    assert [int(code) for code, _, _ in rows] == [code.value for code in CloseCode]


def metrics_in_use() -> Metrics:
    """Metrics that have counted something everywhere, so that all of their labels show."""
    metrics = Metrics()
    metrics.name_process("1.0", 0)
    metrics.request("http", "query", "OK", 1.0)
    metrics.http_response(200)
    metrics.service_step("plugin.service", 1, 0.1)
    metrics.service_failing("plugin.service", 1)
    metrics.service_hanging("plugin.service", 61.0)
    metrics.consumer_batch("plugin.consumer", 1, 0.1)
    metrics.consumer_set_aside("plugin.consumer")
    metrics.write_retries.labels("busy").inc()
    metrics.overloads.labels("writer").inc()
    metrics.plan_refusals.labels("fragment arguments").inc()
    meter = SyncMeter(SystemClock(), 1_000)
    meter.take([replace(forgotten_status("plugin.consumer"), kind=ModuleKind.FOLD, lag_events=1, lag_ms=1)])
    metrics.registry.register(meter)
    retention = RetentionMeter(metrics.registry)
    retention.deleted("plugin.rule", {"table": 1})
    retention.suspended(is_suspended=True)
    storage = StorageMeter(metrics.registry)
    CheckMeter(metrics.registry)
    storage.checkpoints.labels("copied").inc()
    CoalescedWrites(lambda *_: None, DatabaseSettings(), SystemClock(), metrics.registry)
    own = [Stamped("kernel", reading) for reading in BACKUP_METRICS]
    MetricReadings(own, SystemClock(), metrics.registry).count_failure("plugin_metric")
    return metrics


def test_the_metrics_are_all_listed_with_type_and_labels():
    known: dict[str, tuple[str, set[str]]] = {}
    for family in metrics_in_use().registry.collect():
        suffix = {"counter": "_total", "info": "_info"}.get(family.type, "")
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        known[family.name + suffix] = ("gauge" if family.type == "info" else family.type, labels)
    rows = table_with(text_of("operating.md"), "metric", "type", "labels", "meaning")
    listed = {code_in(name): (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels, _ in rows}
    assert all(meaning for *_, meaning in rows)
    of_linux = {name for name in listed if name.startswith("process_")}
    if not of_linux & set(known):
        listed = {name: row for name, row in listed.items() if name not in of_linux}
    assert listed == known


def test_the_metrics_of_the_shipped_plugins_are_all_listed():
    rows = table_with(text_of("operating.md"), "metric of a plugin", "plugin", "label", "meaning")
    assert all(meaning for *_, meaning in rows)
    assert {(code_in(name), code_in(plugin), label.strip("`")) for name, plugin, label, _ in rows} == {
        (stamped.record.name, stamped.plugin, stamped.record.label) for stamped in REGISTRY.metrics
    }


def test_the_checks_of_the_kernel_are_all_listed():
    rows = table_with(text_of("operating.md"), "check", "effort", "what holds")
    assert [(code_in(name), effort, purpose) for name, effort, purpose in rows] == [
        (f"kernel.{check.name}", check.effort, check.purpose) for check in KERNEL_CHECKS
    ]


def test_no_plugin_can_take_the_name_of_a_metric_of_the_kernel():
    known = {family.name for family in metrics_in_use().registry.collect()}
    assert {name for name in known if not name.startswith(BEGINNINGS)} == set(KERNEL_METRICS)


def documents() -> list[tuple[str, str]]:
    """Those of the pages about plugins are for other schemas (see test_docs_examples and test_tutorial)."""
    pages = [page for page in PAGES if page.parent.name != "plugins"]
    return [(page.name, block) for page in pages for block in blocks_of(page.read_text(), "graphql")]


@pytest.mark.parametrize(("page", "document"), documents(), ids=lambda value: value.split("\n")[0][:40])
def test_a_graphql_document_fits_the_schema(page, document):
    assert graphql.validate(SCHEMA, graphql.parse(document)) == []


@by_page
def test_json_and_toml_are_well_formed(page):
    for block in blocks_of(page.read_text(), "json"):
        json.loads(block)
    for block in blocks_of(page.read_text(), "toml"):
        tomllib.loads(block)


def test_every_hook_that_runs_while_a_store_is_open_is_listed_with_what_it_takes():
    rows = table_with(text_of("plugins/guide.md"), "hook while a store is open", "is told of")
    assert {code_in(hook) for hook, _ in rows} == {f"{hook}({', '.join(takes)})" for hook, takes in RUN_TIME.items()}


def test_every_hook_is_listed_with_its_record():
    rows = table_with(text_of("plugins/guide.md"), "hook", "contributes", "record")
    specs = {name: spec.record_class.__name__ for name, spec in Hooks().specs.items()}
    assert {code_in(hook): code_in(record) for hook, _, record in rows} == specs
    assert set(specs) <= set(vars(hookspecs))


def test_the_export_list_is_listed_whole():
    rows = table_with(text_of("plugins/guide.md"), "for", "names in `synthetic`")
    listed = [name for _, names in rows for name in re.findall(r"`(\w+)`", names)]
    assert sorted(listed) == sorted(synthetic.__all__)


def test_the_test_kit_that_is_listed_exists():
    listed: set[str] = set()
    for heading, *rows in tables_of(text_of("plugins/testing.md")):
        if heading == ["name", "gives"]:
            listed |= {name for names, _ in rows for name in re.findall(r"`(\w+)\(", names)}
    assert listed >= {"open_plugin_store", "schema_hash"}
    for name in listed:
        assert callable(getattr(synthetic.testing, name)), name


def test_the_checks_of_plugins_are_all_listed():
    rows = table_with(text_of("plugins/testing.md"), "check", "what holds")
    assert [(code_in(name), holds) for name, holds in rows] == [(check.name, check.purpose) for check in CHECKS]


def test_the_fixtures_that_are_listed_exist():
    rows = table_with(text_of("plugins/testing.md"), "fixture", "is")
    listed = {name for names, _ in rows for name in re.findall(r"`(synthetic_\w+)`", names)}
    assert listed == {name for name in vars(pytest_plugin) if name.startswith("synthetic_")}


def test_the_methods_of_transactions_that_are_listed_exist():
    for names, _ in table_with(text_of("plugins/guide.md"), "method", "gives"):
        for name in re.findall(r"`(\w+)", names):
            assert name == "now" or hasattr(synthetic.Transaction, name), name


def test_the_pages_that_are_written_are_all_there():
    made = {"settings.md", "errors.md", "events.md", "plugins/hooks.md"}
    assert {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")} == {*WRITTEN, *made}
    assert set(files_in(text_of("plugins/guide.md"))) >= {"pyproject.toml", "synthetic_ratings/plugin.py"}
    assert (ROOT / "README.md").exists()
