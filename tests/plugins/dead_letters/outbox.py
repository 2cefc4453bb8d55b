"""A third party's sources of dead letters, and the plugin's store as tests use it: a function, a transaction."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from synthetic import ReportedError, Store, Transaction
from synthetic.testing import ManualClock
from synthetic_dead_letters import store as letter_store
from synthetic_dead_letters.store import DeadLetter, NewDeadLetter, RetryRequest

PLUGIN = """
from synthetic import BadUserInputError, ReportedError, from_json
from synthetic_dead_letters.store import DeadLetterSource, done, failed, started

@hookimpl
def register_plugin():
    return Plugin(summary="Sends messages.", requires=("dead_letters",))

CALLS = []

class GatewayError(BadUserInputError):
    "The gateway takes no such message."

def send(tx, letter):
    tx.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (:key, '1')", {"key": "sent " + letter.id})
    return go_on(letter)

def go_on(letter):
    CALLS.append(letter.id)
    fate = from_json(letter.payload)
    if fate == "raise":
        raise GatewayError("The gateway takes no message 4711.")
    if fate == "break":
        raise KeyError("secret")
    if fate == "fail":
        return failed(ReportedError(code="GATEWAY_DOWN", message="It is down.", retry_after_ms=5_000))
    if fate == "start":
        return started("job", "job of " + letter.id)
    return done("message", "sent " + letter.id)

def check(snapshot, letter, payload):
    if payload == "nonsense":
        raise BadUserInputError("payload must make sense.")

@hookimpl
def register_dead_letter_sources():
    return (
        DeadLetterSource(name="outbox", purpose="Messages.", retry=send, check_payload=check),
        DeadLetterSource(name="gateway", purpose="Calls.", work=lambda store, letter: go_on(letter), is_editable=False),
        DeadLetterSource(name="patient", purpose="Messages that can wait.", retry=send, retries_max=2),
    )
"""


def forget(tx: Transaction) -> None:
    """Empty a store of all that these tests put into it."""
    for table in ("dead_letters", "dead_letter_redrives", "constructs", "domain_events"):
        tx.execute(f"DELETE FROM {table}")
    tx.execute("DELETE FROM meta WHERE key LIKE 'sent %' OR key = 'retention_clock'")


class Letters:
    """Every function of `synthetic_dead_letters.store` by its name, without its transaction.

    Attributes:
        store: What they write to.
        clock: The store's.
        calls: Ids of the letters that were retried, in order.
    """

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.store = store
        self.clock = clock
        self.calls: list[str] = sys.modules["sample_outbox.plugin"].CALLS
        self.calls.clear()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        function = getattr(letter_store, name)
        return lambda *args, **named: self.store.write(lambda tx: function(tx, *args, **named))

    def save(self, id: str = "a", payload: Any = "done", source: str = "outbox", **more: Any) -> DeadLetter:
        """Store a letter."""
        error = more.pop("error", ReportedError(code="REFUSED", message="Message 17 was refused."))
        new = NewDeadLetter(source=source, payload=payload, error=error, **more)
        return self.save_dead_letter(new, letter_id=id).letter

    def get(self, id: str = "a") -> DeadLetter:
        """A letter as it is stored."""
        return self.get_dead_letter(id)

    def retry(self, id: str = "a", **how: Any) -> DeadLetter:
        """Retry a letter."""
        return letter_store.retry_dead_letter(self.store, RetryRequest(letter_id=id, **how))

    def sent(self) -> list[str]:
        """Ids of the letters whose retry has written something."""
        rows = self.store.read(lambda snapshot: snapshot.rows("SELECT key FROM meta WHERE key LIKE 'sent %'"))
        return sorted(key.removeprefix("sent ") for (key,) in rows)

    def told(self) -> list[str]:
        """What the log tells, by the types of the events."""
        rows = self.store.read(lambda snapshot: snapshot.rows("SELECT type FROM domain_events ORDER BY position"))
        return [name.removeprefix("dead_letter.") for (name,) in rows]
