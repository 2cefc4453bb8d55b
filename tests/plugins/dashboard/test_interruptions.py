"""A page whose subscriptions are ended by the server, and one under which the store is replaced by its backup."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from plugins.dashboard.driving import Dashboard, dashboard
from plugins.dashboard.filling import fill
from synthetic.testing import open_test_store, running_server
from synthetic.testing_commands import run_command

pytestmark = pytest.mark.full

SAVE = 'mutation Save($id: ID!) { saveJob(input: { id: $id, kind: "build" }) { created } }'
COMPLETE = {"type": "complete"}
FAILED = {
    "type": "next",
    "payload": {"data": None, "errors": [{"message": "Busy.", "extensions": {"code": "BUSY", "recoverable": True}}]},
}


class Wire:
    """Stands between a page and the server's socket: passes all on, and can say something in the server's name.

    Attributes:
        sent: What the page has said.
        positions: By operation, the position of its last answer.
    """

    def __init__(self, page: Page) -> None:
        self.sent: list[dict[str, Any]] = []
        self.positions: dict[str, str] = {}
        self._page: WebSocketRoute | None = None
        page.route_web_socket("**/graphql", self._connect)

    def _connect(self, page: WebSocketRoute) -> None:
        server = page.connect_to_server()
        self._page = page

        def from_page(message: str | bytes) -> None:
            self.sent.append(json.loads(message))
            server.send(message)

        def from_server(message: str | bytes) -> None:
            said = json.loads(message)
            if said["type"] == "next":
                self.positions[said["id"]] = said["payload"]["extensions"]["position"]
            page.send(message)

        page.on_message(from_page)
        server.on_message(from_server)

    def operations(self, field: str) -> list[dict[str, Any]]:
        """What the page has asked to follow, where it is of this field."""
        return [one for one in self.sent if one["type"] == "subscribe" and field in one["payload"]["query"]]

    def say(self, **message: Any) -> None:
        """Say something to the page."""
        assert self._page is not None
        self._page.send(json.dumps(message))


def jobs_of(tab: Dashboard) -> list[str]:
    return sorted(tab.page.locator("tr[data-key]").evaluate_all("rows => rows.map((row) => row.dataset.key)"))


@pytest.mark.parametrize("end", [COMPLETE, FAILED], ids=["complete", "errors"])
def test_what_the_server_ends_is_followed_anew_after_what_was_seen(browser, directory: Path, end: dict[str, Any]):
    with open_test_store(directory) as store:
        token = fill(store).admin
    with running_server(directory) as server, dashboard(browser, server) as tab:
        server.token = token
        wire = Wire(tab.page)
        tab.enter("/jobs")
        tab.ask(SAVE, id="first")
        tab.page.locator("tr[data-key=first]").wait_for()
        before = wire.operations("jobUpdates")[-1]
        seen = wire.positions[before["id"]]
        wire.say(id=before["id"], **end)
        tab.ask(SAVE, id="second")
        tab.page.locator("tr[data-key=second]").wait_for()
        after = wire.operations("jobUpdates")[-1]
        assert after["id"] != before["id"]
        assert after["payload"]["variables"]["after"] == seen
        assert jobs_of(tab) == ["first", "j1", "j2", "second"]
        closed = {"id": before["id"], "type": "complete"} in wire.sent
        assert closed == (end is FAILED), "the server goes on after an answer with errors, and is told to stop"
        assert tab.problems == []


def test_a_page_notices_that_the_store_was_replaced_by_its_backup_and_shows_what_that_holds(browser, directory: Path):
    with open_test_store(directory) as store:
        token = fill(store).admin
    assert run_command(["backup", "--data", str(directory)]).returncode == 0
    with running_server(directory) as server, dashboard(browser, server) as tab:
        server.token = token
        tab.enter("/jobs")
        tab.page.evaluate("window.isSamePage = true")
        tab.ask(SAVE, id="lost")
        tab.page.locator("tr[data-key=lost]").wait_for()
        server.process.terminate()
        server.process.wait(60)
        tab.page.locator(".lost").wait_for()
        done = run_command(["restore", "latest", "--data", str(directory)])
        assert done.returncode == 0, done.stderr
        port = server.url.rsplit(":", 1)[1].split("/", maxsplit=1)[0]
        with running_server(directory, "--port", port):
            tab.page.locator("tr[data-key=lost]").wait_for(state="detached")
            expect(tab.page.locator(".lost")).to_have_count(0)
            tab.ask(SAVE, id="new")
            tab.page.locator("tr[data-key=new]").wait_for()
            assert jobs_of(tab) == ["j1", "j2", "new"]
            assert tab.page.evaluate("window.isSamePage")
