"""Made-up schemas, data, failures and documents: this executor answers as graphql-core does."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from .both_executors import Case, check_async, check_sync
from .made_documents import made_document
from .made_schemas import made_recipe
from .resolving import build

LOST = "(Executor|resolver|default_type_resolver)"
LOSSES = pytest.mark.filterwarnings(
    f"ignore:coroutine '{LOST}.*was never awaited:RuntimeWarning",
    f"ignore:Exception ignored in. <coroutine object {LOST}:pytest.PytestUnraisableExceptionWarning",
)
"""graphql-core's: where an item of a list fails, it forgets coroutines of others. Ours are in test_failures_async."""

SHRINKING = pytest.mark.timeout(900)
"""Seconds; passing takes a few, but what fails is made as small as it can be, for minutes."""

CHOICES = st.binary(min_size=300, max_size=300)
HEALTHY = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def cases(is_async: bool) -> st.SearchStrategy[list[Case]]:
    """Some operations on a schema."""

    def made(schema: bytes, data: bytes, documents: list[bytes]) -> list[Case]:
        recipe = made_recipe(schema, data, is_async)
        built = build(recipe)
        return [Case(recipe, built, made_document(recipe, document)) for document in documents]

    return st.builds(made, CHOICES, CHOICES, st.lists(CHOICES, min_size=1, max_size=3))


def run(check: Callable[[Case], None], examples: int, *, is_async: bool = False) -> None:
    """Check so many schemas."""

    @settings(max_examples=examples, deadline=None, suppress_health_check=HEALTHY, report_multiple_bugs=False)
    @given(cases(is_async))
    def agree(made: list[Case]) -> None:
        for case in made:
            try:
                check(case)
            except AssertionError:
                # It takes as long as all the rest, so it is not asked before.
                assume(case.is_mergeable())
                raise

    agree()


def run_async(examples: int) -> None:
    with asyncio.Runner() as runner:
        run(lambda case: runner.run(check_async(case)), examples, is_async=True)
    gc.collect()


@SHRINKING
def test_synchronous_schemas_are_answered_as_graphql_core_answers_them():
    run(check_sync, 150)


@LOSSES
@SHRINKING
def test_schemas_with_asynchronous_resolvers_are_answered_as_graphql_core_answers_them():
    run_async(80)


@pytest.mark.full
@pytest.mark.timeout(3_600)
def test_synchronous_schemas_are_answered_as_graphql_core_answers_them_very_often():
    run(check_sync, 20_000)


@pytest.mark.full
@pytest.mark.timeout(3_600)
@LOSSES
def test_schemas_with_asynchronous_resolvers_are_answered_as_graphql_core_answers_them_very_often():
    run_async(15_000)
