"""How the pages look: their texts against what is behind them, in both themes, and their width on a telephone."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.dashboard.driving import PAGES, dashboard

pytestmark = pytest.mark.full

DETAILS = ("/jobs/j1", "/constructs/c1", "/sessions/s1", "/transcripts/t1", "/approvals/a1")
RATIO_MIN = 4.5
"""WCAG 2.2, success criterion 1.4.3 (AA), for text of any size."""

TOO_FAINT = """
(least) => {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  // Colours in any notation, as red, green, blue and opacity.
  const channels = (colour) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const [red, green, blue, opacity] = context.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, opacity / 255];
  };
  const over = (front, back) => [0, 1, 2].map((n) => front[n] * front[3] + back[n] * (1 - front[3]));
  const light = (colour) => {
    const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    const [red, green, blue] = colour.map((value) => linear(value / 255));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ground = (element) => {
    const behind = element === null ? [255, 255, 255] : ground(element.parentElement);
    return element === null ? behind : over(channels(getComputedStyle(element).backgroundColor), behind);
  };
  const found = [];
  let seen = 0;
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    // What cannot be pressed now is exempt, and so is what is not drawn.
    if (!texts.currentNode.data.trim() || element.closest("svg, option, :disabled, .visually-hidden, .skip")) continue;
    if (!element.checkVisibility({ visibilityProperty: true })) continue;
    const back = ground(element);
    const [one, other] = [light(over(channels(getComputedStyle(element).color), back)), light(back)];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    seen += 1;
    if (ratio < least) found.push(`${texts.currentNode.data.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return { seen, found };
}
"""
TOO_WIDE = "() => document.querySelector('main').scrollWidth - document.querySelector('main').clientWidth"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(browser: Any, server: Any, theme: str):
    with dashboard(browser, server, color_scheme=theme) as tab:
        tab.enter()
        faint: dict[str, list[str]] = {}
        for path in (*PAGES, *DETAILS):
            tab.go(path)
            looked = tab.page.evaluate(TOO_FAINT, RATIO_MIN)
            assert looked["seen"] > 20, path
            faint |= {path: looked["found"]} if looked["found"] else {}
        assert faint == {}


def test_a_theme_that_was_chosen_holds_and_stands_out_too(browser: Any, server: Any):
    with dashboard(browser, server, color_scheme="light") as tab:
        tab.enter()
        ground = "() => getComputedStyle(document.body).backgroundColor"
        light = tab.page.evaluate(ground)
        for _ in range(2):
            tab.page.get_by_role("button", name="Theme").click()
        assert tab.page.evaluate(ground) != light
        tab.page.reload()
        tab.settle()
        assert tab.page.evaluate(ground) != light
        assert tab.page.evaluate(TOO_FAINT, RATIO_MIN)["found"] == []


def test_no_page_is_wider_than_the_smallest_screen(browser: Any, server: Any):
    with dashboard(browser, server) as tab:
        tab.enter()
        tab.page.set_viewport_size({"width": 360, "height": 740})
        too_wide: dict[str, int] = {}
        for path in (*PAGES, *DETAILS):
            tab.go(path)
            beyond = tab.page.evaluate(TOO_WIDE)
            too_wide |= {path: beyond} if beyond > 0 else {}
        assert too_wide == {}
        tab.page.get_by_role("button", name="Menu").click()
        tab.page.get_by_role("link", name="Jobs", exact=True).click()
        assert tab.page.get_by_role("heading", level=1).inner_text() == "Jobs"
