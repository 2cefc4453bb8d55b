"""`synthetic jobs` as an operator, or a script, runs it: what it shows, what it changes, and how it ends."""

from __future__ import annotations

import json
from typing import Any

import pytest
import typer
from rich.cells import cell_len
from rich.console import Console

from plugins.jobs.documents import FIELDS
from plugins.jobs.driving import Jobs
from synthetic import Store, SystemClock
from synthetic.cli import main
from synthetic.testing import expect_data, open_test_store
from synthetic_jobs.criteria import Criteria
from synthetic_jobs.filter_options import criteria_of
from synthetic_jobs.model import Job, JobStatus
from synthetic_jobs.presentation import job_fields, jobs_table

NO_DISK_CHECK = ("--set", "kernel.database.free_disk_bytes=0")
UUID = "0198b5a2-7c1e-7d43-9f10-6a2b8c4d5e6f"
HOSTILE = "It broke\x1b[31m,\nand \u202ebadly."


@pytest.fixture
def clock() -> SystemClock:
    """The commands' own."""
    return SystemClock()


@pytest.fixture
def store(data_dir):
    """An empty store, which the commands open as well."""
    with open_test_store(data_dir) as opened:
        yield opened


class Line:
    """Runs `synthetic jobs`."""

    def __init__(self, data_dir, capsys) -> None:
        self._data_dir = data_dir
        self._capsys = capsys

    def run(self, *words: str, code: int = 0) -> str:
        """Run a verb that must end with a code; what it answered, or complained of."""
        found = main(["jobs", *words, "--data", str(self._data_dir), *NO_DISK_CHECK])
        captured = self._capsys.readouterr()
        assert found == code, captured.err
        return captured.err if code else captured.out

    def json(self, *words: str, code: int = 0) -> Any:
        """The same for machines."""
        return json.loads(self.run(*words, "--json", code=code))


@pytest.fixture
def line(data_dir, capsys) -> Line:
    return Line(data_dir, capsys)


def words_of(page: str) -> str:
    """What a page says, without its columns."""
    return " ".join(page.split())


class TestList:
    def test_an_empty_store_has_no_jobs(self, line):
        assert line.run("list") == "no jobs\n"
        listed = line.json("list")
        assert (listed["jobs"], listed["hasMore"], set(listed["counts"].values())) == ([], False, {0})

    def test_the_jobs_for_machines_are_those_of_the_query(self, line, jobs: Jobs, store: Store):
        jobs.run("running", params={"n": 1}, metadata={"m": None}, key="k", construct_id=jobs.construct())
        jobs.finish("done", "FAILED")
        jobs.wait("waiting")
        asked = expect_data(store.graphql(f"{{ jobs {{ nodes {{ {FIELDS} }} }} }}"))["jobs"]["nodes"]
        assert line.json("list")["jobs"] == asked

    def test_the_page_for_people(self, line, jobs: Jobs):
        jobs.run("long", "builder-3")
        jobs.update_job_progress("long", 1, progress=40, phase="compile")
        jobs.fail_job(jobs.run("bad").id, 1, HOSTILE, retryable=False)
        page = line.run("list")
        assert "build FAILED 0 % - 1 of 5" in words_of(page)
        assert "build RUNNING 40 % compile 1 of 5" in words_of(page)
        assert "builder-3" in page
        assert "It broke\ufffd[31m, and \ufffdbadly." in page
        assert page.splitlines()[-1] == "1 RUNNING, 1 FAILED"
        assert page.index("bad") < page.index("long"), "the last stored comes first"

    def test_a_column_without_anything_in_it_is_left_out(self, line, jobs: Jobs):
        jobs.add("a")
        assert line.run("list").split()[:6] == ["id", "kind", "status", "progress", "attempts", "age"]

    def test_a_limit_says_that_there_are_more(self, line, jobs: Jobs):
        for id in "abc":
            jobs.add(id)
        listed = line.json("list", "--limit", "2")
        assert ([job["id"] for job in listed["jobs"]], listed["hasMore"]) == (["c", "b"], True)
        assert listed["counts"]["PENDING"] == 3
        assert line.run("list", "--limit", "2").endswith("3 PENDING; the last 2 are shown\n")

    def test_every_filter_says_something(self, line, jobs: Jobs):
        """Each decoy differs from what is wanted in one thing, so it comes along when that one filter is not heard."""
        for id in ("c", "d"):
            jobs.construct(id)
        for id in ("parent", "other"):
            jobs.add(id)
        wanted = {
            "kind": "x",
            "user_id": "u",
            "project_id": "p",
            "construct_id": "c",
            "key": "k",
            "parent_id": "parent",
        }
        jobs.finish("wanted", "FAILED", **wanted)
        others = {"kind": "y", "user_id": "v", "project_id": "q", "construct_id": "d", "key": "l", "parent_id": "other"}
        for name, value in others.items():
            jobs.finish(f"other-{name}", "FAILED", **{**wanted, name: value})
        jobs.finish("other-status", "CANCELLED", **wanted)
        jobs.fail_job(jobs.run("other-error", **wanted).id, 1, "Otherwise.", retryable=False)
        words = "--status failed --kind x --user u --project p --construct c --key k --parent parent --error BROKE"
        listed = line.json("list", *words.split(), "--since", "1h", "--before", "2100-01-01T00:00:00Z")
        assert [job["id"] for job in listed["jobs"]] == ["wanted"]
        assert listed["counts"] == dict.fromkeys(JobStatus, 0) | {"FAILED": 1}

    def test_several_kinds_are_counted_together(self, line, jobs: Jobs):
        for id, kind in (("a", "x"), ("b", "y"), ("c", "z")):
            jobs.add(id, kind)
        assert line.json("list", "--kind", "x", "--kind", "z")["counts"]["PENDING"] == 2

    @pytest.mark.parametrize("words", [("--status", "lost"), ("--since", "yesterday"), ("--limit", "0")])
    def test_a_filter_that_is_no_filter_is_a_mistake_of_usage(self, line, store, words):
        assert line.json("list", *words, code=64)["code"] == "BAD_USER_INPUT"

    def test_a_value_that_can_be_no_kind_is_refused(self, line, store):
        error = line.json("list", "--kind", "x" * 201, code=65)
        assert (error["code"], error["details"]["field"]) == ("BAD_USER_INPUT", "filter.kinds")

    def test_without_a_store_it_says_so_and_makes_none(self, tmp_path, capsys):
        assert main(["jobs", "list", "--data", str(tmp_path / "none"), "--json"]) == 78
        assert json.loads(capsys.readouterr().err)["code"] == "NO_STORE"
        assert not (tmp_path / "none").exists()


class TestTable:
    """Jobs as a terminal of some width shows them."""

    def lines(self, jobs: Jobs, columns: int) -> list[str]:
        console = Console(width=columns, highlight=False, emoji=False)
        stored = [edge.node for edge in jobs.query_jobs(Criteria()).edges]
        with console.capture() as captured:
            console.print(jobs_table(stored, stored[0].created_at))
        lines = captured.get().splitlines()
        assert all(cell_len(line) <= columns for line in lines), lines
        return lines

    @pytest.fixture
    def crowded(self, jobs: Jobs) -> Jobs:
        """Two jobs all of whose values are long."""
        for id in (UUID, "other"):
            jobs.run(id, "worker-" * 20, kind="kind-" * 30)
            jobs.update_job_progress(id, 1, progress=40, phase="phase-" * 30)
            jobs.cancel_job(id, reason="Why not. " * 100)
        return jobs

    @pytest.mark.parametrize("columns", [1_000, 270])
    def test_long_values_are_cut_where_there_is_room(self, crowded: Jobs, columns):
        heading, _, *rows = self.lines(crowded, columns)
        assert heading.split()[:3] == ["id", "kind", "status"]
        assert [row.split()[0] for row in rows] == ["other", UUID]
        assert [row.count("…") for row in rows] == [4, 4]
        assert max(len(row.rstrip()) for row in rows) <= 270

    def test_where_a_row_does_not_fit_the_id_has_a_line_of_its_own(self, crowded: Jobs):
        ids, headings, _, *rows = self.lines(crowded, 80)
        assert ids.split() == ["id"]
        assert headings.split() == ["kind", "status", "progress", "phase", "attempts", "age", "worker", "error"]
        assert [row.rstrip() for row in rows[::2]] == ["other", UUID]
        assert len(rows) == 4
        assert all(row.startswith("  kind-") and "RUNNING" in row and "40 %" in row for row in rows[1::2])

    def test_an_id_that_is_wider_than_the_terminal_keeps_both_its_ends(self, jobs: Jobs):
        jobs.add("a" * 100 + "b" * 100)
        id_line = self.lines(jobs, 60)[3]
        assert id_line == "a" * 30 + "…" + "b" * 29

    def test_where_the_output_is_no_terminal_ids_are_whole(self, line, jobs: Jobs):
        jobs.add("a" * 200)
        assert line.run("list").splitlines()[2].split()[0] == "a" * 200

    def test_wide_characters_and_tiny_terminals_break_nothing(self, jobs: Jobs):
        jobs.run("a", "\u5de5\u4eba" * 30, kind="\u5efa" * 40)
        for columns in (100, 41, 20, 3):
            assert self.lines(jobs, columns)


class TestInstants:
    @pytest.mark.parametrize(("text", "ago_ms"), [("90m", 5_400_000), ("2d", 172_800_000), ("1w", 604_800_000)])
    def test_a_span_counts_back_from_now(self, text, ago_ms):
        earliest = SystemClock().now_ms() - ago_ms
        found = criteria_of(*[None] * 8, text, None).created_from
        assert earliest <= found <= SystemClock().now_ms() - ago_ms

    def test_an_instant_has_an_offset(self):
        assert criteria_of(*[None] * 9, "2100-01-01T00:00:00+02:00").created_before == 4_102_437_600_000

    @pytest.mark.parametrize("text", ["", "yesterday", "2027-01-31", "90", "-2h", "2 h"])
    def test_anything_else_is_refused(self, text):
        with pytest.raises(typer.BadParameter, match="neither a span"):
            criteria_of(*[None] * 9, text)


class TestShow:
    @pytest.fixture
    def family(self, jobs: Jobs) -> None:
        jobs.run("a", "builder-3", params={"n": 1}, max_attempts=2)
        jobs.save_checkpoint("a", 1, "scan", {"files": 3})
        jobs.fail_job("a", 1, HOSTILE, retryable=False)
        jobs.add("child", parent_id="a")
        jobs.replay_job("a", new_id="again")

    def test_all_of_a_job_for_machines(self, line, family, store: Store):
        shown = line.json("show", "a", "--checkpoints")
        document = f"""{{ job(id: "a") {{
          {FIELDS} checkpoints {{ phase data createdAt }} history {{ number worker startedAt endedAt outcome error }}
        }} }}"""
        asked = expect_data(store.graphql(document))["job"]
        (checkpoint,) = shown["checkpoints"]
        assert checkpoint.pop("sizeBytes") == len('{"files":3}')
        assert {name: shown[name] for name in asked} == asked
        assert shown["children"] == [{"id": "child", "kind": "build", "status": "PENDING", "progress": 0}]
        assert [job["id"] for job in shown["replays"]] == ["again"]
        assert (shown["childrenHaveMore"], shown["replaysHaveMore"]) == (False, False)

    def test_what_checkpoints_hold_is_shown_on_request_alone(self, line, family, jobs: Jobs):
        jobs.save_checkpoint("child", jobs.claim_job("child", "builder-3").lease_token, "name", "\u00e9\u00e9")
        (checkpoint,) = line.json("show", "child")["checkpoints"]
        assert (checkpoint.pop("phase"), checkpoint.pop("sizeBytes")) == ("name", 6)
        assert set(checkpoint) == {"createdAt"}
        assert line.json("show", "child", "--checkpoints")["checkpoints"][0]["data"] == "\u00e9\u00e9"
        assert "--json" in line.run("show", "child", "--checkpoints", code=64)

    def test_checkpoints_without_what_they_hold_are_those_with_it(self, jobs: Jobs):
        jobs.run("a")
        for phase, data in (("scan", {"files": 3}), ("parse", None), ("scan", ["\u5efa"])):
            jobs.save_checkpoint("a", 1, phase, data)
        whole = [(each.phase, each.seq, each.created_at, len(each.data.encode())) for each in jobs.checkpoints("a")]
        assert [tuple(each) for each in jobs.list_checkpoint_sizes("a")] == whole
        assert [phase for phase, *_ in whole] == ["parse", "scan"]

    def test_very_long_values_are_cut_for_people_alone(self, line, jobs: Jobs):
        jobs.run("a", params={"text": "x" * 50_000})
        jobs.complete_job("a", 1, {"text": "y" * 50_000})
        page = line.run("show", "a")
        assert page.count("more characters: see --json") == 2
        assert len("".join(page.split())) < 10_000
        shown = line.json("show", "a")
        assert (len(shown["params"]["text"]), len(shown["result"]["text"])) == (50_000, 50_000)

    def test_more_parts_and_replays_than_are_shown_are_told_of(self, line, jobs: Jobs, monkeypatch):
        monkeypatch.setattr("synthetic_jobs.command._FAMILY_MAX", 2)
        jobs.finish("a", "FAILED")
        for number in range(3):
            jobs.add(f"child-{number}", parent_id="a")
        for number in range(2):
            jobs.replay_job("a", new_id=f"again-{number}")
        shown = line.json("show", "a")
        assert (shown["childrenHaveMore"], shown["replaysHaveMore"]) == (True, False)
        assert [job["id"] for job in shown["children"]] == ["child-0", "child-1"]
        page = line.run("show", "a")
        assert "Its parts, the first 2 of more:" in page
        assert "What repeats it:" in page

    def test_all_of_a_job_for_people(self, line, family):
        page = words_of(line.run("show", "a"))
        assert "Status FAILED" in page
        assert "Can be retried, replayed" in page
        assert "Attempts 1 of 2" in page
        assert 'Params {"n":1}' in page
        assert "It broke\ufffd[31m, and \ufffdbadly." in page
        assert "\x1b" not in page
        assert "scan 11 20" in page
        assert "1 builder-3 20" in page
        assert "Its parts:" in page
        assert "What repeats it:" in page

    def test_the_status_says_what_belongs_to_it(self, jobs: Jobs):
        def said(job: Job) -> str | None:
            return job_fields(job, job.created_at)["Status"]

        jobs.run("a", "builder-3")
        assert said(jobs.get("a")).startswith("RUNNING, held by builder-3 for ")
        assert said(jobs.cancel_job("a")).startswith("RUNNING, to be cancelled, held by")
        waiting = said(jobs.wait("b", run_after=4_102_444_800_000))
        assert waiting == "WAITING for review:1, at the latest until 2100-01-01T00:00:00.000Z"
        assert said(jobs.wait("c", waiting_for=None)) == "WAITING"
        assert said(jobs.add("d", run_after=4_102_444_800_000)) == "PENDING, not before 2100-01-01T00:00:00.000Z"

    def test_a_job_that_waits_without_an_end_has_no_instant(self, line, jobs: Jobs):
        jobs.wait("a")
        assert line.json("show", "a")["runAfter"] is None

    @pytest.mark.parametrize("verb", ["show", "retry", "cancel", "replay", "watch"])
    def test_a_job_that_is_not_there_ends_every_verb_alike(self, line, store, verb):
        error = line.json(verb, "nobody", code=65)
        assert (error["code"], error["details"]["id"]) == ("NOT_FOUND", "nobody")


class TestRetry:
    def test_jobs_that_are_named_get_another_attempt(self, line, jobs: Jobs):
        jobs.finish("a", "FAILED", max_attempts=1)
        jobs.finish("b", "CANCELLED")
        changed = line.json("retry", "a", "b", "a")["jobs"]
        assert [(job["id"], job["status"]) for job in changed] == [("a", "PENDING"), ("b", "PENDING")]
        assert jobs.get("a").max_attempts == 2

    def test_of_jobs_that_are_named_all_are_changed_or_none(self, line, jobs: Jobs):
        jobs.finish("a", "FAILED")
        jobs.finish("b", "COMPLETED")
        with jobs.unchanged():
            assert line.json("retry", "a", "b", code=65)["code"] == "ILLEGAL_TRANSITION"

    def test_a_filter_retries_what_it_finds_and_nothing_else(self, line, jobs: Jobs):
        for id, kind, status in (("a", "x", "FAILED"), ("b", "y", "FAILED"), ("c", "x", "COMPLETED")):
            jobs.finish(id, status, kind=kind)
        with jobs.unchanged():
            counted = {"matched": 1, "changed": 0, "complete": True, "dryRun": True}
            assert line.json("retry", "--kind", "x", "--dry-run") == counted
            dry = line.run("retry", "--kind", "x", "--dry-run")
            assert dry == "1 would get another attempt. Nothing was changed.\n"
        assert line.json("retry", "--kind", "x") == {"matched": 1, "changed": 1, "complete": True, "dryRun": False}
        assert [jobs.get(id).status for id in "abc"] == ["PENDING", "FAILED", "COMPLETED"]
        assert line.run("retry", "--status", "FAILED") == "1 got another attempt.\n"

    @pytest.mark.parametrize(
        ("verb", "words"),
        [("retry", ()), ("retry", ("a", "--kind", "x")), ("cancel", ("a", "--dry-run")), ("cancel", ("--dry-run",))],
    )
    def test_it_does_not_guess_which_jobs_are_meant(self, line, jobs: Jobs, verb, words):
        jobs.finish("a", "FAILED")
        with jobs.unchanged():
            assert line.json(verb, *words, code=64)["code"] == "BAD_USER_INPUT"

    def test_its_events_say_who_did_it(self, line, jobs: Jobs, store: Store):
        jobs.finish("a", "FAILED")
        line.run("retry", "a")
        newest = store.read(lambda snapshot: snapshot.rows("SELECT actor FROM domain_events ORDER BY position DESC"))[0]
        assert newest == ("command:jobs retry",)


class TestCancel:
    def test_one_that_runs_is_cancelled_when_its_worker_hears_of_it(self, line, jobs: Jobs):
        jobs.run("a")
        (job,) = line.json("cancel", "a", "--reason", "Not wanted.")["jobs"]
        assert (job["status"], job["errorMessage"]) == ("RUNNING", "Not wanted.")
        assert job["cancelRequestedAt"] is not None
        assert "RUNNING, to be cancelled" in words_of(line.run("cancel", "a"))

    def test_force_does_not_wait_for_the_worker(self, line, jobs: Jobs):
        jobs.run("a")
        (job,) = line.json("cancel", "a", "--force")["jobs"]
        assert job["status"] == "CANCELLED"
        with jobs.refused("LEASE_LOST"):
            jobs.heartbeat_job("a", 1)

    def test_a_filter_cancels_what_has_not_finished(self, line, jobs: Jobs):
        jobs.add("a")
        jobs.run("b")
        jobs.finish("c", "COMPLETED")
        with jobs.unchanged():
            assert line.run("cancel", "--kind", "build", "--dry-run").startswith("2 would be cancelled")
        assert line.run("cancel", "--kind", "build", "--force", "--reason", "Not wanted.").startswith(
            "2 were cancelled"
        )
        assert [jobs.get(id).status for id in "abc"] == ["CANCELLED", "CANCELLED", "COMPLETED"]
        assert jobs.get("b").error_message == "Not wanted."

    def test_a_reason_that_says_nothing_is_refused(self, line, jobs: Jobs):
        jobs.add("a")
        error = line.json("cancel", "a", "--reason", "", code=65)
        assert error["details"]["field"] == "reason"


class TestReplay:
    @pytest.fixture
    def finished(self, jobs: Jobs) -> Jobs:
        token = jobs.run("a").lease_token
        for phase in ("scan", "parse"):
            jobs.save_checkpoint("a", token, phase, phase)
        jobs.complete_job("a", token)
        return jobs

    @pytest.mark.parametrize(
        ("words", "phases"),
        [((), ["scan", "parse"]), (("--from-phase", "scan"), ["scan"]), (("--from-start",), [])],
    )
    def test_the_new_job_begins_where_it_is_told_to(self, line, finished: Jobs, words, phases):
        job = line.json("replay", "a", *words, "--id", "b")
        assert (job["id"], job["replayOf"], job["status"]) == ("b", "a", "PENDING")
        assert [checkpoint.phase for checkpoint in finished.checkpoints("b")] == phases

    def test_the_same_id_makes_no_second_one(self, line, finished: Jobs):
        line.run("replay", "a", "--id", "b")
        with finished.unchanged():
            assert "b build PENDING" in words_of(line.run("replay", "a", "--id", "b"))

    def test_it_begins_in_one_place_only(self, line, finished: Jobs):
        assert line.json("replay", "a", "--from-start", "--from-phase", "scan", code=64)["code"] == "BAD_USER_INPUT"

    def test_a_phase_without_a_checkpoint_is_not_found(self, line, finished: Jobs):
        assert line.json("replay", "a", "--from-phase", "store", code=65)["code"] == "NOT_FOUND"


class TestLimit:
    def test_a_kind_is_paused_and_goes_on(self, line, jobs: Jobs):
        jobs.add("a")
        assert line.run("limit") == "No kind has a limit.\n"
        assert "build 0 - paused" in words_of(line.run("limit", "build", "--running", "0"))
        assert jobs.claim_jobs(["build"], "builder-1") == []
        assert line.json("limit", "build", "--none") == []
        assert len(jobs.claim_jobs(["build"], "builder-1")) == 1

    def test_what_is_not_said_stays_as_it_is_and_is_what_the_query_has(self, line, jobs: Jobs, store: Store):
        line.run("limit", "build", "--per-key", "1")
        (limit,) = line.json("limit", "build", "--running", "3")
        assert (limit["runningMax"], limit["runningPerKeyMax"]) == (3, 1)
        asked = expect_data(store.graphql("{ jobLimits { kind runningMax runningPerKeyMax updatedAt } }"))
        assert line.json("limit") == asked["jobLimits"]

    @pytest.mark.parametrize("words", [("build",), ("--running", "1"), ("build", "--none", "--running", "1")])
    def test_it_does_not_guess_what_is_meant(self, line, jobs: Jobs, words):
        with jobs.unchanged():
            assert line.json("limit", *words, code=64)["code"] == "BAD_USER_INPUT"


class TestSchedules:
    @pytest.fixture
    def scheduled(self, jobs: Jobs) -> Jobs:
        jobs.save_schedule({"cron": "0 3 * * *", "timezone": "UTC", "job": {"kind": "nightly"}}, schedule_id="night")
        jobs.save_schedule({"every_ms": 90_000, "job": {"kind": "sweep"}}, schedule_id="often")
        return jobs

    def test_they_are_listed_as_the_query_has_them(self, line, scheduled: Jobs, store: Store):
        listed = line.json("schedules", "list")
        names = [name for name in listed[0] if name != "kind"]
        asked = expect_data(store.graphql(f"{{ jobSchedules {{ nodes {{ {' '.join(names)} }} }} }}"))
        assert [{name: schedule[name] for name in names} for schedule in listed] == asked["jobSchedules"]["nodes"]
        assert [schedule["kind"] for schedule in listed] == ["nightly", "sweep"]
        page = words_of(line.run("schedules", "list"))
        assert "night nightly 0 3 * * * (UTC) 20" in page
        assert "often sweep every 1 min 30 s 20" in page

    def test_without_any_there_is_no_table(self, line, store):
        assert line.run("schedules", "list") == "There are no schedules.\n"
        assert line.json("schedules", "list") == []

    def test_one_is_paused_resumed_and_run(self, line, scheduled: Jobs):
        assert line.json("schedules", "pause", "often")["pausedAt"] is not None
        assert "sweep every 1 min 30 s paused" in words_of(line.run("schedules", "list"))
        assert line.run("schedules", "pause", "night") == "The schedule night is paused.\n"
        assert line.json("schedules", "resume", "often")["pausedAt"] is None
        assert line.run("schedules", "resume", "night").startswith("The schedule night makes its next job at 20")
        job = line.json("schedules", "run", "often")
        assert (job["kind"], job["status"], job["scheduleId"]) == ("sweep", "PENDING", "often")
        assert "nightly PENDING" in words_of(line.run("schedules", "run", "night"))

    @pytest.mark.parametrize("verb", ["pause", "resume", "run"])
    def test_one_that_is_not_there_is_not_found(self, line, store, verb):
        assert line.json("schedules", verb, "nobody", code=65)["code"] == "NOT_FOUND"
