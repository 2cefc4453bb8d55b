"""A fleet that spends, beside a list of what it spent: whoever it belongs to now, as plain Python would keep it."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

from synthetic.log.consumers.declared import DeclaredConsumer
from synthetic.log.consumers.loaded import fold_in
from synthetic.log.events import read_events
from synthetic.store import Store
from synthetic.testing import expect_data
from synthetic_projections.costs.store.recording import record_cost
from synthetic_sessions.store import save_session
from synthetic_transcripts.store import (
    MessageKind,
    MessageRole,
    NewMessage,
    NewTranscript,
    Usage,
    append_messages,
    ensure_transcript,
)

TABLES = ("cost_rollups", "cost_settled", "cost_sessions", "cost_constructs", "cost_progress")

SAVE_CONSTRUCT = """
mutation ($id: ID!, $project: ID, $version: Int) {
  saveConstruct(input: {id: $id, type: "task", title: "T", projectId: $project, ifVersion: $version}) {
    construct { version }
  }
}
"""

PRICES = """
currency = "EUR"

[[prices]]
models = ["large"]
input = 3_000_000
output = 15_000_001
cache_read = 300_003
cache_write = 3_750_000

[[prices]]
models = ["small*"]
until = 2026-01-15
input = 7
output = 11

[[prices]]
models = ["small*"]
from = 2026-01-15
currency = "USD"
input = 13
output = 17
"""


class Spent(NamedTuple):
    """One thing that was spent, as the test knows it; `session` and `construct` are those that had it and are gone."""

    at: int
    model: str
    source: str
    tokens: tuple[int, int, int, int]
    micros: int | None
    currency: str
    owner: tuple[str, str]
    agent: str
    session: str = ""
    construct: str = ""


@dataclass
class Fleet:
    """What does things to a store, and remembers them."""

    store: Store
    spent: list[Spent] = field(default_factory=list)
    projects: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, tuple[str, str]] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    numbers: int = 0

    def construct(self, id: str, project: str | None = None) -> None:
        variables = {"id": id, "project": project, "version": self.versions.get(id)}
        saved = expect_data(self.store.graphql(SAVE_CONSTRUCT, variables))["saveConstruct"]["construct"]
        self.versions[id] = saved["version"]
        self.projects[id] = project or ""

    def session(self, id: str, construct: str | None = None, agent: str | None = None) -> None:
        content: Any = {"construct_id": construct, "agent": agent}
        key = f"session {id}"
        saved = self.store.write(lambda tx: save_session(tx, content, session_id=id, if_version=self.versions.get(key)))
        self.versions[key] = saved.session.version
        self.sessions[id] = (construct or "", agent or "")

    def say(self, session: str, *said: tuple[int | None, str | None, tuple[int, ...]], transcript: str = "") -> None:
        """Append messages: for each when, which model, and what it cost."""
        id = transcript or f"t {session}"

        def append(tx: Any) -> int:
            ensure_transcript(tx, NewTranscript(id=id, session_id=session))
            messages = []
            for at, model, tokens in said:
                self.numbers += 1
                messages.append(
                    NewMessage(
                        source_id=str(self.numbers),
                        role=MessageRole.ASSISTANT,
                        kind=MessageKind.TEXT,
                        text="x",
                        model=model,
                        usage=Usage(*tokens),
                        occurred_at=at,
                    )
                )
            append_messages(tx, id, messages)
            return tx.now

        now = self.store.write(append)
        for at, model, tokens in said:
            whole = (*tokens, 0, 0, 0, 0)[:4]
            when = now if at is None else at
            self.spent.append(Spent(when, model or "", "USAGE", whole, None, "", ("session", session), ""))

    def record(self, **content: Any) -> str:
        """Record a cost; its id."""
        content = {"kind": "tool", **content}
        cost = self.store.write(lambda tx: record_cost(tx, content)).cost  # type: ignore[arg-type]
        owners = (("session", cost.session_id), ("construct", cost.construct_id), ("project", cost.project_id))
        owner = next(((kind, id) for kind, id in owners if id), ("", ""))
        tokens = (cost.input_tokens, cost.output_tokens, cost.cache_read_tokens, cost.cache_write_tokens)
        self.spent.append(
            Spent(
                cost.occurred_at,
                cost.model or "",
                "RECORDED",
                tokens,
                cost.cost_micros,
                cost.currency or "",
                owner,
                cost.agent or "",
            )
        )
        return cost.id

    def whose(self, spent: Spent) -> dict[str, str]:
        """Whom something belongs to now."""
        kind, id = spent.owner
        session = id if kind == "session" else ""
        construct, agent = self.sessions[id] if session else (id if kind == "construct" else "", spent.agent)
        project = self.projects.get(construct, "") if construct else (id if kind == "project" else "")
        return {
            "PROJECT": project,
            "CONSTRUCT": construct or spent.construct,
            "SESSION": session or spent.session,
            "AGENT": agent,
            "MODEL": spent.model,
            "SOURCE": spent.source,
        }

    def expected(self, groups: list[str], spans: list[tuple[int, int]] | None = None, **only: Any) -> dict[Any, Any]:
        """For each (keys, currency): tokens, number and exact cost of each span; a brute-force count."""
        size = 1 if spans is None else len(spans)
        sums: defaultdict[Any, list[list[Any]]] = defaultdict(
            lambda: [[0, 0, 0, 0, 0, Fraction(0)] for _ in range(size)]
        )
        for spent in self.spent:
            whose = self.whose(spent)
            if any(whose[name] not in values for name, values in only.items()):
                continue
            currency, cost = price_of(spent)
            for number, (begin, end) in enumerate(spans or [(-(2**62), 2**62)]):
                if begin <= spent.at < end:
                    row = sums[tuple(whose[group] for group in groups), currency][number]
                    for index, value in enumerate((*spent.tokens, 1, cost)):
                        row[index] += value
        return dict(sums)


def price_of(spent: Spent) -> tuple[str, Fraction]:
    """Currency and exact cost of something, by `PRICES` and by hand: in micro-units."""
    if spent.micros is not None:
        return spent.currency, Fraction(spent.micros)
    if spent.model == "large":
        return "EUR", _dot(spent.tokens, (3_000_000, 15_000_001, 300_003, 3_750_000))
    if spent.model.startswith("small"):
        is_early = spent.at < 1_768_435_200_000
        # What has no price of its own costs what input does.
        prices = (7, 11, 7, 7) if is_early else (13, 17, 13, 13)
        return "EUR" if is_early else "USD", _dot(spent.tokens, prices)
    return "", Fraction(0)


def _dot(tokens: tuple[int, ...], prices: tuple[int, ...]) -> Fraction:
    return Fraction(sum(count * price for count, price in zip(tokens, prices, strict=True)), 1_000_000)


def consumer_of(store: Store, name: str = "projections.costs") -> DeclaredConsumer:
    return next(each for each in store.kernel.consumers if each.name == name)


def fold(store: Store, after: int = 0, *, batch: int = 500, name: str = "projections.costs") -> int:
    """Take in the events behind a position, some at a time; how far that comes."""
    consumer = consumer_of(store, name)

    def work(tx: Any) -> tuple[int, int]:
        page = read_events(tx, after, batch, consumer.wanted)
        state = consumer.state(tx)
        fold_in(consumer, state, page.events)
        state.write_back(tx)
        return page.through, page.ends.head

    while True:
        after, head = store.write(work)
        if after >= head:
            return after


def rows_of(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """All that the fold has computed."""
    return {name: store.read(lambda tx, name=name: sorted(tx.rows(f"SELECT * FROM {name}"))) for name in TABLES}


def empty(store: Store) -> None:
    store.write(lambda tx: [tx.execute(f"DELETE FROM {name}") for name in TABLES])


def busy(fleet: Fleet, seed: int, steps: int, begin: int, end: int) -> None:
    """Let a fleet do all sorts of things between two instants, in no order of time."""
    chance = random.Random(seed)
    constructs, sessions = ["c1", "c2", "c3"], ["s1", "s2", "s3", "s4"]
    for id in constructs:
        fleet.construct(id, chance.choice([None, "p1", "p2"]))
    for id in sessions:
        fleet.session(id, chance.choice([None, *constructs]), chance.choice([None, "planner", "builder"]))
    for _ in range(steps):
        at = chance.randrange(begin, end)
        match chance.randrange(10):
            case 0:
                fleet.construct(chance.choice(constructs), chance.choice([None, "p1", "p2"]))
            case 1:
                fleet.session(
                    chance.choice(sessions),
                    chance.choice([None, *constructs]),
                    chance.choice([None, "planner", "builder"]),
                )
            case 2 | 3:
                owner = chance.choice(
                    [
                        {"session_id": chance.choice(sessions)},
                        {"construct_id": chance.choice(constructs), "agent": chance.choice([None, "planner"])},
                        {"project_id": "p1"},
                        {"agent": "builder"},
                    ]
                )
                amount = chance.choice(
                    [
                        {"cost_micros": chance.randrange(-(10**6), 10**9), "currency": chance.choice(["EUR", "JPY"])},
                        {"model": "small-2", "input_tokens": chance.randrange(1, 10**6)},
                    ]
                )
                fleet.record(occurred_at=at, **owner, **amount)
            case _:
                said = [
                    (
                        at + chance.randrange(3_600_000),
                        chance.choice(["large", "small-1", "other", None]),
                        tuple(chance.randrange(10**7) for _ in range(4)),
                    )
                    for _ in range(chance.randrange(1, 4))
                ]
                fleet.say(chance.choice(sessions), *said)
    for id, project in zip(constructs, ("p1", "p2", None), strict=True):
        fleet.construct(id, project)
    for id, construct, agent in zip(
        sessions, (*constructs, None), ("planner", "builder", None, "builder"), strict=True
    ):
        fleet.session(id, construct, agent)
