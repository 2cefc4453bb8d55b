"""What a batched field is given: parents that stay rows until one of them is looked at, and then are objects once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from graphql import build_schema, parse

from synthetic.graphql.executor import Attribute, Batched, Call, Layout, Rows, execute, values_of

SCHEMA = build_schema("""
    type Query { jobs: [Job!]! }
    type Job { id: ID! first: String! second: String! }
""")
DOCUMENT = parse("{ jobs { id first second } }")


class Jobs:
    """Rows of jobs, which count the objects that are made of them."""

    def __init__(self) -> None:
        self.made = 0
        self.layout = Layout(
            ("id", "attempts"),
            self._make,
            reads={"attempts": str},
            computed={"both": lambda row: f"{row[0]}/{row[1]}"},
        )

    def _make(self, row: tuple[Any, ...]) -> SimpleNamespace:
        self.made += 1
        return SimpleNamespace(id=row[0], attempts=str(row[1]), both=f"{row[0]}/{row[1]}")

    def answer(self, first: Any, second: Any) -> Any:
        rows = [(f"j{number}", number) for number in range(20)]
        sources = {
            "jobs": Batched(lambda _call: [Rows(list(rows), self.layout)]),
            "first": Batched(first, needs=("id",)),
            "second": Batched(second, needs=("id",)),
        }
        result = execute(SCHEMA, DOCUMENT, source_of=lambda _kind, name, _field: sources.get(name) or Attribute(name))
        assert result.errors is None
        assert result.data is not None
        return result.data["jobs"]


def test_a_field_that_takes_attributes_of_its_parents_needs_no_objects():
    jobs = Jobs()
    found = jobs.answer(lambda call: values_of(call.parents, "id"), lambda call: values_of(call.parents, "both"))
    assert found[7] == {"id": "j7", "first": "j7", "second": "j7/7"}
    assert len(found) == 20
    assert jobs.made == 0


def test_the_fields_of_a_level_are_given_the_same_objects():
    jobs = Jobs()

    def mark(call: Call) -> list[str]:
        for parent in call.parents:
            parent.mark = f"marked {parent.id}"
        return [parent.id for parent in call.parents[:5]] + [call.parents[5].id] * (len(call.parents) - 5)

    found = jobs.answer(mark, lambda call: [parent.mark for parent in call.parents])
    assert [job["first"] for job in found[3:7]] == ["j3", "j4", "j5", "j5"]
    assert found[9]["second"] == "marked j9"
    assert jobs.made == 20


def test_attributes_are_those_that_the_objects_would_have():
    jobs = Jobs()
    rows = Rows([("j1", 3), ("j2", None)], jobs.layout)
    objects = [SimpleNamespace(attempts="3"), SimpleNamespace(attempts=None)]
    assert values_of(rows, "attempts") == values_of(objects, "attempts") == ["3", None]
    for parents in (rows, objects):
        with pytest.raises(AttributeError):
            values_of(parents, "color")
