"""Answers that are shared: made once, kept for a moment, and no failure of one is another's; and by whom."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Sequence
from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse

from synthetic.errors import OverloadedError
from synthetic.graphql import shared_answers as shared_answers_module
from synthetic.graphql.answers import Answer, GraphQLRequest
from synthetic.graphql.shared_answers import Happened, SharedAnswers, audience_of, happened_of
from synthetic.log.positions import Position
from synthetic.security.gate import ANONYMOUS, Caller, Scope

AUDIENCE = "document"


def event(number: int) -> Happened:
    return Happened(number, Position("0123456789", number))


class Maker:
    """Makes answers of numbers, and fails as often as it is told."""

    def __init__(self, failures: int = 0) -> None:
        self.calls: list[list[int]] = []
        self.failures = failures

    async def make(self, roots: Sequence[int]) -> list[Answer]:
        self.calls.append(list(roots))
        await asyncio.sleep(0)
        if len(self.calls) <= self.failures:
            raise OverloadedError
        return [Answer(body={"data": root}, status=200, executed=True) for root in roots]


async def get(shared: SharedAnswers, maker: Maker, *numbers: int) -> list[int]:
    answers = await shared.get(AUDIENCE, [event(number) for number in numbers], maker.make)
    return [answer.body["data"] for answer in answers]


def test_all_who_ask_for_the_same_share_one_answer():
    async def scene() -> None:
        shared, maker = SharedAnswers(), Maker()
        answers = await asyncio.gather(*(shared.get(AUDIENCE, [event(1)], maker.make) for _ in range(10)))
        assert (maker.calls, len({id(answer) for (answer,) in answers})) == ([[1]], 1)

    asyncio.run(scene())


def test_only_what_nobody_has_asked_for_is_made_and_that_together():
    async def scene() -> None:
        shared, maker = SharedAnswers(), Maker()
        first = asyncio.create_task(get(shared, maker, 2, 3))
        await asyncio.sleep(0)
        assert await get(shared, maker, 1, 2, 3, 4) == [1, 2, 3, 4]
        assert await first == [2, 3]
        assert maker.calls == [[2, 3], [1, 4]]

    asyncio.run(scene())


def test_who_leaves_while_an_answer_is_made_does_not_keep_it_from_the_others():
    async def scene() -> None:
        shared, maker = SharedAnswers(), Maker()
        leaving, staying = (asyncio.create_task(get(shared, maker, 1)) for _ in range(2))
        await asyncio.sleep(0)
        leaving.cancel()
        assert await staying == [1]
        assert leaving.cancelled()
        assert maker.calls == [[1]]

    asyncio.run(scene())


def test_what_has_no_position_of_its_own_is_made_for_each():
    async def scene() -> None:
        class Root:
            def __init__(self, position: Position | None) -> None:
                self.position = position

        here = Position("0123456789", 7)
        happened = happened_of([Root(here), Root(here), Root(None)])
        assert [each.position for each in happened] == [here, None, None]
        shared, maker = SharedAnswers(), Maker()
        numbered = [each._replace(root=number) for number, each in enumerate(happened)]
        for _ in range(2):
            answers = await shared.get(AUDIENCE, numbered, maker.make)
            assert [answer.body["data"] for answer in answers] == [0, 1, 2]
        assert maker.calls == [[0, 1, 2], [1, 2]]

    asyncio.run(scene())


def test_a_failure_is_not_kept_for_who_asks_again():
    async def scene() -> None:
        shared, maker = SharedAnswers(), Maker(failures=1)
        with pytest.raises(OverloadedError):
            await get(shared, maker, 1, 2)
        assert await get(shared, maker, 1, 2) == [1, 2]

    asyncio.run(scene())


def test_an_answer_is_kept_for_a_moment_only(monkeypatch: pytest.MonkeyPatch):
    """What it tells beside the event is as of when it was made."""
    monkeypatch.setattr(shared_answers_module, "KEPT_SECONDS", 0.0)

    async def scene() -> None:
        shared, maker = SharedAnswers(), Maker()
        while len(maker.calls) < 2:
            # Asked for again in each turn of the loop, and made again once it is forgotten.
            await get(shared, maker, 1)
            await asyncio.sleep(0)
        assert maker.calls == [[1], [1]]

    asyncio.run(asyncio.wait_for(scene(), 30))


def test_nothing_is_left_of_answers_when_their_moment_is_over(monkeypatch: pytest.MonkeyPatch):
    class Body(dict[str, Any]):
        """One that can be seen to go."""

        __hash__ = object.__hash__

    async def scene() -> None:
        shared, bodies = SharedAnswers(), weakref.WeakSet[Body]()

        async def make(roots: Sequence[int]) -> list[Answer]:
            made = [Body(data=root) for root in roots]
            bodies.update(made)
            answers = [Answer(body=body, status=200, executed=True) for body in made]
            for answer in answers:
                answer.written = None, b"x" * 60
            return answers

        with monkeypatch.context() as patched:
            patched.setattr(shared_answers_module, "KEPT_SECONDS", 0.0)
            await shared.get(AUDIENCE, [event(number) for number in range(10)], make)
            while bodies:
                gc.collect()
                await asyncio.sleep(0)
        # Nor do they count any more.
        monkeypatch.setattr(shared_answers_module, "KEPT_BYTES", 1_000)
        maker = Maker()
        for number in range(10, 20):
            (answer,) = await shared.get(AUDIENCE, [event(number)], maker.make)
            answer.written = None, b"x" * 60
        for number in range(10, 20):
            await get(shared, maker, number)
        assert len(maker.calls) == 10

    asyncio.run(asyncio.wait_for(scene(), 30))


def test_large_answers_are_not_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shared_answers_module, "KEPT_BYTES", 100)

    async def scene() -> None:
        shared, maker = SharedAnswers(), Maker()
        for number in range(10):
            (answer,) = await shared.get(AUDIENCE, [event(number)], maker.make)
            answer.written = None, b"x" * 60
        await get(shared, maker, 9)
        assert len(maker.calls) == 10, "the last one is there"
        for number in range(8):
            await get(shared, maker, number)
        assert len(maker.calls) == 18, "no more than two were kept"
        for number in range(20, 40):
            (answer,) = await shared.get(AUDIENCE, [event(number)], maker.make)
            answer.written = None, b"x" * 4
        for number in range(20, 40):
            await get(shared, maker, number)
        assert len(maker.calls) == 18 + 20, "what was forgotten does not count any more"

    asyncio.run(scene())


def audience(text: str, caller: Caller = ANONYMOUS, **variables: object) -> object:
    document = parse(text)
    operation = next(node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    return audience_of(document, operation, GraphQLRequest(text, variables), caller)


FOLLOW = "subscription ($from: Position, $id: ID) { events(after: $from, id: $id) { ...Event } }"


@pytest.mark.parametrize(
    ("text", "is_same"),
    [
        (FOLLOW, True),
        (FOLLOW.replace("Position,", "Position!,"), True),
        (
            "subscription ($from: Position) { ...All } fragment All on Subscription { events(after: $from) { id } }",
            True,
        ),
        ("subscription ($from: Position) { events(until: $from) { id } }", False),
        ("subscription ($from: Position) { events(after: $from) { isAt(place: $from) } }", False),
        ("subscription ($from: Position) { events(after: $from, until: $from) { id } }", False),
        ("subscription ($from: String) { events(after: $from) { id } }", False),
    ],
)
def test_where_a_client_begins_and_nothing_else_is_no_matter_of_what_it_gets(text: str, is_same: bool):
    assert (audience(text, **{"from": "0123456789:1"}) == audience(text, **{"from": "0123456789:2"})) is is_same


def test_other_variables_and_scopes_make_another_audience():
    reader = Caller("reader", "id", frozenset({Scope.READ}))
    assert audience(FOLLOW, id="a") == audience(FOLLOW, id="a")
    assert audience(FOLLOW, id="a") != audience(FOLLOW, id="b")
    assert audience(FOLLOW, id="a") != audience(FOLLOW, reader, id="a")
    assert audience(FOLLOW, reader, id="a") == audience(FOLLOW, Caller("other", "2", reader.scopes), id="a")
