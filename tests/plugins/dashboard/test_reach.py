"""Whether everything can be reached, by keyboard and by those who cannot see the page, and stays where it is."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from plugins.dashboard.driving import PAGES, dashboard

pytestmark = pytest.mark.full

DETAILS = ("/jobs/j1", "/constructs/c1", "/sessions/s1", "/transcripts/t1", "/approvals/a1")
STEPS_MAX = 400
SHIFT_MAX = 0.1
"""Up to here Web Vitals call the cumulative layout shift of a page good."""

UNREACHED = """
() => {
  const found = [];
  for (const row of document.querySelectorAll("main tr.leads")) {
    if (row.querySelector("a[href]") === null) found.push(`row ${row.dataset.key}`);
  }
  for (const box of document.querySelectorAll("main *")) {
    const style = getComputedStyle(box);
    const scrolls = /auto|scroll/.test(style.overflowY) && box.scrollHeight > box.clientHeight + 1;
    if (scrolls && box.tabIndex < 0 && box.querySelector("a, button, input, [tabindex]") === null) {
      found.push(`scroller ${box.className}`);
    }
  }
  return found;
}
"""
WALK = """
() => {
  window.walk = { seen: new Set(), hidden: [], ends: 0 };
  const controls = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")];
  const shown = (one) => one.checkVisibility({ visibilityProperty: true }) && !one.disabled;
  return controls.filter(shown).length;
}
"""
STEP = """
() => {
  const here = document.activeElement;
  if (here === document.body) return (window.walk.ends += 1) < 2;
  if (window.walk.seen.has(here)) return false;
  window.walk.seen.add(here);
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(here);
  const marked = (outlineStyle !== "none" && parseFloat(outlineWidth) >= 1) || boxShadow !== "none";
  if (!marked) window.walk.hidden.push(here.outerHTML.slice(0, 80));
  return true;
}
"""
SHIFTS = """
window.shift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (!entry.hadRecentInput) window.shift += entry.value;
  }
}).observe({ type: "layout-shift", buffered: true });
"""
NAMELESS = """
() => {
  const nameOf = (one) =>
    one.getAttribute("aria-label") || one.textContent.trim() || one.title || one.alt ||
    [...(one.labels ?? [])].map((label) => label.textContent.trim()).join(" ") ||
    (document.getElementById(one.getAttribute("aria-labelledby") ?? "")?.textContent ?? "");
  const controls = document.querySelectorAll("a[href], button, input, select, textarea, summary, [role], dialog");
  const unnamed = ["presentation", "none", "status", "alert"];
  const silent = (one) => one.closest("[aria-hidden=true]") || unnamed.includes(one.role);
  return [...controls].filter((one) => !silent(one) && !nameOf(one)).map((one) => one.outerHTML.slice(0, 100));
}
"""


def test_every_control_has_a_name_and_every_row_a_link(browser: Any, server: Any):
    with dashboard(browser, server) as tab:
        tab.enter()
        wrong: dict[str, list[str]] = {}
        letter = tab.ask("query { deadLetters(first: 1) { nodes { id } } }")["deadLetters"]["nodes"][0]["id"]
        for path in (*PAGES, *DETAILS, f"/dead-letters/{letter}"):
            tab.go(path)
            found = [*tab.page.evaluate(NAMELESS), *tab.page.evaluate(UNREACHED)]
            wrong |= {path: found} if found else {}
            assert tab.page.locator("h1").count() == 1, path
        assert wrong == {}


@pytest.mark.parametrize("path", ["/", "/jobs", "/approvals", "/dead-letters", "/transcripts/t1", "/search?q=lease"])
def test_the_tabulator_key_comes_to_every_control_shows_where_it_is_and_is_never_caught(
    browser: Any, server: Any, path: str
):
    with dashboard(browser, server) as tab:
        tab.enter(path)
        controls = tab.page.evaluate(WALK)
        for _ in range(STEPS_MAX):
            tab.page.keyboard.press("Tab")
            if not tab.page.evaluate(STEP):
                break
        walked = tab.page.evaluate("() => ({ seen: window.walk.seen.size, hidden: window.walk.hidden })")
        assert walked["hidden"] == []
        assert walked["seen"] >= controls, "every control that is shown is come to"


def test_a_dialog_holds_the_keyboard_and_gives_it_back(browser: Any, server: Any):
    with dashboard(browser, server) as tab:
        tab.enter("/jobs/j2")
        button = tab.page.get_by_role("button", name="Cancel", exact=True)
        button.focus()
        tab.page.keyboard.press("Enter")
        dialog = tab.page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        for _ in range(8):
            tab.page.keyboard.press("Tab")
            assert tab.page.evaluate(
                "() => document.activeElement === document.body || document.activeElement.closest('dialog') !== null"
            )
        tab.page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        expect(button).to_be_focused()
        status = tab.ask('query { job(id: "j2") { status } }')["job"]["status"]
        assert status == "PENDING"


@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_jumps_while_a_page_is_loaded(browser: Any, server: Any, width: int):
    jumps: dict[str, float] = {}
    with dashboard(browser, server, viewport={"width": width, "height": 800}) as tab:
        tab.page.add_init_script(SHIFTS)
        tab.page.goto(f"{tab.address}#token={server.token}")
        tab.settle()
        for path in (*PAGES, *DETAILS):
            tab.page.goto("about:blank")
            tab.page.goto(f"{tab.address}#{path}")
            tab.settle()
            tab.page.wait_for_load_state("networkidle")
            shift = tab.page.evaluate("window.shift")
            jumps |= {path: shift} if shift > SHIFT_MAX else {}
    assert jumps == {}
