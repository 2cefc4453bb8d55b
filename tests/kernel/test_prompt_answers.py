"""Which requests are answered at once, and that those which are not leave no trace: the ordinary way sees them next."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from synthetic.answer_headers import EveryAnswer
from synthetic.errors import RateLimitedError
from synthetic.graphql import placement, placer
from synthetic.graphql.answers import GraphQLRequest
from synthetic.kernel_settings import KernelSettings
from synthetic.prompt_answers import PromptAnswers
from synthetic.security.gate import ANONYMOUS, Caller, Gate
from synthetic.security.tokens import create_token
from synthetic.store import Store
from synthetic.testing import ManualClock, expect_data

pytestmark = pytest.mark.anyio

CLIENT = "192.0.2.7"
SERVER = "127.0.0.1"
NAMED = "query Q($id: ID!) { job(id: $id) { id kind } }"
PLAIN: Mapping[str, Any] = {"query": NAMED, "variables": {"id": "j1"}}


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy cuts nothing short here."""
    monkeypatch.setattr(placer, "CUT_SECONDS", 60.0)
    monkeypatch.setattr(placer, "HELD_SECONDS_MAX", 60.0)


class Desk:
    """Prompt answers of a store, asked as a server would ask, by somebody whose token was looked up before.

    Attributes:
        gate: Whose clock is moved by hand.
        clock: That clock.
    """

    def __init__(self, store: Store, *, per_second: int = 1_000) -> None:
        settings: KernelSettings = store.kernel.settings
        self.clock = ManualClock(store.read(lambda snapshot: snapshot.now))
        limits = dataclasses.replace(settings.limits, requests_per_second=per_second)
        self.gate = Gate(store.kernel.database, dataclasses.replace(settings, limits=limits), clock=self.clock)
        self._metrics = store.kernel.metrics
        self._engine = store.kernel.engine
        self._prompt = PromptAnswers(
            self._engine, self.gate, limits, metrics=self._metrics, every=EveryAnswer(varies_by_origin=False)
        )
        self._authorization = f"Bearer {store.write(create_token, 'ci', ['write'], self.clock.now_ms() + 900).secret}"

    @classmethod
    async def opened(cls, store: Store, **given: int) -> Desk:
        """One that knows its caller and its host, and a store that has a job and a plan that runs in place."""
        desk = cls(store, **given)
        store.graphql('mutation { saveJob(input: { id: "j1", kind: "build" }) { job { id } } }')
        await desk.admit()
        desk.gate.check_headers({"headers": [(b"host", b"localhost")], "server": (SERVER, 8787)})  # type: ignore[arg-type]
        ask = GraphQLRequest(NAMED, PLAIN["variables"])
        engine = store.kernel.engine
        while (known := engine.find_known(ask)) is None or engine.run_now(known, ANONYMOUS, "c") is None:
            await engine.run(ask, ANONYMOUS, "c")
        return desk

    async def admit(self) -> Caller:
        """Let the caller in on the ordinary way."""
        return await self.gate.admit(self._authorization, CLIENT)

    def ask(self, asked: object = PLAIN, **headers: str | None) -> tuple[bytes, bytes] | None:
        """What is answered at once; None takes a header away."""
        usual = {"host": "localhost", "content-type": "application/json", "authorization": self._authorization}
        sent = {name.replace("_", "-"): value for name, value in {**usual, **headers}.items()}
        pairs = [(name.encode(), value.encode()) for name, value in sent.items() if value is not None]
        body = asked if isinstance(asked, bytes) else json.dumps(asked).encode()
        head = self._prompt.look_at(pairs, SERVER)
        return None if head is None else self._prompt.answer(head, body, CLIENT)

    def counted(self) -> list[str]:
        """What the metrics say of requests, answers and documents so far."""
        names = ("synthetic_requests_total{", "synthetic_http_responses_total{", "synthetic_document")
        return [line for line in self._metrics.text().decode().splitlines() if line.startswith(names)]


async def test_a_query_of_a_known_caller_is_answered_and_counted(store: Store):
    desk = await Desk.opened(store)
    before = desk.counted()
    answer = desk.ask(x_correlation_id="mine")
    assert answer is not None
    headers, body = answer
    assert json.loads(body)["data"] == {"job": {"id": "j1", "kind": "build"}}
    assert b"content-type: application/json; charset=utf-8\r\n" in headers
    assert b"x-correlation-id: mine\r\n" in headers
    assert b"x-content-type-options: nosniff\r\n" in headers
    [operations] = [line for line in desk.counted() if line not in before and "synthetic_requests_total" in line]
    assert operations == 'synthetic_requests_total{code="OK",operation="query",transport="http"} 1.0'
    assert 'synthetic_http_responses_total{status="200"} 1.0' in desk.counted()


async def test_the_answer_is_the_one_of_the_ordinary_way(store: Store):
    desk = await Desk.opened(store)
    answer = desk.ask(accept="application/graphql-response+json")
    assert answer is not None
    ordinary = await store.kernel.engine.run(GraphQLRequest(NAMED, PLAIN["variables"]), ANONYMOUS, "c")
    assert json.loads(answer[1]) == ordinary.body
    assert answer[0].startswith(b"content-type: application/graphql-response+json; charset=utf-8\r\n")


SAVE = "mutation ($job: SaveJobInput!) { saveJob(input: $job) { job { id } } }"
LISTED = """
query ($first: Int!) {
  jobs(first: $first) {
    totalCount
    nodes { id class: kind command priority progress status }
    edges { cursor node { id createdAt metadata checkpoints { phase } } }
  }
}
"""
"""A list of plain values, and one that has others."""


async def test_a_long_list_is_written_as_on_the_ordinary_way(store: Store):
    desk = await Desk.opened(store)
    for number in range(40):
        job = {"id": f"b{number}", "kind": "of many", "command": 'make "it"\n\u2028\\' if number % 2 else None}
        expect_data(store.graphql(SAVE, {"job": job}))
    ask = GraphQLRequest(LISTED, {"first": 100})
    engine = store.kernel.engine
    ordinary = await engine.run(ask, ANONYMOUS, "c")
    while (answer := desk.ask({"query": LISTED, "variables": ask.variables})) is None:
        await engine.run(ask, ANONYMOUS, "c")
        await desk.admit()
    assert len(ordinary.body["data"]["jobs"]["nodes"]) == 41
    assert json.loads(answer[1]) == json.loads(orjson.dumps(ordinary.body))


async def test_a_request_that_came_before_is_answered_with_what_is_stored_now(store: Store):
    desk = await Desk.opened(store)
    found: list[Any] = []
    for _ in range(2):
        answer = desk.ask({"query": NAMED, "variables": {"id": "j2"}})
        assert answer is not None
        found.append(json.loads(answer[1])["data"])
        expect_data(store.graphql(SAVE, {"job": {"id": "j2", "kind": "build"}}))
    assert found == [{"job": None}, {"job": {"id": "j2", "kind": "build"}}]


async def test_a_request_that_came_before_is_looked_at_again_when_its_document_was_forgotten(store: Store):
    desk = await Desk.opened(store)
    assert desk.ask() is not None
    for number in range(store.kernel.settings.limits.documents):
        store.graphql(f"query Q{number} {{ __typename }}")
    assert NAMED not in store.kernel.engine.documents
    assert desk.ask() is None


@pytest.mark.parametrize(
    "asked",
    [
        b"{",
        b"",
        [PLAIN],
        {"variables": {}},
        {"query": "{ nothing }"},
        {"query": "query New { __typename }"},
        {"query": NAMED, "variables": {}},
        {"query": NAMED, "variables": {"id": None}},
        {"query": NAMED, "variables": {"id": {}}},
        {**PLAIN, "operationName": "Other"},
        {**PLAIN, "extensions": {"atLeast": "0000000000:1"}},
        {**PLAIN, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}},
        {"query": 'mutation { saveJob(input: { id: "j2", kind: "k" }) { job { id } } }'},
    ],
    ids=repr,
)
async def test_what_is_no_known_query_is_left_to_the_ordinary_way(store: Store, asked: object):
    desk = await Desk.opened(store)
    before = desk.counted()
    assert desk.ask(asked) is None
    assert desk.counted() == before


@pytest.mark.parametrize(
    "headers",
    [
        {"host": None},
        {"host": "elsewhere.example"},
        {"origin": "http://localhost"},
        {"sec_fetch_site": "same-origin"},
        {"content_type": None},
        {"content_type": "text/plain"},
        {"content_encoding": "gzip"},
        {"accept": "text/event-stream"},
        {"accept": "image/png"},
        {"authorization": None},
        {"authorization": "Bearer of a stranger"},
        {"x_graphql_event_stream_token": "token"},
    ],
    ids=repr,
)
async def test_what_has_to_be_looked_at_more_closely_is_left_to_the_ordinary_way(
    store: Store, headers: dict[str, str | None]
):
    desk = await Desk.opened(store)
    before = desk.counted()
    assert desk.ask(**headers) is None
    assert desk.counted() == before


async def test_a_token_is_looked_up_again_after_a_second(store: Store):
    desk = await Desk.opened(store)
    assert desk.ask() is not None
    desk.clock.advance(1_000)
    assert desk.ask() is None


async def test_a_token_expires_between_two_looks(store: Store):
    desk = await Desk.opened(store)
    desk.clock.advance(900)
    assert desk.ask() is None


async def test_only_what_is_answered_counts_against_the_rate(store: Store):
    desk = await Desk.opened(store, per_second=4)
    for _ in range(10):
        assert desk.ask({"query": "query New { __typename }"}) is None
    for _ in range(3):
        assert desk.ask() is not None
    assert desk.ask() is None
    with pytest.raises(RateLimitedError):
        await desk.admit()


async def test_a_plan_that_does_not_run_in_place_is_not_executed(store: Store, monkeypatch: pytest.MonkeyPatch):
    desk = await Desk.opened(store)
    places = store.kernel.metrics.places
    before = places.in_place, places.pool
    monkeypatch.setattr(placement.Placement, "is_in_place", lambda *_: False)
    assert desk.ask() is None
    assert (places.in_place, places.pool) == before
