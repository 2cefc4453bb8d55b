"""What can be selected of a connection can be selected alone, and its cursors are held to their types: of every one."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from example_counts import some_of
from synthetic import Store, from_json, to_json
from synthetic.testing import copy_template, expect_data, expect_error, open_test_store
from tests.plugins.connections_of_schema import Connected, connections_of, fill, part_of, schema_of, written

AT_ONCE = 40
"""Selections of one operation: not far below the limit of aliases."""

OTHER: dict[type, list[Any]] = {int: ["5", 1.5, 2**63, -(2**63) - 1, True], str: [5, None]}
"""For values of a type, some that are not of it."""


@pytest.fixture(scope="module")
def filled(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("connections")
    with open_test_store(copy_template(template, folder / "store")) as store:
        fill(store, folder / "chats")
        yield store


@pytest.fixture(scope="module")
def connections(filled: Store) -> list[Connected]:
    found = connections_of(schema_of(filled))
    assert len(found) > 15
    return found


def ask(store: Store, connected: Connected, selections: list[str]) -> list[list[Any]]:
    data = expect_data(store.graphql(connected.document(selections), {}))
    return connected.answers(data, len(selections))


def cursor_of(values: list[Any]) -> str:
    # Not by the store's own writer of JSON, which has no integers beyond 64 bits.
    text = "[" + ", ".join(str(each) if type(each) is int else to_json(each) for each in values) + "]"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def test_each_selection_alone_answers_what_it_does_among_all_others(filled, connections) -> None:
    for number, connected in enumerate(connections):
        ((*whole,),) = ask(filled, connected, [written(connected.everything())])
        assert any(each["nodes"] for each in whole), f"the store has nothing at {connected.path}"
        alone = some_of(list(connected.alone()), number)
        for start in range(0, len(alone), AT_ONCE):
            chunk = alone[start : start + AT_ONCE]
            found = ask(filled, connected, [written(each) for each in chunk])
            for selected, answers in zip(chunk, found, strict=True):
                expected = [part_of(each, selected) for each in whole]
                if "__typename" in selected.get("edges", {}):
                    name = f"{connected.node.name}Edge"
                    expected = [{"edges": [{"__typename": name} for _edge in each["edges"]]} for each in whole]
                assert answers == expected, (connected.path, written(selected))


def test_a_cursor_with_a_value_of_another_type_is_refused_and_the_argument_is_named(filled, connections) -> None:
    for connected in connections:
        (answers,) = ask(filled, connected, ["{ edges { cursor } }"])
        cursor: str = next(each["edges"][0]["cursor"] for each in answers if each["edges"])
        mark, *values = from_json(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        expect_data(filled.graphql(connected.document(["{ totalCount }"], f'first: 1, after: "{cursor}"'), {}))
        forged = [
            [mark, *values[:place], other, *values[place + 1 :]]
            for place, value in enumerate(values)
            for other in OTHER[type(value)]
        ]
        for each in [*some_of(forged, len(values)), [mark, *values[:-1]], [mark, *values, "x"]]:
            for size, argument in (("first", "after"), ("last", "before")):
                document = connected.document(
                    ["{ nodes { __typename } }"], f'{size}: 1, {argument}: "{cursor_of(each)}"'
                )
                error = expect_error(filled.graphql(document, {}), "BAD_USER_INPUT")
                assert error["extensions"]["details"] == {"field": argument}, (connected.path, each)
