"""The dashboard over a long time: a server that is killed and comes back, each recovery action, a long transcript."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugins.dashboard.driving import dashboard, port_of
from plugins.dashboard.filling import fill
from synthetic.store import Store
from synthetic.testing import expect_data, open_test_store, running_server, wait_until

pytestmark = pytest.mark.full

MESSAGES = 100_000
AT_ONCE = 500
WINDOW_MAX = 320
NODES_MAX = 20_000
HEAP_BYTES_MAX = 150_000_000

APPEND = """
mutation Append($messages: [NewMessageInput!]!) {
  appendMessages(input: { transcriptId: "long", sessionId: "s1", messages: $messages }) { appended }
}
"""
FAIL = """
mutation Fail($id: ID!) {
  saveJob(input: { id: $id, kind: "fails", maxAttempts: 1 }) { created }
}
"""
CLAIM = 'mutation { claimJob(input: { kinds: ["fails"], worker: "builder-3", limit: 10 }) { jobs { id leaseToken } } }'
FAILED = """
mutation Failed($input: FailJobInput!) { failJob(input: $input) { job { status } } }
"""


def test_a_page_goes_on_where_it_was_when_its_server_was_killed_and_comes_back(browser, directory: Path):
    with open_test_store(directory) as store:
        token = fill(store).admin
    with running_server(directory) as server, dashboard(browser, server) as tab:
        server.token = token
        port = port_of(server.url)
        tab.enter("/jobs")
        tab.page.locator("tr[data-key=j1]").wait_for()
        server.process.send_signal(signal.SIGKILL)
        server.process.wait(60)
        lost = tab.page.locator(".lost")
        lost.wait_for()
        assert "since" in lost.inner_text()
        assert tab.page.locator(".shell[data-state=lost]").count() == 1
        with open_test_store(directory) as store:
            expect_data(store.graphql('mutation { saveJob(input: { id: "j3", kind: "build" }) { created } }'))
        with running_server(directory, "--port", port):
            tab.page.locator("tr[data-key=j3]").wait_for()
            lost.wait_for(state="detached")
            keys = tab.page.locator("tr[data-key]").evaluate_all("rows => rows.map((row) => row.dataset.key)")
            assert sorted(keys) == ["j1", "j2", "j3"]
            tab.ask('mutation { cancelJob(input: { id: "j3" }) { job { status } } }')
            tab.page.locator("tr[data-key=j3] [data-status=CANCELLED]").wait_for()


def test_each_action_of_a_module_that_is_offered_acts_and_says_how_it_ended(browser, directory: Path):
    with open_test_store(directory) as store:
        token = fill(store).admin
    with running_server(directory) as server, dashboard(browser, server) as tab:
        server.token = token
        tab.enter()
        tab.page.locator("[data-action]").first.wait_for()
        found = tab.page.locator("[data-action]").evaluate_all(
            "all => all.map((one) => [one.closest('[data-module]').dataset.module, one.dataset.action])"
        )
        assert {action for _, action in found} >= {"REBUILD", "VERIFY"}
        for module, action in found:
            row = tab.page.locator(f"[data-module='{module}']")
            button = row.locator(f"[data-action={action}]")
            button.click()
            question = tab.page.get_by_role("dialog")
            if action in ("RESUME", "RESYNC", "REBUILD"):
                question.locator("button[type=submit]").click()
            result = row.locator(".action-result")
            result.wait_for()
            assert result.get_attribute("data-tone") == "good", (module, action, result.inner_text())
        statuses = tab.ask("query { syncStatus { module status } }")["syncStatus"]
        assert {each["status"] for each in statuses} <= {"SYNCED", "NEVER_SYNCED"}
        assert tab.problems == []


def fail_jobs(store: Store, number: int) -> None:
    """Jobs f0, f1, ... of the kind `fails` that have failed for good."""
    for place in range(number):
        expect_data(store.graphql(FAIL, {"id": f"f{place}"}))
    for job in expect_data(store.graphql(CLAIM))["claimJob"]["jobs"]:
        given = {"id": job["id"], "leaseToken": job["leaseToken"], "errorMessage": "out of luck", "retryable": False}
        expect_data(store.graphql(FAILED, {"input": given}))


LETTERS = """
query { deadLetters(filter: { sources: ["job"] }) { nodes { id status payload entityId retryEntityId } } }
"""


def test_dead_letters_are_retried_edited_resolved_discarded_and_redriven(browser, directory: Path):
    with open_test_store(directory) as store:
        token = fill(store).admin
        fail_jobs(store, 5)
    with running_server(directory) as server, dashboard(browser, server) as tab:
        server.token = token

        def letters() -> dict[str, dict[str, Any]]:
            return {each["entityId"]: each for each in tab.ask(LETTERS)["deadLetters"]["nodes"]}

        tab.enter("/dead-letters")
        wait_until(lambda: len(letters()) == 5, "each job has a letter")
        ids = {job: each["id"] for job, each in letters().items()}
        tab.go(f"/dead-letters/{ids['f0']}")
        tab.page.get_by_role("button", name="Retry now").click()
        tab.page.get_by_text("It is being retried.").first.wait_for()
        tab.go(f"/dead-letters/{ids['f1']}")
        tab.page.get_by_role("button", name="Edit and retry").click()
        editor = tab.page.get_by_label("Payload, as JSON")
        retry = tab.page.get_by_role("button", name="Retry with this payload")
        editor.fill("{ no")
        assert retry.is_disabled()
        editor.fill(json.dumps({**letters()["f1"]["payload"], "priority": 7}))
        tab.page.locator(".diff .added").first.wait_for()
        retry.click()
        tab.page.get_by_text("It is being retried with the new payload.").wait_for()
        tab.go(f"/dead-letters/{ids['f2']}")
        tab.page.get_by_role("button", name="Resolve").click()
        tab.page.get_by_text("It counts as dealt with.").wait_for()
        tab.go(f"/dead-letters/{ids['f3']}")
        tab.page.get_by_role("button", name="Discard").click()
        tab.page.get_by_role("dialog").locator("button[type=submit]").click()
        tab.page.get_by_text("It is not going to be retried.").wait_for()
        found = letters()
        assert found["f1"]["payload"]["priority"] == 7
        assert [found["f2"]["status"], found["f3"]["status"]] == ["RESOLVED", "DISCARDED"]
        assert [found["f0"]["status"], found["f1"]["status"]] != ["PENDING", "PENDING"]
        tab.go("/dead-letters?source=job&status=PENDING")
        tab.page.get_by_role("button", name="Redrive", exact=True).first.click()
        tab.page.get_by_role("dialog").locator("button[type=submit]").click()
        tab.page.get_by_role("heading", name="Redrives").wait_for()
        wait_until(lambda: letters()["f4"]["status"] != "PENDING", "the last letter is retried")
        assert tab.problems == []


def test_the_store_is_checked_backed_up_and_cleaned_from_its_page(browser, directory: Path):
    with open_test_store(directory) as store:
        token = fill(store).admin
    with running_server(directory) as server, dashboard(browser, server) as tab:
        server.token = token
        tab.enter("/storage")
        tab.page.get_by_role("button", name="Run the checks").click()
        tab.page.get_by_text("checks passed").wait_for()
        tab.page.get_by_role("button", name="Preview").click()
        tab.page.get_by_text("would be deleted now").wait_for()
        tab.page.get_by_role("button", name="Back up now").click()
        tab.page.get_by_text("A backup begins within a second").wait_for()
        tab.page.locator("table[aria-label=Backups] [data-status=PASSED]").first.wait_for()
        assert tab.problems == []


def test_retention_deletes_what_its_preview_has_counted(browser, directory: Path):
    with open_test_store(directory) as store:
        token = fill(store).admin
    kept_for_a_moment = {"SYNTHETIC_RETENTION_ENABLED": "false", "SYNTHETIC_PLUGINS_AUDIT_KEEP_MS": "1"}
    with running_server(directory, environment=kept_for_a_moment) as server, dashboard(browser, server) as tab:
        server.token = token
        tab.enter("/storage")
        oldest = "query { auditLog(last: 1) { nodes { seq } } }"
        (row,) = tab.ask(oldest)["auditLog"]["nodes"]
        panel = tab.page.get_by_role("region", name="Retention")
        run = panel.get_by_role("button", name="Run", exact=True)
        assert run.count() == 0, "what nobody has seen counted is not offered to be deleted"
        panel.get_by_role("button", name="Preview").click()
        said = panel.get_by_text("would be deleted now").inner_text()
        rows = said.split(" would")[0]
        assert tab.ask(oldest)["auditLog"]["nodes"] == [row], "a preview deletes nothing"
        run.click()
        question = tab.page.get_by_role("dialog", name=f"Delete {rows}?")
        question.locator("button[type=submit]").click()
        panel.get_by_text("deleted.").wait_for()
        assert tab.ask(oldest)["auditLog"]["nodes"] != [row]
        assert tab.problems == []


def test_a_hundred_thousand_messages_are_scrolled_from_end_to_end_with_bounded_memory(browser, directory: Path):
    with open_test_store(directory) as store:
        token = fill(store).admin
        append_messages(store, MESSAGES)
    with running_server(directory) as server, dashboard(browser, server) as tab:
        server.token = token
        tab.enter("/transcripts/long")
        session = tab.page.context.new_cdp_session(tab.page)
        slider = tab.page.get_by_label("Place in the transcript")
        slider.wait_for()
        for place in (1, *range(MESSAGES // 50, MESSAGES, MESSAGES // 50), MESSAGES):
            slider.evaluate(
                "(at, value) => { at.value = value; at.dispatchEvent(new Event('input', { bubbles: true })); }",
                str(place),
            )
            tab.page.locator(f"[data-seq='{place}']").wait_for()
            scroller = tab.page.locator(f"[data-seq='{place}']")
            scroller.hover()
            tab.page.mouse.wheel(0, -600)
            tab.page.mouse.wheel(0, 1200)
            assert tab.page.evaluate("document.querySelectorAll('*').length") < NODES_MAX
        session.send("HeapProfiler.collectGarbage")
        assert tab.page.evaluate("performance.memory.usedJSHeapSize") < HEAP_BYTES_MAX
        tab.page.get_by_text(f"This is message {MESSAGES}.").wait_for()
        assert tab.problems == []


def append_messages(store: Store, total: int) -> None:
    """Append so many to the transcript `long`."""
    for start in range(0, total, AT_ONCE):
        messages = [message(number) for number in range(start + 1, start + AT_ONCE + 1)]
        expect_data(store.graphql(APPEND, {"messages": messages}))


SEQS = "() => [...document.querySelectorAll('.transcript-scroll article')].map((one) => Number(one.dataset.seq))"
SCROLL = "far => { document.querySelector('.transcript-scroll').scrollTop += far; }"


def test_one_window_is_scrolled_through_a_thousand_messages_in_order_and_stays_bounded(browser, directory: Path):
    with open_test_store(directory) as store:
        token = fill(store).admin
        append_messages(store, 2_000)
    with running_server(directory) as server, dashboard(browser, server) as tab:
        server.token = token
        tab.enter("/transcripts/long?m=1")
        tab.page.locator("[data-seq='1']").wait_for()

        def shown() -> list[int]:
            seqs = tab.page.evaluate(SEQS)
            assert seqs == sorted(set(seqs))
            assert len(seqs) <= WINDOW_MAX
            return seqs

        for far, is_over in ((1_500, lambda: shown()[-1] > 1_500), (-1_500, lambda: shown()[0] == 1)):

            def scrolled(far: int = far, is_over: Callable[[], bool] = is_over) -> bool:
                tab.page.evaluate(SCROLL, far)
                tab.page.wait_for_timeout(10)
                return is_over()

            wait_until(scrolled, "the window has come there")
            if far > 0:
                assert shown()[0] > 1, "what is far away was dropped"
        for button, wanted in (("End", 2_000), ("Start", 1)):
            tab.page.get_by_role("button", name=button).click()
            # Scrolled while the other stretch is on its way: at both ends of this one more would be loaded.
            tab.page.evaluate(SCROLL, -100_000)
            tab.page.evaluate(SCROLL, 100_000)
            tab.page.locator(f"[data-seq='{wanted}']").wait_for()
            shown()
        assert tab.problems == []


def message(number: int) -> dict[str, str]:
    role = "USER" if number % 2 else "ASSISTANT"
    return {
        "sourceId": str(number),
        "role": role,
        "kind": "TEXT",
        "text": f"This is message {number}. {'word ' * (number % 60)}",
    }


def test_failed_jobs_are_retried_together(browser, directory: Path):
    with open_test_store(directory) as store:
        token = fill(store).admin
        fail_jobs(store, 3)
    with running_server(directory) as server, dashboard(browser, server) as tab:
        server.token = token
        tab.enter("/jobs?status=FAILED")
        tab.page.locator("tr[data-key=f2]").wait_for()
        tab.page.get_by_label("All rows of this page").check()
        tab.page.get_by_role("button", name="Retry", exact=True).click()
        tab.page.get_by_role("dialog").locator("button[type=submit]").click()

        def statuses() -> list[str]:
            found = tab.ask('query { jobs(filter: { kinds: ["fails"] }) { nodes { status } } }')
            return [each["status"] for each in found["jobs"]["nodes"]]

        wait_until(lambda: statuses() == ["PENDING"] * 3, "all jobs have another attempt")
        assert tab.problems == []
