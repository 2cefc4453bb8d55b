"""What docs/reliability.md states: each outcome has its test, and each crash point is listed."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.pages import code_in, spans_of, table_with, text_of

from .test_crash_points import points_in_code

TESTS = Path(__file__).parents[1]
SWEEP = "test_every_operation_fails_once"

TESTED_BY = {
    "an operation on a file of the database fails": SWEEP,
    "the disk fails for good": SWEEP,
    "the disk is full": "test_a_full_disk_refuses_writes_keeps_reads_and_loses_nothing",
    "a write reaches the disk in part": SWEEP,
    "the disk cannot be synced, and forgets": SWEEP,
    "the power goes": SWEEP,
    "a process is killed": "test_ten_thousand_acknowledged_writes_survive_two_hundred_kills",
    "an operation is killed between two steps":
        "test_an_operation_that_is_killed_at_any_of_its_crash_points_comes_to_its_end",
    "a worker is killed": "test_a_thousand_jobs_survive_a_hundred_kills",
    "another program holds the lock": "test_a_lock_held_past_the_time_out_is_busy_and_reads_go_on",
    "... for minutes": "test_a_lock_that_is_held_for_minutes_is_busy_all_the_while_and_then_all_goes_on",
    "many servers contend for the lock": "test_eight_servers_with_32_clients_each_answer_no_raw_lock_error",
    "file descriptors are used up": "test_without_file_descriptors_accepting_pauses_and_goes_on",
    "the data directory is read-only": "test_a_read_only_data_directory_is_refused",
    "the clock goes back and forth": "test_positions_and_leases_do_not_follow_a_clock_that_goes_back_and_forth",
    "... by more than a day": "test_a_jump_of_more_than_a_day_either_way_suspends",
    "the log (`-wal`) is cut off after a crash":
        "test_a_log_that_is_cut_off_keeps_the_writes_before_the_cut_whole_and_in_order",
    "a bit of the log flips after a crash": "test_a_log_with_a_flipped_bit_is_read_up_to_there",
    "the log is deleted or overwritten after a crash":
        "test_without_its_log_a_store_is_as_it_was_when_that_was_last_copied",
    "the log's index (`-shm`) is missing or garbage after a crash":
        "test_the_index_of_the_log_is_made_anew_where_nobody_has_the_store_open",
    "the database is exchanged or removed under a server":
        "test_a_server_whose_database_was_exchanged_writes_to_neither_and_its_successor_has_the_new_one",
    "pages of the database are zeroed or mixed up":
        "test_pages_that_are_damaged_are_refused_or_found_and_nothing_false_is_taken_for_sound",
    "a bit of the database flips":
        "test_pages_that_are_damaged_are_refused_or_found_and_nothing_false_is_taken_for_sound",
    "the database file is no database": "test_a_file_of_garbage_is_refused_and_left_as_it_is",
    "the file of an artifact is missing": "test_a_missing_file_is_an_error_of_its_artifact_until_it_is_back",
    "... has another length": "test_a_file_of_another_length_is_altered_until_it_is_back",
    "... has other bytes": "test_one_flipped_bit_is_found_by_the_deep_check",
    "... is that of another artifact": "test_a_file_that_has_the_place_of_another_artifact_is_found_by_the_deep_check",
    "a segment of the archive is damaged": "test_a_damaged_file_is_named_and_not_believed",
}  # fmt: skip


def test_every_outcome_that_is_stated_has_a_test():
    stated = [row[0] for row in table_with(text_of("reliability.md"), "what happens", "what comes of it")]
    assert stated == list(TESTED_BY)
    there = {
        node.name
        for file in TESTS.rglob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert set(TESTED_BY.values()) <= there


def test_every_crash_point_is_listed():
    rows = table_with(text_of("reliability.md"), "operation", "steps", "begun again, it")
    listed = {f"{code_in(operation)}.{step}" for operation, steps, _ in rows for step in spans_of(steps)}
    assert listed == points_in_code()
