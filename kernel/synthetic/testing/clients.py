"""GraphQL clients for tests: the same calls for a store in this process and for a server, subscriptions too."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any

import httpx

from synthetic.clock import new_id
from synthetic.graphql.answers import Answer, GraphQLRequest
from synthetic.json_text import from_json, to_json
from synthetic.log.positions import Position, read_position
from synthetic.security.gate import ANONYMOUS
from synthetic.store import Store
from synthetic.testing.answers import expect_data, expect_error
from synthetic.testing.clocks import WAIT_SECONDS
from synthetic.testing.servers import RunningServer

EVENT_STREAM = "text/event-stream"

Variables = Mapping[str, Any] | None


class Heard:
    """What a subscription yields, as it comes."""

    def __init__(self) -> None:
        self._answers: queue.SimpleQueue[Mapping[str, Any] | BaseException | None] = queue.SimpleQueue()

    def put(self, answer: Mapping[str, Any] | BaseException | None) -> None:
        """For the client: one more answer; what broke the subscription off; None: it has ended."""
        self._answers.put(answer)

    def answer(self, seconds: float = WAIT_SECONDS) -> Mapping[str, Any]:
        """The next answer, as a client gets it.

        Args:
            seconds: How long to wait for it at most.

        Raises:
            AssertionError: None came in that time, or the subscription has ended.
        """
        try:
            heard = self._answers.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError(f"nothing was heard within {seconds:g} s") from None
        if heard is None:
            raise AssertionError("the subscription has ended")
        if isinstance(heard, BaseException):
            raise AssertionError(f"the subscription was broken off: {heard!r}") from heard  # noqa: TRY004 - of a test
        return heard

    def data(self, seconds: float = WAIT_SECONDS) -> dict[str, Any]:
        """The `data` of the next answer, which must have no errors."""
        return expect_data(self.answer(seconds))

    def error(self, code: str, seconds: float = WAIT_SECONDS) -> dict[str, Any]:
        """The first error of the next answer, which must have this code."""
        return expect_error(self.answer(seconds), code)


class Client(ABC):
    """Runs operations; what differs between a store and a server is below."""

    @abstractmethod
    def run(self, document: str, variables: Variables = None) -> dict[str, Any]:
        """The answer of a query or mutation: `data`, `errors`, `extensions`."""

    def data(self, document: str, variables: Variables = None) -> dict[str, Any]:
        """The `data` of a query or mutation that must have no errors."""
        return expect_data(self.run(document, variables))

    def error(self, code: str, document: str, variables: Variables = None) -> dict[str, Any]:
        """The first error of a query or mutation that must fail with a code."""
        return expect_error(self.run(document, variables), code)

    @contextlib.contextmanager
    def subscribe(
        self, document: str, variables: Variables = None, *, sees_beginning: bool = False
    ) -> Generator[Heard]:
        """Subscribe for the length of a `with`.

        It hears all that happens from the call on: the client says that it has
        seen the log up to here, so nothing falls between the call and the
        moment at which the subscription stands.

        Args:
            document: A subscription.
            variables: Its variables.
            sees_beginning: Begin like a client that has seen nothing, to whom
                some subscriptions tell first how things stand.
        """
        heard = Heard()
        position = None if sees_beginning else self.position()
        end = self._begin(document, dict(variables or {}), position, heard)
        try:
            yield heard
        finally:
            end()

    @abstractmethod
    def position(self) -> Position:
        """How far the log goes."""

    @abstractmethod
    def _begin(
        self, document: str, variables: dict[str, Any], after: Position | None, heard: Heard
    ) -> Callable[[], None]:
        """Begin a subscription in a thread; what ends it, and waits until it has ended."""


class StoreClient(Client):
    """A client of a store that this process has opened, with every scope."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def run(self, document: str, variables: Variables = None) -> dict[str, Any]:
        """The answer, as a client gets it."""
        return self._store.graphql(document, variables)

    def position(self) -> Position:
        """How far the log goes."""
        return self._store.read(read_position)

    def _begin(
        self, document: str, variables: dict[str, Any], after: Position | None, heard: Heard
    ) -> Callable[[], None]:
        request = GraphQLRequest(document, variables)
        engine = self._store.kernel.engine

        async def follow() -> None:
            subscription = await engine.subscribe(request, ANONYMOUS, new_id(), resume=after)
            if isinstance(subscription, Answer):
                heard.put(_as_sent(subscription))
                return
            async with contextlib.aclosing(subscription.answers) as answers:
                async for answer in answers:
                    heard.put(_as_sent(answer))

        return _run_in_thread(follow, heard)


def _as_sent(answer: Answer) -> dict[str, Any]:
    return from_json(to_json(answer.body))


def _run_in_thread(follow: Callable[[], Any], heard: Heard) -> Callable[[], None]:
    """Run a coroutine function on a loop of its own; what ends it."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(follow())

    def run() -> None:
        try:
            loop.run_until_complete(task)
        except asyncio.CancelledError:
            pass
        except Exception as error:  # noqa: BLE001 - told to whoever waits for the next answer
            heard.put(error)
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()
            heard.put(None)

    thread = threading.Thread(target=run, name="subscription", daemon=True)
    thread.start()

    def end() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: it has ended by itself
            loop.call_soon_threadsafe(task.cancel)
        thread.join(WAIT_SECONDS)

    return end


class ServerClient(Client):
    """A client of a server, over HTTP; subscriptions come as server-sent events."""

    def __init__(self, server: RunningServer, *, headers: Mapping[str, str] | None = None) -> None:
        """Make it.

        Args:
            server: That runs.
            headers: In place of those that let it in with every scope.
        """
        self._url = server.url
        self._headers = dict(server.headers if headers is None else headers)

    def run(self, document: str, variables: Variables = None) -> dict[str, Any]:
        """The answer, as a client gets it."""
        # Without TLS nothing is verified, and to load the authorities would take longer than the operation.
        answer = httpx.post(
            self._url, json={"query": document, "variables": dict(variables or {})}, headers=self._headers,
            timeout=WAIT_SECONDS, trust_env=False, verify=False,  # noqa: S501
        )  # fmt: skip
        return answer.json()

    def position(self) -> Position:
        """How far the log goes."""
        return Position.parse(self.run("{ __typename }")["extensions"]["position"])

    def _begin(
        self, document: str, variables: dict[str, Any], after: Position | None, heard: Heard
    ) -> Callable[[], None]:
        headers = {**self._headers, "accept": EVENT_STREAM}
        if after is not None:
            headers["last-event-id"] = str(after)
        body = {"query": document, "variables": variables}

        async def follow() -> None:
            async with (
                httpx.AsyncClient(timeout=WAIT_SECONDS, trust_env=False, verify=False) as client,  # noqa: S501
                client.stream("POST", self._url, json=body, headers=headers) as response,
            ):
                if not response.headers.get("content-type", "").startswith(EVENT_STREAM):
                    heard.put(from_json((await response.aread()).decode()))
                    return
                lines: list[str] = []
                async for line in response.aiter_lines():
                    lines.append(line)
                    if not line:
                        for answer in _answers_in(lines):
                            heard.put(answer)
                        lines.clear()

        return _run_in_thread(follow, heard)


def _answers_in(lines: list[str]) -> Iterator[dict[str, Any]]:
    """The answer that an event of the stream brings, if it brings one (GraphQL over SSE: `next`)."""
    if "event: next" in lines:
        yield from_json("\n".join(line.removeprefix("data: ") for line in lines if line.startswith("data: ")))
