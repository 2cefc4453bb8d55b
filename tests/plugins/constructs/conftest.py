from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugins.constructs.documents import LIST, RELATE, SAVE
from synthetic import Store, SystemClock
from synthetic.testing import ManualClock, expect_data, expect_error, open_test_store
from synthetic_constructs.services import index_metadata

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def clock() -> ManualClock:
    """Stands still until a test moves it."""
    return ManualClock(monotonic=SystemClock())


@pytest.fixture
def settings() -> dict[str, str]:
    """Settings of the store; a test parametrizes it with its own."""
    return {}


@pytest.fixture
def store(data_dir: Path, clock: ManualClock, settings: dict[str, str]):
    """An empty store whose time the test moves."""
    with open_test_store(data_dir, clock=clock, settings=settings) as opened:
        yield opened


@pytest.fixture
def ask(store: Store) -> Ask:
    """Run an operation that must succeed; its data."""
    return lambda document, **variables: expect_data(store.graphql(document, variables))


@pytest.fixture
def refused(store: Store) -> Ask:
    """Run an operation that must fail with a code; the error as the contract shows it."""
    return lambda code, document, **variables: expect_error(store.graphql(document, variables), code)["extensions"]


@pytest.fixture
def save(ask: Ask, clock: ManualClock) -> Ask:
    """Save a construct a second after the last; the payload."""

    def save(**fields: Any) -> dict[str, Any]:
        clock.advance(1_000)
        return ask(SAVE, input=fields)["saveConstruct"]

    return save


@pytest.fixture
def relate(ask: Ask, clock: ManualClock) -> Ask:
    """Relate two constructs a second after the last change; the payload."""

    def relate(from_id: str, kind: str, to_id: str, **more: Any) -> dict[str, Any]:
        clock.advance(1_000)
        return ask(RELATE, input={"fromId": from_id, "kind": kind, "toId": to_id, **more})["relateConstructs"]

    return relate


@pytest.fixture
def listed(ask: Ask) -> Callable[..., list[str]]:
    """The ids that a filter finds, in the default order."""

    def listed(**filter: Any) -> list[str]:
        found = ask(LIST, filter=filter)["constructs"]
        assert found["totalCount"] == len(found["nodes"])
        return [node["id"] for node in found["nodes"]]

    return listed


@pytest.fixture
def index(store: Store) -> Callable[[], list[int]]:
    """Run the service that keeps the metadata index until it finds nothing to do; what each step did."""

    def index() -> list[int]:
        done: list[int] = []
        while step := store.write(index_metadata):
            done.append(step)
        return done

    return index
