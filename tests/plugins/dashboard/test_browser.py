"""The dashboard in a real browser: every page on a filled and an empty store, a reader, an approval."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.dashboard.driving import PAGES, Dashboard, dashboard
from plugins.dashboard.filling import HOSTILE, fill
from synthetic.testing import copy_template, open_test_store, running_server

DETAILS = ("/jobs/j1", "/constructs/c1", "/sessions/s1", "/transcripts/t1", "/approvals/a1")
BUTTONS_THAT_WRITE = ("Approve", "Reject", "Withdraw", "Redrive", "Retry now", "Cancel", "Back up now", "Preview")


@pytest.fixture(scope="module")
def filled(template: Path, tmp_path_factory: pytest.TempPathFactory):
    """A server of a filled store, and a token that may only read."""
    directory = copy_template(template, tmp_path_factory.mktemp("dashboard") / "store")
    with open_test_store(directory) as store:
        tokens = fill(store)
    with running_server(directory) as server:
        server.token = tokens.admin
        yield server, tokens.reader


@pytest.fixture
def tab(browser, filled):
    with dashboard(browser, filled[0]) as driven:
        yield driven
        assert driven.problems == []


def test_every_page_shows_what_the_store_has_and_the_token_leaves_the_address(tab: Dashboard):
    tab.enter()
    assert "token" not in tab.page.url
    for path in (*PAGES, *DETAILS):
        tab.go(path)
        assert tab.page.locator("main h1").inner_text() != "No such page", path
        assert tab.page.locator("[role=alert]").all_inner_texts() == [], path
        assert tab.page.locator("main .empty").count() == 0 or path in EMPTY, path
        assert tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


EMPTY = (
    "/deliveries",
    "/search?q=lease",
    "/storage",
    "/costs",
    "/jobs/j1",
    "/constructs/c1",
    "/approvals/a1",
    "/sessions/s1",
)
"""Pages that have a part with nothing in it."""


def test_what_others_wrote_is_shown_as_text(tab: Dashboard):
    tab.enter()
    for path in ("/constructs", "/constructs/c1", "/jobs/j1", "/transcripts/t1", "/approvals/a1", "/search?q=onerror"):
        tab.go(path)
        tab.page.get_by_text("<script>window.attacked", exact=False).first.wait_for()
        assert tab.page.locator("main script, main img, main b").count() == 0
        assert tab.page.evaluate("window.attacked") is None
        shown = tab.page.locator("main").evaluate("element => element.textContent")
        assert "\u202e" not in shown
        assert "U+202E" in shown, path
    assert HOSTILE.startswith("<script>")


def test_an_approval_shows_the_change_and_is_decided_with_what_was_shown(tab: Dashboard):
    tab.enter("/approvals")
    removed, added = tab.page.locator(".diff .removed"), tab.page.locator(".diff .added")
    removed.wait_for()
    assert (removed.inner_text().split(), added.inner_text().split()) == (
        ["-", "lease", "=", "1"],
        ["+", "lease", "=", "2"],
    )
    tab.page.get_by_label("Comment").fill("Go on.")
    tab.page.get_by_role("button", name="Approve", exact=True).click()
    tab.page.get_by_text("edit_file: approved.").wait_for()
    tab.page.get_by_text("Nothing waits for a decision").wait_for()
    found = tab.ask('query { approval(id: "a1") { status comment decidedBy } }')["approval"]
    assert found == {"status": "APPROVED", "comment": "Go on.", "decidedBy": "operator"}


def test_who_may_only_read_sees_no_button_that_would_fail(tab: Dashboard, filled):
    tab.enter("/", token=filled[1])
    for path in (*PAGES, *DETAILS, "/jobs/j2"):
        tab.go(path)
        assert tab.page.locator("[role=alert]").all_inner_texts() == [], path
        for name in (*BUTTONS_THAT_WRITE, "New budget"):
            assert tab.page.get_by_role("button", name=name, exact=True).count() == 0, (path, name)
        assert tab.page.locator("[data-action]").count() == 0


def test_a_wrong_token_is_asked_for_again(browser, filled):
    with dashboard(browser, filled[0]) as driven:
        driven.page.goto(f"{driven.address}#token=syn_wrong")
        field = driven.page.get_by_label("Token")
        field.wait_for()
        assert "wrong" not in driven.page.url
        field.fill(filled[1])
        driven.page.get_by_role("button", name="Open the dashboard").click()
        driven.page.get_by_role("navigation", name="Pages of the dashboard").wait_for()


def test_a_tab_whose_token_was_taken_out_takes_none_from_others_until_it_is_given_one(browser, filled):
    with dashboard(browser, filled[0]) as driven:
        driven.enter()
        other = driven.page.context.new_page()
        other.goto(driven.address)
        shell = other.get_by_role("navigation", name="Pages of the dashboard")
        shell.wait_for()
        other.get_by_role("button", name="Take the token out of this tab").click()
        field = other.get_by_label("Token")
        for act in (lambda: None, other.reload):
            act()
            field.wait_for()
            # A third tab that asks is answered by the first, and heard by all.
            third = driven.page.context.new_page()
            third.goto(driven.address)
            third.get_by_role("navigation", name="Pages of the dashboard").wait_for()
            third.close()
            assert other.evaluate("sessionStorage.getItem('synthetic-token')") is None
        field.fill(filled[1])
        other.get_by_role("button", name="Open the dashboard").click()
        shell.wait_for()


@pytest.mark.full
def test_an_empty_store_says_what_fills_it_on_the_smallest_screen(browser, template: Path, tmp_path: Path):
    directory = copy_template(template, tmp_path / "store")
    with (
        running_server(directory) as server,
        dashboard(browser, server, viewport={"width": 360, "height": 640}) as driven,
    ):
        driven.page.goto(f"{driven.address}#token={server.token}")
        driven.settle()
        for path in PAGES:
            driven.go(path)
            assert driven.page.locator("[role=alert]").count() == 0, path
            assert driven.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        driven.go("/constructs")
        driven.page.locator(".empty").first.wait_for()
        assert driven.problems == []
