"""The dashboard after something failed: an answer, a module, an answer that comes too late."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from playwright.sync_api import APIResponse, Route, expect

from kernel.log.consumers import kit
from plugins.dashboard.driving import dashboard, port_of
from plugins.dashboard.filling import fill
from synthetic.testing import open_test_store, running_server
from thirdparty.distributions import Site

pytestmark = pytest.mark.full

SAVE = 'mutation Save($id: ID!) { saveJob(input: { id: $id, kind: "build" }) { created } }'
CLAIM_ONE = 'mutation { claimJob(input: { id: "j1", worker: "builder-3" }) { job { leaseToken } } }'
CHECKPOINT = """
mutation Save($token: Int!) {
  saveCheckpoint(input: { jobId: "j1", leaseToken: $token, phase: "compile" }) { job { id } }
}
"""
PROGRESS = """
mutation Progress($token: Int!) {
  updateJobProgress(input: { id: "j1", leaseToken: $token, progress: 42 }) { job { id } }
}
"""


def test_a_page_that_was_opened_without_its_server_shows_what_comes_when_it_is_back(browser, directory: Path):
    with open_test_store(directory) as store:
        token = fill(store).admin
    with running_server(directory) as server, dashboard(browser, server) as tab:
        server.token = token
        port = port_of(server.url)
        tab.enter("/jobs")
        tab.go("/")
        server.process.send_signal(signal.SIGKILL)
        server.process.wait(60)
        tab.page.locator(".lost").wait_for()
        tab.page.evaluate("location.hash = '/jobs'")
        tab.page.locator("main [role=alert]").first.wait_for()
        with running_server(directory, "--port", port):
            tab.page.locator("tr[data-key=j1]").wait_for()
            for number in range(3):
                tab.ask(SAVE, id=f"late-{number}")
                tab.page.locator(f"tr[data-key=late-{number}]").wait_for()


def test_what_is_told_while_a_page_asks_anew_is_not_lost(browser, directory: Path):
    with open_test_store(directory) as store:
        token = fill(store).admin
    with running_server(directory) as server, dashboard(browser, server) as tab:
        server.token = token
        tab.enter("/jobs/j1")
        lease = tab.ask(CLAIM_ONE)["claimJob"]["job"]["leaseToken"]
        tab.page.locator(".page-title [data-status=RUNNING]").wait_for()
        held: list[tuple[Route, APIResponse]] = []

        def hold(route: Route) -> None:
            """Lets the server answer, and keeps the first answer for later."""
            if "query Job(" not in (route.request.post_data or "") or held:
                route.continue_()
            else:
                held.append((route, route.fetch()))

        tab.page.route("**/graphql", hold)
        tab.ask(CHECKPOINT, token=lease)
        while not held:
            tab.page.wait_for_timeout(20)
        tab.ask(PROGRESS, token=lease)
        expect(tab.page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "42")
        route, response = held[0]
        with tab.page.expect_response(lambda answer: "query Job(" in (answer.request.post_data or "")):
            route.fulfill(response=response)
        expect(tab.page.get_by_text("Checkpoint: compile").first).to_be_visible()
        expect(tab.page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "42")


REPORT = """
mutation {
  reportSync(input: {
    module: "crawler", outcome: FAILED, error: { code: "SOURCE_GONE", message: "The source is gone." }
  }) { attemptId }
}
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    made = Site(tmp_path / "site", monkeypatch)
    yield made
    made.forget()


def test_a_module_that_failed_is_retried_resumed_and_fetched_anew(browser, directory: Path, site: Site):
    kit.install(site, directory)
    with open_test_store(directory) as store:
        token = fill(store).admin
        kit.count(store, "a1", "b1", "c1")
    with (
        running_server(directory, environment={"TALLY_BUG": "b1"}) as server,
        dashboard(browser, server) as tab,
    ):
        server.token = token
        tab.enter()
        tab.ask(REPORT)
        for module, action, tone, words in (
            ("tally.totals", "RETRY", "bad", "Failed again"),
            ("tally.totals", "RESUME", "warn", "Done"),
            ("crawler", "RETRY", "busy", "Asked."),
            ("crawler", "RESYNC", "busy", "Asked."),
        ):
            row = tab.page.locator(f"[data-module='{module}']")
            row.locator(f"[data-action={action}]").click()
            if action != "RETRY":
                tab.page.get_by_role("dialog").locator("button[type=submit]").click()
            expect(row.locator(f".action-result[data-tone={tone}]")).to_contain_text(words)
        found = tab.ask("query { syncStatus { module status requested } }")["syncStatus"]
        modules = {each["module"]: each for each in found}
        # It lacks what the event told, and says so.
        assert modules["tally.totals"]["status"] == "STALE"
        assert modules["crawler"]["requested"] == "RESYNC"
        assert tab.problems == []
