"""A store with a little of everything that the dashboard shows."""

from __future__ import annotations

from dataclasses import dataclass

from synthetic.security.tokens import create_token
from synthetic.store import Store
from synthetic.testing import expect_data

HOSTILE = (
    "<script>window.attacked = 1</script><img src=x onerror='window.attacked = 2'>"
    " \u202egnp.exe\u202c \u200bzero\u2066width <b>bold</b> javascript:alert(1)"
)

FILL = """
mutation Fill($hostile: String!) {
  saveConstruct(input: { id: "c1", type: "feature", title: $hostile, status: ACTIVE, projectId: "p1" }) { created }
  saveSession(input: { id: "s1", constructId: "c1", agent: "builder-3" }) { created }
  appendMessages(input: {
    transcriptId: "t1", sessionId: "s1"
    messages: [
      { sourceId: "1", role: USER, kind: TEXT, text: $hostile }
      { sourceId: "2", role: ASSISTANT, kind: TEXT, text: $hostile }
      { sourceId: "3", role: ASSISTANT, kind: TOOL_CALL, blocks: [
        { type: "function", id: "1", function: { name: "now", arguments: "null" } }
        { type: "function", id: "2", function: { name: "now", arguments: "7" } }
        { type: "tool_use", id: null, name: { a: [] }, input: false }
        { type: "tool_use", id: [{}], input: [null] }
        "tool_use"
        null
      ] }
    ]
  }) { transcript { id } }
  one: saveJob(input: { id: "j1", kind: "build", constructId: "c1", command: $hostile }) { created }
  other: saveJob(input: { id: "j2", kind: "build" }) { created }
  requestApproval(input: {
    id: "a1", constructId: "c1", tool: "edit_file", reason: $hostile
    arguments: { path: "lease.py", old_string: "lease = 1\\nsame", new_string: "lease = 2\\nsame" }
  }) { approval { id } }
  saveDeadLetter(input: {
    source: "message", payload: { to: "nobody", text: $hostile }, attempts: 3
    error: { code: "RECIPIENT_GONE", message: "The channel is gone." }
  }) { deadLetter { id } }
  recordCost(input: {
    id: "k1", constructId: "c1", kind: "model", costMicros: 1250000, currency: "USD", model: "orion"
  }) { created }
}
"""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What callers of a filled store are let in with.

    Attributes:
        admin: May do all.
        reader: May only read.
    """

    admin: str
    reader: str


def fill(store: Store) -> Tokens:
    """Put it in."""
    expect_data(store.graphql(FILL, {"hostile": HOSTILE}))
    admin = store.write(create_token, "operator", ["admin"]).secret
    return Tokens(admin, store.write(create_token, "reader", ["read"]).secret)
