"""The conformance suite: a plugin that conforms passes all of it, and each check fails on one that does not."""

from __future__ import annotations

from sys import modules

import pytest

from synthetic.errors import BadUserInputError, PluginFailedError
from synthetic.testing import CHECKS, Outcome, check_plugin, sdl_of
from synthetic.testing.plugin_sets import load_plugins, write_plugins_toml

from .broken import install_marks


def check(name, *only, **given):
    """The results of some checks, by their names."""

    def fill(store):
        modules[f"sample_{name}.plugin"].fill(store)

    report = check_plugin(name, only=only, fill=fill, **given)
    assert report.plugin == name
    return {result.check: result for result in report.results}


def failed(name, which, **given):
    """What is wrong by one check, which must fail."""
    (result,) = check(name, which, **given).values()
    assert result.outcome is Outcome.FAILED, result
    with pytest.raises(AssertionError, match=which):
        result.expect_passed()
    return " ".join(result.problems)


def test_a_plugin_that_conforms_passes_every_check(site):
    results = check(install_marks(site))
    assert list(results) == [each.name for each in CHECKS]
    # It has one migration, so nothing to upgrade from.
    expected = dict.fromkeys(results, Outcome.PASSED) | {"upgrades_keep_rows": Outcome.SKIPPED}
    assert {name: result.outcome for name, result in results.items()} == expected, results


def test_a_plugin_that_needs_what_it_does_not_require_does_not_load_alone(site):
    name = install_marks(site, ("import strawberry\n", "import strawberry\nimport synthetic_of_nobody\n"))
    with pytest.raises(PluginFailedError, match="synthetic_of_nobody"):
        check(name)
    takes_anothers_field = ("def {name}_marks(", "def constructs(")
    name = install_marks(site, takes_anothers_field, ("queries=({name}_marks,)", "queries=(constructs,)"))
    assert "both contribute" in failed(name, "loads_alone")


def test_a_field_and_a_setting_without_a_description_are_named(site):
    name = install_marks(
        site,
        ('strawberry.field(description="What it says.")', "strawberry.field()"),
        (', description="How long a mark is kept, in milliseconds."', ""),
    )
    problems = failed(name, "everything_is_described")
    assert f"{name.title()}Mark.label" in problems
    assert f"plugins.{name}.keep_ms" in problems


def test_an_event_type_that_is_not_declared_is_named(site):
    name = install_marks(site, ("return (MARK_MADE, MARK_GONE)", "return (MARK_MADE,)"))
    assert f"{name}.gone" in failed(name, "events_are_declared")


def test_an_error_code_that_is_not_declared_is_named(site):
    name = install_marks(site, ("return (ErrorCode(MarkLostError),)", "return ()"))
    assert f"{name.upper()}_MARK_LOST" in failed(name, "errors_are_declared")


def test_a_breaking_change_of_the_schema_is_named_and_another_is_noted(site, tmp_path):
    name = install_marks(site)
    write_plugins_toml(tmp_path / "plugins", [name])
    released, sdl = tmp_path / "schema.graphql", sdl_of(load_plugins(tmp_path / "plugins"))
    assert "is not there" in failed(name, "schema_changes_are_named", sdl=released)
    released.write_text(sdl.replace("  label: String!", "  label: String!\n\n  color: String!"))
    assert f"{name.title()}Mark.color was removed" in failed(name, "schema_changes_are_named", sdl=released)
    released.write_text(sdl.replace("  first: Int = null", "  first: Int = 7"))
    (result,) = check(name, "schema_changes_are_named", sdl=released).values()
    assert result.outcome is Outcome.PASSED
    assert "not breaking" in result.notes[0]


def test_a_table_that_is_not_strict_is_named(site):
    name = install_marks(site, migration=(") STRICT;", ");"))
    assert f"'{name}_marks' is not STRICT" in failed(name, "tables_are_strict")


def test_a_table_that_no_migration_makes_is_named(site):
    more = 'return (\n        Table(name="{name}_more", purpose="More.", kept="Few."),\n        Table('
    name = install_marks(site, ("return (\n        Table(", more))
    assert "which none of its migrations makes" in failed(name, "migrates_an_empty_store")


def test_a_migration_that_asks_for_a_store_without_rows_is_found_in_a_filled_one(site):
    """The keys of rows that others made are not its to count on."""
    name = install_marks(
        site,
        ('return Plugin(summary="A sample.")', 'return Plugin(summary="A sample.", requires=("constructs",))'),
        second_migration="INSERT INTO {name}_marks SELECT id, title, 'gone', 1 FROM constructs;",
    )
    results = check(name, "migrates_an_empty_store", "migrates_a_filled_store")
    assert results["migrates_an_empty_store"].outcome is Outcome.PASSED
    assert results["migrates_a_filled_store"].outcome is Outcome.FAILED
    assert "point at nothing" in " ".join(results["migrates_a_filled_store"].problems)


@pytest.mark.full
def test_a_structure_that_changes_with_each_start_is_found(site):
    """Whoever registers something else each time changes the store with every start."""
    name = install_marks(site, ('purpose="Marks.", deleted', 'purpose=f"Marks {{object()}}.", deleted'))
    assert "changed its structure" in failed(name, "migrates_twice_as_once")


def test_a_write_to_a_table_of_others_is_named_with_its_place(site):
    name = install_marks(
        site,
        (
            "    tx.emit(MARK_MADE, id)\n",
            '    tx.emit(MARK_MADE, id)\n    tx.execute("UPDATE meta SET value = value")\n',
        ),
    )
    problems = failed(name, "writes_only_its_tables")
    assert f"sample_{name}.plugin writes to the table meta" in problems
    assert "plugin.py:" in problems


def test_a_list_that_reads_the_whole_table_is_named_with_its_question(site):
    name = install_marks(site, ('Order(("created_at", "id"), (int, str)', 'Order(("label", "id"), (str, str)'))
    problems = failed(name, "queries_use_indexes")
    assert f"The table {name}_marks is read from end to end" in problems
    assert f"{{ {name}Marks(first: 2)" in problems
    by_label = ('Order(("created_at", "id"), (int, str)', 'Order(("label", "id"), (str, str)')
    name = install_marks(site, by_label, ("        Table(\n", "        Table(\n            is_small=True,\n"))
    (result,) = check(name, "queries_use_indexes").values()
    assert result.outcome is Outcome.PASSED


def test_a_filter_without_an_index_is_named_unless_the_plugin_may_walk_by_it(site):
    name = install_marks(
        site,
        ("asked: Asked, first", "asked: Asked, label: str | None = None, first"),
        ("[], {{}})", '["label = :label"] if label else [], {{"label": label}} if label else {{}})'),
    )
    by_label = f"{name}Marks.label"
    (noted,) = check(name, "queries_use_indexes").values()
    assert noted.outcome is Outcome.PASSED
    assert f"No index serves {by_label}. The table {name}_marks is read" in " ".join(noted.notes)
    assert f"No index serves {by_label}." in failed(name, "queries_use_indexes", walks=())
    (allowed,) = check(name, "queries_use_indexes", walks=(by_label,)).values()
    assert allowed.outcome is Outcome.PASSED
    assert "is no filter without an index" in failed(name, "queries_use_indexes", walks=(by_label, "marks.color"))


def test_a_field_that_fails_and_a_check_that_cannot_be_run_or_finds_fault_are_named_with_their_place(site):
    fails = (
        "    return page(snapshot, Mark, Selection",
        '    raise LookupError("lost")\n    return page(snapshot, Mark, Selection',
    )
    problems = failed(install_marks(site, fails), "fields_answer")
    assert "A field fails with LookupError: lost (" in problems
    assert "plugin.py:" in problems
    check_of = """
@hookimpl
def register_checks():
    from synthetic import Check
    return (Check(name="{0}", purpose="Looks.", sql="SELECT id, 'A mark.' FROM {1}", entity="mark", effort="light"),)


@hookimpl
def register_plugin("""
    marks = ("\n@hookimpl\ndef register_plugin(", check_of.format("lost", "marks_of_nobody"))
    assert "The check lost cannot be run: SQLError: no such table: marks_of_nobody" in failed(
        install_marks(site, marks), "fields_answer"
    )
    marks = ("\n@hookimpl\ndef register_plugin(", check_of.format("found", "{name}_marks"))
    assert "The check found finds fault with what the plugin itself has written: A mark." in failed(
        install_marks(site, marks), "fields_answer"
    )


def test_a_migration_that_rows_of_the_version_before_cannot_pass_is_named(site):
    columns = ("(id, label, created_at) VALUES (", "(color, id, label, created_at) VALUES ('red', ")
    more = "ALTER TABLE {name}_marks ADD COLUMN color TEXT NOT NULL;"
    name = install_marks(site, columns, second_migration=more)
    problems = failed(name, "upgrades_keep_rows")
    assert f"A store with rows, as {name} 0001_marks left it, cannot be brought past that: MIGRATION_FAILED" in problems
    name = install_marks(site, second_migration="DELETE FROM {name}_marks WHERE label = 'mark 0';")
    assert f"Of 3 rows of {name}_marks, 2 are left after {name} 0002_more" in failed(name, "upgrades_keep_rows")
    more = "ALTER TABLE {name}_marks ADD COLUMN color TEXT NOT NULL DEFAULT 'red';"
    (result,) = check(install_marks(site, columns, second_migration=more), "upgrades_keep_rows").values()
    assert (result.outcome, result.notes) == (Outcome.PASSED, ())


def test_what_stops_every_check_is_told_once_with_its_place_and_the_way_out(site):
    name = install_marks(site, ("    return (MARK_MADE, MARK_GONE)", "    raise LookupError('lost')"))
    results = check(name, "loads_alone", "tables_are_strict", "rows_travel")
    assert [each.outcome for each in results.values()] == [Outcome.FAILED, Outcome.SKIPPED, Outcome.SKIPPED]
    (problem,) = results["loads_alone"].problems
    assert problem.startswith(f"PLUGIN_FAILED: The plugin {name}: its register_events failed: LookupError: lost (")
    assert "plugin.py:" in problem
    assert problem.endswith("or take it out of plugins.toml.")
    assert results["rows_travel"].notes == ("It comes no further than loads_alone, for the same reason.",)


def test_a_reference_and_a_retention_rule_without_an_index_are_named(site):
    index = "CREATE INDEX {name}_marks_by_%s;"
    by_parent = index % "parent_id ON {name}_marks (parent_id)"
    name = install_marks(site, migration=(by_parent, ""))
    assert f"No index of {name}_marks begins with parent_id" in failed(name, "deletions_use_indexes")
    by_age = index % "created_at ON {name}_marks (created_at, id)"
    name = install_marks(site, migration=(by_age, ""))
    assert "has no index that gives the rows" in failed(name, "deletions_use_indexes")


def test_a_service_that_fails_is_named(site):
    name = install_marks(site, ("    tx.value(", "    raise LookupError\n    tx.value("))
    assert f"{name}.count failed" in failed(name, "services_start_and_stop_in_any_order")


@pytest.mark.full
def test_a_service_that_leaves_a_thread_behind_is_named(site):
    begun = "threading.Thread(target=GO_ON.wait, name='stays', daemon=True).start()"
    imported = "import threading\n\nGO_ON = threading.Event()\n\ndef count_marks"
    name = install_marks(site, ("    tx.value(", f"    {begun}\n    tx.value("), ("def count_marks", imported))
    try:
        assert "Threads go on after the stop: stays" in failed(name, "services_start_and_stop_in_any_order")
    finally:
        modules[f"sample_{name}.plugin"].GO_ON.set()


def test_a_row_that_comes_as_another_is_named(site):
    trigger = """
    CREATE TRIGGER {name}_marks_arrive AFTER INSERT ON {name}_marks BEGIN
        UPDATE {name}_marks SET label = label || '?' WHERE id = new.id;
    END;
    """
    problems = failed(install_marks(site, second_migration=trigger), "rows_travel")
    assert "3 of 3 rows of" in problems
    assert "mark 0??" in problems


def test_what_is_left_after_a_purge_is_named(site):
    made = 'store.write(lambda tx: tx.execute("CREATE TABLE {name}_scratch (id TEXT) STRICT"))'
    name = install_marks(site, ("def fill(store: BlockingStore) -> None:\n", f"def fill(store):\n    {made}\n"))
    assert f"{name}_scratch is left in the store after the purge" in failed(name, "leaves_no_trace")


def test_a_check_that_does_not_exist_and_a_plugin_that_is_not_installed_are_refused():
    with pytest.raises(BadUserInputError, match="no check called 'loads'"):
        check_plugin("constructs", only=["loads"])
    with pytest.raises(PluginFailedError, match="not installed"):
        check_plugin("of_nobody")


def test_a_plugin_is_found_by_its_package_too():
    assert check_plugin("synthetic_constructs", only=["errors_are_declared"]).plugin == "constructs"
