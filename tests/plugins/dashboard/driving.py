"""A real browser for tests of the dashboard: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from synthetic.testing import RunningServer

NAMES = ("chromium", "chromium-browser", "google-chrome")
WAIT_MS = 60_000

PAGES = (
    "/",
    "/jobs",
    "/constructs",
    "/transcripts",
    "/approvals",
    "/dead-letters",
    "/deliveries",
    "/costs",
    "/search?q=lease",
    "/storage",
    "/plugins",
)
"""The pages of the navigation."""


@contextlib.contextmanager
def chromium() -> Generator[Browser]:
    """A browser; where none is installed the test is skipped."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("there is no Chromium on the path: `apt-get install chromium`")
    with sync_playwright() as playwright:
        # In a container the browser's own sandbox cannot be set up, and it opens nothing but this server.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


@dataclass(slots=True)
class Dashboard:
    """The dashboard of a server, in a tab of its own.

    Attributes:
        server: What serves it.
        page: The tab.
        problems: What the browser has complained of: errors, refused scripts, files that are not there.
    """

    server: RunningServer
    page: Page
    problems: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Of the page."""
        return self.server.url.replace("/graphql", "/dashboard")

    def enter(self, path: str = "/", token: str | None = None) -> None:
        """Come by a link that carries a token, and go to a page."""
        self.page.goto(f"{self.address}#token={token or self.server.token}")
        self.page.get_by_role("navigation", name="Pages of the dashboard").wait_for()
        self.go(path)

    def go(self, path: str) -> None:
        """Go to a page and wait until it shows what it has asked for."""
        self.page.evaluate("path => { location.hash = path; }", path)
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is being loaded."""
        self.page.locator("main h1").first.wait_for()
        self.page.wait_for_function("() => document.querySelector('main .skeleton') === null")

    def text(self) -> str:
        """What a person reads on the page."""
        return self.page.locator("main").inner_text()

    def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """What GraphQL answers, beside the page."""
        sent = {"query": document, "variables": variables}
        answer = self.page.request.post(self.server.url, data=sent, headers=self.server.headers).json()
        assert "errors" not in answer, answer
        return answer["data"]


@contextlib.contextmanager
def dashboard(browser: Browser, server: RunningServer, **context: Any) -> Generator[Dashboard]:
    """A tab with nothing of other tabs in it."""
    opened = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **context})
    opened.set_default_timeout(WAIT_MS)
    try:
        page = opened.new_page()
        driven = Dashboard(server, page)

        def note(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                driven.problems.append(message.text)

        page.on("console", note)
        page.on("pageerror", lambda error: driven.problems.append(str(error)))
        yield driven
    finally:
        opened.close()


def port_of(address: str) -> str:
    """The port in the address of a server."""
    return address.rsplit(":", 1)[1].split("/", maxsplit=1)[0]
