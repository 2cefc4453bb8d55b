"""Sessions and jobs as agents have them, and the fold brought in step with them, event by event of the real log."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

from synthetic import Event, Store, Transaction, read_events
from synthetic.log.consumers.batches import Lane, fold_events
from synthetic.log.consumers.declared import DeclaredConsumer
from synthetic.testing import ManualClock, expect_data
from synthetic_approvals.model import ApprovalRequest, Decision
from synthetic_approvals.store import decide_approval, request_approval
from synthetic_jobs import store as jobs
from synthetic_sessions.store import save_session

MINUTE_MS = 60_000
QUARTER_MS = 900_000
DAY_MS = 86_400_000
START = 1_800_000_000_000
"""2027-01-15T08:00:00Z, the begin of a quarter of an hour."""

SETTINGS = {"plugins.jobs.lease_ms_max": str(100 * DAY_MS)}
"""Of a store whose jobs are not lost while a test lets days pass."""

TABLES = ("agent_runs", "agent_groups", "agent_metrics", "agent_windows", "agent_outliers")
APPEND = """
mutation ($id: ID!, $of: ID!, $messages: [NewMessageInput!]!) {
  appendMessages(input: {transcriptId: $id, sessionId: $of, messages: $messages}) { appended }
}"""


class Fleet:
    """What happens, and what is folded of it.

    Attributes:
        store: Where it happens.
        clock: The store's.
    """

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.store = store
        self.clock = clock
        self._through = 0

    @property
    def consumer(self) -> DeclaredConsumer:
        """The fold."""
        return next(each for each in self.store.kernel.consumers if each.name == "projections.agents")

    def session(self, id: str, **content: Any) -> None:
        """Store a session, or change it."""

        def save(tx: Transaction) -> None:
            version = tx.value("SELECT version FROM sessions WHERE id = :id", {"id": id})
            save_session(tx, content, session_id=id, if_version=version)  # pyright: ignore[reportArgumentType]

        self.store.write(save)

    def ended(self, id: str, agent: str, duration_ms: int, status: str = "ENDED", started_at: int = START) -> None:
        """Store a session that is over."""
        self.ended_all([(id, agent, duration_ms, status, started_at)])

    def ended_all(self, sessions: Iterable[tuple[str, str, int, str, int]]) -> None:
        """Store many of them in one transaction."""

        def save(tx: Transaction) -> None:
            for id, agent, duration_ms, status, started_at in sessions:
                content = {"agent": agent, "status": status, "started_at": started_at}
                save_session(tx, {**content, "ended_at": started_at + duration_ms}, session_id=id)  # pyright: ignore[reportArgumentType]

        self.store.write(save)

    def spend(self, session_id: str, *tokens: int, response: str | None = None, at: int = START) -> None:
        """Append a message of a response that cost so many tokens: input, output, cache read, cache write."""
        names = ("inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens")
        number = self.store.read(lambda snapshot: snapshot.position().number)
        message = {
            "sourceId": f"m{number}", "role": "ASSISTANT", "kind": "TEXT", "text": "Done.", "model": "model-1",
            "usage": dict(zip(names, tokens, strict=False)), "usageId": response,
        }  # fmt: skip
        variables = {"id": f"t-{session_id}", "of": session_id, "messages": [message]}
        expect_data(self.store.graphql(APPEND, variables))

    def run(self, id: str, worker: str, kind: str = "build", **content: Any) -> int:
        """Store a job and give it to a worker; its lease token."""
        self.write(jobs.save_job, {"kind": kind, "max_attempts": 100, **content}, job_id=id)
        return self.claim(id, worker)

    def claim(self, id: str, worker: str) -> int:
        """Give a job to a worker for long."""
        return self.write(jobs.claim_job, id, worker, lease_ms=100 * DAY_MS).lease_token

    def write(self, function: Any, *args: Any, **named: Any) -> Any:
        """Call a function of some plugin's store."""
        return self.store.write(lambda tx: function(tx, *args, **named))

    def ask(self, id: str, **about: Any) -> None:
        """Ask for an approval."""
        request = ApprovalRequest(tool="shell", arguments={}, **about)
        self.write(request_approval, request, approval_id=id)

    def decide(self, id: str, decision: str) -> None:
        """Decide one."""

        def work(tx: Transaction) -> None:
            sha256 = tx.value("SELECT arguments_sha256 FROM pending_approvals WHERE id = :id", {"id": id})
            decide_approval(tx, id, Decision(decision), sha256)

        self.store.write(work)

    def events(self, after: int = 0) -> list[Event]:
        """What the fold is given."""
        return self.store.read(read_events, after, 100_000, self.consumer.wanted).events

    def take_in(self, events: Iterable[Event]) -> None:
        """Fold some events, in one batch."""

        def work(tx: Transaction) -> None:
            state = fold_events(tx, self.consumer, Lane.LIVE, list(events))
            assert state is not None
            state.write_back(tx)

        self.store.write(work)

    def fold(self) -> None:
        """Fold all that has happened since the last time."""
        events = self.events(self._through)
        self.take_in(events)
        self._through = events[-1].position if events else self._through

    def rows(self) -> dict[str, list[tuple]]:
        """All that was folded."""
        return {
            table: self.store.read(
                lambda snapshot, table=table: snapshot.rows(f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4")
            )
            for table in TABLES
        }

    def refold(self, random: Random) -> None:
        """Empty the tables and fold all once more, in batches of other sizes, as a rebuild may."""
        self.store.write(lambda tx: [tx.execute(f"DELETE FROM {table}") for table in TABLES])
        events = self.events()
        while events:
            size = random.randrange(1, 40)
            self.take_in(events[:size])
            events = events[size:]

    def query(self, document: str, **variables: Any) -> dict[str, Any]:
        """Fold, and ask."""
        self.fold()
        return expect_data(self.store.graphql(document, variables))
