"""Answers that are shared: made once, kept for a moment, and no failure of one is another's."""

from __future__ import annotations

import asyncio

import pytest

from synthetic.errors import OverloadedError
from synthetic.graphql import shared_answers as shared_answers_module
from synthetic.graphql.answers import Answer
from synthetic.graphql.shared_answers import SharedAnswers

KEY = ("document", 1)


def answer_of(number: int) -> Answer:
    return Answer(body={"data": {"number": number}}, status=200, executed=True)


class Maker:
    """Makes answers, numbered, and fails as often as it is told."""

    def __init__(self, failures: int = 0) -> None:
        self.made = 0
        self.failures = failures

    async def make(self) -> Answer:
        await asyncio.sleep(0)
        self.made += 1
        if self.made <= self.failures:
            raise OverloadedError
        return answer_of(self.made)


def test_all_who_ask_for_the_same_share_one_answer():
    async def scene() -> None:
        shared, maker = SharedAnswers(), Maker()
        answers = await asyncio.gather(*(shared.get(KEY, maker.make) for _ in range(10)))
        assert (maker.made, len({id(answer) for answer in answers})) == (1, 1)

    asyncio.run(scene())


def test_a_failure_is_not_kept_for_who_asks_again():
    async def scene() -> None:
        shared, maker = SharedAnswers(), Maker(failures=1)
        with pytest.raises(OverloadedError):
            await shared.get(KEY, maker.make)
        assert (await shared.get(KEY, maker.make)).body == answer_of(2).body

    asyncio.run(scene())


def test_an_answer_is_kept_for_a_moment_only(monkeypatch: pytest.MonkeyPatch):
    """What it tells beside the event is as of when it was made."""
    monkeypatch.setattr(shared_answers_module, "KEPT_SECONDS", 0.0)

    async def scene() -> None:
        shared, maker = SharedAnswers(), Maker()
        await shared.get(KEY, maker.make)
        await asyncio.sleep(0.01)
        assert (await shared.get(KEY, maker.make)).body == answer_of(2).body

    asyncio.run(scene())


def test_large_answers_are_not_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shared_answers_module, "KEPT_BYTES", 100)

    async def scene() -> None:
        shared, maker = SharedAnswers(), Maker()
        for number in range(10):
            answer = await shared.get(("document", number), maker.make)
            answer.written = answer, b"x" * 60
        assert shared.count_kept() <= 2
        assert (await shared.get(("document", 9), maker.make)).body == answer_of(10).body, "the last one is there"

    asyncio.run(scene())
