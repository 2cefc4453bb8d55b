"""The pages of jobs, constructs and transcripts, used as an operator uses them in a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from plugins.dashboard.driving import Dashboard, chromium, dashboard
from plugins.dashboard.filling import fill
from synthetic.testing import copy_template, expect_data, open_test_store, running_server

pytestmark = pytest.mark.full

ASSISTANT = {"role": "ASSISTANT", "kind": "TOOL_CALL"}
TOOL = {"role": "TOOL", "kind": "TOOL_RESULT"}
EDIT = {"type": "tool_use", "id": "call-1", "name": "edit", "input": {
    "path": "lease.py", "old_string": "lease = 1\nsame", "new_string": "lease = 2\nsame",
}}  # fmt: skip
START = {"type": "tool_use", "id": "call-2", "name": "start_agent", "input": {"prompt": "Look for stale leases. All."}}
RESULT = {"type": "tool_result", "tool_use_id": "call-1", "content": "lease.py was changed"}
ASK = {"type": "tool_use", "id": "call-3", "name": "start_agent", "input": {"prompt": "Count them."}}
COUNTED = {"type": "tool_result", "tool_use_id": "call-3", "content": "three"}
MESSAGES = 400


def texts(first: int, last: int) -> list[dict[str, Any]]:
    return [
        {"sourceId": f"text-{n}", "role": "USER", "kind": "TEXT", "text": f"This is message {n}."}
        for n in range(first, last + 1)
    ]


CONVERSATION = [
    {"sourceId": "call", **ASSISTANT, "blocks": [EDIT]},
    {"sourceId": "result", **TOOL, "blocks": [RESULT]},
    {"sourceId": "start", **ASSISTANT, "blocks": [START]},
    {"sourceId": "progress", "role": "SYSTEM", "kind": "OTHER", "text": "half of it"},
    {"sourceId": "fence", "role": "ASSISTANT", "kind": "TEXT", "text": "So:\n```python\nlease = 2\n```\nDone."},
    {"sourceId": "ask", **ASSISTANT, "blocks": [ASK]},
    {"sourceId": "counted", **TOOL, "blocks": [COUNTED], "metadata": {"startedSessionId": "s4"}},
    *texts(8, MESSAGES),
]
FILL = """
mutation Fill($messages: [NewMessageInput!]!) {
  two: saveConstruct(input: { id: "c2", type: "feature", title: "Renew leases" }) { created }
  three: saveConstruct(input: { id: "c3", type: "feature", title: "Measure leases" }) { created }
  parent: relateConstructs(input: { fromId: "c1", kind: PARENT, toId: "c2" }) { created }
  after: relateConstructs(input: { fromId: "c3", kind: DEPENDS_ON, toId: "c2" }) { created }
  planner: saveSession(input: { id: "s2", agent: "planner", constructId: "c1" }) { created }
  searcher: saveSession(input: {
    id: "s3", agent: "searcher", parentSessionId: "s2", title: "Look for stale leases."
  }) { created }
  counter: saveSession(input: { id: "s4", agent: "counter", parentSessionId: "s2", title: "Begun in other words" }) {
    created
  }
  appendMessages(input: { transcriptId: "t2", sessionId: "s2", messages: $messages }) { appended }
  counted: appendMessages(input: {
    transcriptId: "t4", sessionId: "s4", messages: [{ sourceId: "1", role: USER, kind: TEXT, text: "Count." }]
  }) { appended }
}
"""
APPEND = """
mutation Append($messages: [NewMessageInput!]!) {
  appendMessages(input: { transcriptId: "t2", sessionId: "s2", messages: $messages }) { lastSeq }
}
"""
FOLLOW = """
async (after) => {
  const base = document.querySelector("script[type=module]").src.replace(/main\\.js$/, "");
  const { follow } = await import(`${base}graphql.js`);
  const told = await new Promise((resolve) => {
    const stop = follow("subscription ($after: Position) { events(after: $after) { type } }", {}, after, {
      next: () => resolve({ stop, told: "next" }),
      resync: () => resolve({ stop, told: "resync" }),
      failed: (error) => resolve({ stop, told: error.code }),
    });
  });
  told.stop();
  return told.told;
}
"""
CLAIM = 'mutation { claimJob(input: { id: "j1", worker: "builder-3" }) { job { leaseToken } } }'
CHECKPOINT = """
mutation Save($token: Int!) {
  saveCheckpoint(input: { jobId: "j1", leaseToken: $token, phase: "compile", data: { files: 3 } }) { job { id } }
}
"""
PROGRESS = """
mutation Progress($token: Int!) {
  updateJobProgress(input: { id: "j1", leaseToken: $token, progress: 42, phase: "link" }) { job { id } }
}
"""


@pytest.fixture(scope="module")
def driven(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    directory = copy_template(template, tmp_path_factory.mktemp("work") / "store")
    with open_test_store(directory) as store:
        token = fill(store).admin
        expect_data(store.graphql(FILL, {"messages": CONVERSATION}))
    with chromium() as browser, running_server(directory) as server:
        server.token = token
        with dashboard(browser, server) as tab:
            tab.enter()
            yield tab


@pytest.fixture
def tab(driven: Dashboard) -> Iterator[Dashboard]:
    driven.problems.clear()
    yield driven
    assert driven.problems == []


def test_filters_stand_in_the_address_and_outlive_a_reload(tab: Dashboard):
    tab.go("/jobs")
    tab.page.get_by_role("button", name="Waiting").click()
    expect(tab.page).to_have_url(re.compile("status=WAITING"))
    tab.page.get_by_text("No job fits these filters").wait_for()
    tab.page.reload()
    tab.page.get_by_text("No job fits these filters").wait_for()
    tab.page.get_by_role("button", name="Clear filters").first.click()
    expect(tab.page.locator("tr[data-key]")).to_have_count(2)


def test_a_job_shows_its_progress_checkpoints_and_end_as_they_come(tab: Dashboard):
    page = tab.page
    tab.go("/jobs/j1")
    token = tab.ask(CLAIM)["claimJob"]["job"]["leaseToken"]
    page.locator(".page-title [data-status=RUNNING]").wait_for()
    tab.ask(CHECKPOINT, token=token)
    page.get_by_text("Checkpoint: compile").wait_for()
    tab.ask(PROGRESS, token=token)
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "42")
    expect(page.locator(".facts")).to_contain_text(["link", "j1"])
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Cancel the job").click()
    page.get_by_role("button", name="Cancel by force").click()
    page.locator("dialog button[type=submit]").click()
    page.locator(".page-title [data-status=CANCELLED]").wait_for()
    page.get_by_role("button", name="Run anew from the last checkpoint").click()
    page.get_by_text("Repeats").wait_for()
    assert "/jobs/j1" not in page.url


def test_several_jobs_are_cancelled_together_after_a_question_that_counts_them(tab: Dashboard):
    page = tab.page
    for name in ("b1", "b2", "b3"):
        tab.ask(f'mutation {{ saveJob(input: {{ id: "{name}", kind: "bulk" }}) {{ created }} }}')
    tab.go("/jobs?kind=bulk")
    page.locator("tr[data-key=b1]").get_by_role("checkbox").check()
    page.locator("tr[data-key=b2]").get_by_role("checkbox").check()
    bulk = page.get_by_role("group", name="What to do to several jobs")
    bulk.get_by_role("button", name="Cancel").click()
    expect(page.locator("dialog h2")).to_have_text("Cancel 2 jobs?")
    page.locator("dialog button[type=submit]").click()
    for name in ("b1", "b2"):
        page.locator(f"tr[data-key={name}] [data-status=CANCELLED]").wait_for()
    expect(page.locator("tr[data-key=b3] [data-status=PENDING]")).to_be_visible()


SAVE_TARGET = """
mutation {
  saveDeliveryTarget(input: {
    id: "d1", name: "On call", url: "https://on-call.invalid/hooks", eventTypes: ["construct.deleted"]
  }) { target { id } }
}
"""


def test_a_target_of_deliveries_is_switched_off_and_on_again(tab: Dashboard):
    tab.ask(SAVE_TARGET)
    tab.go("/deliveries")
    row = tab.page.locator("tr[data-key=d1]")
    row.get_by_role("button", name="Disable").click()
    tab.page.locator("dialog button[type=submit]").click()
    expect(row.locator("[data-status=DISABLED]")).to_be_visible()
    row.get_by_role("button", name="Enable").click()
    expect(row.get_by_role("button", name="Disable")).to_be_visible()
    assert tab.ask('query { deliveryTarget(id: "d1") { enabled } }')["deliveryTarget"]["enabled"]


def test_what_is_settled_of_dead_letters_is_shown_when_it_is_asked_for(tab: Dashboard):
    (letter,) = tab.ask("query { deadLetters(first: 1) { nodes { id } } }")["deadLetters"]["nodes"]
    row = tab.page.locator(f"tr[data-key='{letter['id']}']")
    tab.go("/dead-letters")
    row.get_by_role("link").focus()
    tab.page.keyboard.press("Enter")
    tab.page.get_by_role("button", name="Resolve").click()
    tab.page.get_by_text("It counts as dealt with.").wait_for()
    tab.go("/dead-letters")
    tab.page.get_by_text("No letters like these").wait_for()
    tab.page.get_by_role("button", name="Resolved").click()
    expect(row).to_be_visible()


def test_the_graph_of_a_construct_leads_to_those_it_is_related_to(tab: Dashboard):
    tab.go("/constructs/c2")
    nodes = tab.page.locator(".graph-node")
    expect(nodes).to_have_count(3)
    assert tab.page.locator(".graph-edge").count() == 2
    tab.ask('mutation { relateConstructs(input: { fromId: "c1", kind: RELATED, toId: "c3" }) { created } }')
    expect(tab.page.locator(".graph-edge")).to_have_count(2)
    tab.page.locator(".graph a", has_text="Measure leases").click()
    expect(tab.page.get_by_role("heading", level=1)).to_have_text("Measure leases")
    expect(tab.page.locator(".graph-edge")).to_have_count(3)


def test_a_tool_call_holds_its_result_its_difference_and_the_way_to_the_agent_it_started(tab: Dashboard):
    page = tab.page
    tab.go("/transcripts/t2?m=1")
    call = page.locator("article[data-seq='1']")
    call.locator("summary").click()
    expect(call.locator(".diff .removed")).to_have_text("-lease = 1")
    expect(call.locator(".diff .added")).to_have_text("+lease = 2")
    expect(call.get_by_text("lease.py was changed")).to_be_visible()
    assert page.locator("article[data-seq='2']").count() == 0
    expect(page.locator("article[data-seq='5'] .code .number")).to_have_text("2")
    page.get_by_role("link", name="To the session of searcher").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look for stale leases.")
    tab.go("/transcripts/t2?m=1")
    page.get_by_role("link", name="To the transcript of counter").click()
    expect(page).to_have_url(re.compile("#/transcripts/t4$"))
    expect(page.get_by_text("Count.", exact=True)).to_be_visible()


def test_a_link_to_a_message_shows_it_whatever_its_kind_and_filters_keep_the_place(tab: Dashboard):
    page = tab.page
    tab.go("/transcripts/t2?m=4")
    expect(page.locator("article[aria-current=true]")).to_have_attribute("data-seq", "4")
    tab.go("/transcripts/t2?m=2")
    expect(page.locator("article[aria-current=true]")).to_have_attribute("data-seq", "1")
    tab.go("/transcripts/t2?m=250")
    expect(page.locator("article[aria-current=true]")).to_be_in_viewport()
    page.get_by_role("button", name="Tool calls").click()
    expect(page.locator("article[aria-current=true]")).to_be_in_viewport()
    expect(page.get_by_text(f"Message 250 of {MESSAGES}")).to_be_visible()


def test_the_end_is_followed_until_one_scrolls_away_from_it(tab: Dashboard):
    page = tab.page
    tab.go("/transcripts/t1")
    tab.go("/transcripts/t2")
    articles = page.locator(".transcript-scroll article")
    expect(articles.last).to_have_attribute("data-seq", str(MESSAGES))
    tab.ask(APPEND, messages=texts(MESSAGES + 1, MESSAGES + 3))
    expect(articles.last).to_have_attribute("data-seq", str(MESSAGES + 3))
    expect(articles.last).to_be_in_viewport()
    articles.last.hover()
    page.mouse.wheel(0, -2000)
    expect(articles.last).not_to_be_in_viewport()
    tab.ask(APPEND, messages=texts(MESSAGES + 4, MESSAGES + 4))
    expect(articles.last).to_have_attribute("data-seq", str(MESSAGES + 4))
    expect(articles.last).not_to_be_in_viewport()
    page.get_by_role("button", name="End").click()
    expect(articles.last).to_be_in_viewport()
    page.get_by_role("button", name="Start").click()
    expect(articles.first).to_have_attribute("data-seq", "1")


def test_the_keyboard_goes_to_pages_rows_and_the_search(tab: Dashboard):
    page = tab.page
    tab.go("/jobs")
    page.locator("main").focus()
    page.keyboard.press("j")
    assert page.evaluate("() => document.activeElement.closest('tr').dataset.key")
    page.keyboard.press("g")
    page.keyboard.press("c")
    expect(page).to_have_title(re.compile("^Constructs"))
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keyboard shortcuts").wait_for()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("/")
    page.keyboard.type("lease")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#/search\\?q=lease$"))


def test_a_position_of_another_history_is_told_apart_from_one_that_is_none(tab: Dashboard):
    tab.go("/jobs")
    assert tab.page.evaluate(FOLLOW, "0000000000:1") == "resync"
    assert tab.page.evaluate(FOLLOW, "nonsense") == "BAD_USER_INPUT"
