"""What docs/recovery.md tells operators to do: each procedure is carried out by a test of the normal run.

The commands that the page shows are run as they stand there by `tests/test_docs_examples.py`, in the long run.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.pages import text_of

TESTS = Path(__file__).parents[2]

CARRIED_OUT_BY = {
    "First of all": ("test_a_sound_store_with_a_proven_backup_is_sound",),
    "A damaged database": (
        "test_a_store_without_its_header_is_kept_in_quarantine_once_and_not_written_to",
        "test_the_newest_proven_backup_is_named_first",
    ),
    "Recovering": (
        "test_a_new_store_is_made_beside_the_damaged_one_which_stays_as_it_was",
        "test_it_takes_the_place_of_the_damaged_one_if_asked_to",
    ),
    "What recovery can and cannot do": (
        "test_wherever_a_page_is_zeroed_only_what_stood_on_it_is_missing",
        "test_of_a_file_that_was_cut_short_every_table_that_lacks_rows_says_so",
        "test_a_bit_of_the_header_costs_no_row",
    ),
    "Reading a damaged store": ("test_a_server_answers_queries_and_streams_of_it_and_is_ready",),
    "Mending in place": ("test_what_can_be_made_anew_is_and_then_nothing_is_found",),
    "A lost or damaged write-ahead log": (
        "test_what_the_log_holds_is_salvaged_up_to_its_first_damage",
        "test_no_database_is_made_beside_the_log_of_one_that_is_gone",
    ),
    "A deleted data directory": ("test_a_directory_without_a_store_gets_one_and_keeps_what_was_there",),
    "A wrong restore": ("test_a_store_goes_back_to_a_backup_in_a_new_epoch_and_the_old_one_is_kept",),
    "Lost artifacts or archive": (
        "test_a_missing_file_is_an_error_of_its_artifact_until_it_is_back",
        "test_a_repair_keeps_files_without_an_artifact_in_quarantine_and_leaves_those_that_may_get_one",
        "test_a_damaged_file_is_named_and_not_believed",
    ),
    "A full disk": ("test_a_full_disk_refuses_writes_keeps_reads_and_loses_nothing",),
    "A lost token": ("test_making_and_revoking_a_token_is_recorded_without_the_token",),
    "A clock that jumped": ("test_it_stays_suspended_when_the_clock_is_set_right_until_somebody_confirms",),
    "A store that is newer": ("test_one_of_a_newer_version_is_refused_and_the_store_stays",),
    "A plugin that is gone": ("test_tables_of_a_plugin_that_is_absent_are_checked_with_the_rest",),
}


def test_every_procedure_of_the_page_is_carried_out_by_a_test():
    assert re.findall("^## (.+)$", text_of("recovery.md"), re.MULTILINE) == list(CARRIED_OUT_BY)
    there = {
        node.name
        for file in TESTS.rglob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name for names in CARRIED_OUT_BY.values() for name in names} <= there
