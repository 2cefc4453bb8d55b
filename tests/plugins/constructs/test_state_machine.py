"""Random saves, relations, deletions and filters, compared with a model that is plain Python.

After each step the tables must say the same as the model does, and each filter
must find what the model finds by looking at everything. Time moves by 0 to 2 ms
a step, so that ties occur.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from example_counts import examples
from plugins.constructs.plain_constructs import PlainConstructs
from synthetic import Connection, Order, Store, SyntheticError, SystemClock, delete_owned, from_json
from synthetic.testing import ManualClock, open_test_store
from synthetic_constructs.model import (
    ConstructStatus,
    Criteria,
    Related,
    RelationshipDirection,
    RelationshipKind,
)
from synthetic_constructs.services import index_metadata
from synthetic_constructs.store import relate_constructs, save_construct, unrelate_constructs
from synthetic_constructs.types import page_of_constructs, pages_of_linked, pages_of_relationships

IDS = st.sampled_from("abcde")
STATUSES = st.sampled_from(ConstructStatus)
KINDS = st.sampled_from(RelationshipKind)
TYPES = st.sampled_from(["plan", "review", "deploy"])
TITLES = st.sampled_from(["Alpha", "alpha", "Beta", "50%", "a_b"])
PEOPLE = st.sampled_from(["ada", "bob"])
VALUES = st.sampled_from(["x", "", "true", 1, 1.0, 0, 1.5, True, False])
INDEXED, SCANNED = "env", "team"
CONTENT = st.fixed_dictionaries(
    {},
    optional={
        "type": TYPES,
        "status": STATUSES,
        "title": TITLES,
        "description": st.none() | st.sampled_from(["alpha and beta", ""]),
        "user_id": st.none() | PEOPLE,
        "project_id": st.none() | PEOPLE,
        "metadata": st.dictionaries(st.sampled_from([INDEXED, SCANNED]), st.none() | VALUES | st.just([1])),
    },
)
INSTANTS = st.integers(min_value=1_800_000_000_000, max_value=1_800_000_000_060)


def criteria(nested: st.SearchStrategy[Criteria]) -> st.SearchStrategy[Criteria]:
    """Criteria whose nested ones are drawn from `nested`."""
    return st.builds(
        Criteria,
        ids=st.none() | st.lists(IDS, max_size=3),
        statuses=st.none() | st.lists(STATUSES, max_size=3),
        types=st.none() | st.lists(TYPES, max_size=3),
        user_id=st.none() | PEOPLE,
        project_id=st.none() | PEOPLE,
        created_from=st.none() | INSTANTS,
        created_before=st.none() | INSTANTS,
        updated_from=st.none() | INSTANTS,
        updated_before=st.none() | INSTANTS,
        text=st.none() | st.sampled_from(["ALPHA", "%", "_", "beta"]),
        metadata=st.lists(st.tuples(st.sampled_from([INDEXED, SCANNED]), VALUES), max_size=2),
        related=st.none()
        | st.builds(Related, IDS, st.none() | st.lists(KINDS, max_size=2), st.sampled_from(RelationshipDirection)),
        all_of=st.lists(nested, max_size=2),
        any_of=st.none() | st.lists(nested, max_size=2),
        none_of=st.none() | nested,
    )


# Most drawn criteria say one thing or two: what says ten things finds nothing.
SPARSE = st.one_of(
    [
        st.builds(Criteria, **{name: strategy})
        for name, strategy in {
            "ids": st.lists(IDS, min_size=1),
            "statuses": st.lists(STATUSES, min_size=1),
            "types": st.lists(TYPES, min_size=1),
            "created_from": INSTANTS,
            "user_id": PEOPLE,
            "created_before": INSTANTS,
            "updated_from": INSTANTS,
            "text": st.sampled_from(["alpha", "%", "_", "and"]),
            "metadata": st.lists(st.tuples(st.sampled_from([INDEXED, SCANNED]), VALUES), min_size=1, max_size=2),
            "related": st.builds(Related, IDS),
        }.items()
    ]
)
PAIRS = st.builds(
    Criteria,
    statuses=st.lists(STATUSES, min_size=1),
    metadata=st.lists(st.tuples(st.just(INDEXED), VALUES), max_size=1),
    any_of=st.none() | st.lists(SPARSE, min_size=1, max_size=2),
    none_of=st.none() | SPARSE,
)
NEGATED = st.builds(Criteria, none_of=SPARSE)
CRITERIA = SPARSE | NEGATED | PAIRS | criteria(SPARSE | PAIRS)


def walk(
    snapshot: Any, page: Callable[[Any, str | None], Connection[Any]], key: Callable[[Any], Any]
) -> tuple[list[Any], int]:
    """All nodes of a list by their keys, page by page, and how many the list says it has."""
    found: list[Any] = []
    after = None
    while True:
        connection = page(snapshot, after)
        found += [key(edge.node) for edge in connection.edges]
        if not connection.page_info.has_next_page:
            return found, connection.count()
        after = connection.page_info.end_cursor


class ConstructMachine(RuleBasedStateMachine):
    """The store under test beside the model; one store for all runs, emptied before each."""

    store: Store
    clock: ManualClock

    def __init__(self) -> None:
        super().__init__()
        self.model = PlainConstructs()
        self.clock.advance(1_800_000_000_000 - self.clock.now_ms())
        for table in ("construct_metadata", "construct_relationships", "constructs"):
            self.store.write(lambda tx, table=table: tx.execute(f"DELETE FROM {table}"))

    def outcome(self, function: Callable[[Any], Any], done: Callable[[Any], str]) -> str:
        try:
            return done(self.store.write(function))
        except SyntheticError as error:
            return error.code

    @rule(ms=st.integers(min_value=0, max_value=2))
    def time_passes(self, ms: int) -> None:
        self.clock.advance(ms)

    @initialize(whole=st.lists(st.tuples(TYPES, TITLES, CONTENT), min_size=5, max_size=5))
    def begin_with_a_fleet(self, whole: list[tuple[str, str, dict[str, Any]]]) -> None:
        for id, (type, title, content) in zip("abcde", whole, strict=True):
            self.time_passes(1)
            self.save(id, {"type": type, "title": title} | content, "none")

    @rule(id=IDS, type=TYPES, title=TITLES, content=CONTENT)
    def save_whole(self, id: str, type: str, title: str, content: dict[str, Any]) -> None:
        self.save(id, {"type": type, "title": title} | content, "right")

    @rule(id=IDS, content=CONTENT, version=st.sampled_from(["none", "right", "wrong"]))
    def save(self, id: str, content: dict[str, Any], version: str) -> None:
        stored = self.model.rows.get(id, {}).get("version")
        if_version = {"none": None, "right": stored, "wrong": (stored or 0) + 1}[version]
        outcome = self.outcome(
            lambda tx: save_construct(tx, content, id=id, if_version=if_version),
            lambda saved: "created" if saved.created else "changed" if saved.changed else "unchanged",
        )
        assert outcome == self.model.save(id, content, if_version, self.clock.now_ms())

    @rule(from_id=IDS, kind=KINDS, to_id=IDS)
    def relate(self, from_id: str, kind: RelationshipKind, to_id: str) -> None:
        outcome = self.outcome(
            lambda tx: relate_constructs(tx, from_id, kind, to_id),
            lambda related: "created" if related.created else "unchanged",
        )
        assert outcome == self.model.relate(from_id, kind, to_id, self.clock.now_ms())

    @rule(from_id=IDS, kind=KINDS, to_id=IDS)
    def unrelate(self, from_id: str, kind: RelationshipKind, to_id: str) -> None:
        link = self.model.link(from_id, kind, to_id)
        expected = "removed" if link in self.model.links else "NOT_FOUND"
        self.model.links.pop(link, None)
        assert self.outcome(lambda tx: unrelate_constructs(tx, from_id, kind, to_id), lambda _: "removed") == expected

    @rule(id=IDS)
    def delete(self, id: str) -> None:
        if id not in self.model.rows:
            return
        links = sum(id in (link[0], link[2]) for link in self.model.links)
        entries = len(self.entries_of(id))
        self.model.delete(id)

        plan = delete_owned(self.store, "constructs", id)

        counted = {table.table: table.rows for table in plan.tables}
        expected = {"constructs": 1, "construct_relationships": links, "construct_metadata": entries}
        assert counted == {table: rows for table, rows in expected.items() if rows}

    @rule(
        asked=st.lists(CRITERIA, min_size=1, max_size=5),
        column=st.sampled_from(["created_at", "updated_at", "title"]),
        descending=st.booleans(),
    )
    def ask(self, asked: list[Criteria], column: str, descending: bool) -> None:
        def place(id: str) -> tuple[Any, str]:
            value = self.model.rows[id][column]
            return value.lower() if column == "title" else value, id

        kinds = (str if column == "title" else int, str)
        for each in asked:
            found = [id for id in self.model.rows if self.model.meets(id, each)]
            wanted = sorted(found, key=place, reverse=descending)

            def page(snapshot: Any, after: str | None, each: Criteria = each) -> Connection[Any]:
                order = Order((column, "id"), kinds, descending=descending)
                return page_of_constructs(snapshot, each, order, first=2, after=after, last=None, before=None)

            assert self.store.read(walk, page, lambda construct: construct.id) == (wanted, len(wanted))

    @rule(id=IDS, kinds=st.none() | st.lists(KINDS, max_size=2), direction=st.sampled_from(RelationshipDirection))
    def ask_for_links(self, id: str, kinds: list[RelationshipKind] | None, direction: RelationshipDirection) -> None:
        wanted = sorted(
            (
                (at, *link)
                for link, at in self.model.links.items()
                if (kinds is None or link[1] in kinds)
                and ((link[0] == id and direction != "INCOMING") or (link[2] == id and direction != "OUTGOING"))
            ),
            reverse=True,
        )

        def page(snapshot: Any, after: str | None) -> Connection[Any]:
            window = {"first": 2, "after": after, "last": None, "before": None}
            return pages_of_relationships(snapshot, [id], kinds, direction, **window)[0]

        found = self.store.read(walk, page, lambda link: (link.created_at, link.from_id, link.kind, link.to_id))
        assert found == (wanted, len(wanted))

    @rule(id=IDS, direction=st.sampled_from([RelationshipDirection.INCOMING, RelationshipDirection.OUTGOING]))
    def ask_for_parents_or_children(self, id: str, direction: RelationshipDirection) -> None:
        near, far = (0, 2) if direction == "OUTGOING" else (2, 0)
        links = {link: at for link, at in self.model.links.items() if link[1] == "PARENT" and link[near] == id}
        wanted = [link[far] for link in sorted(links, key=lambda link: (links[link], link[far]))]

        def page(snapshot: Any, after: str | None) -> Connection[Any]:
            return pages_of_linked(snapshot, [id], direction, first=2, after=after, last=None, before=None)[0]

        assert self.store.read(walk, page, lambda construct: construct.id) == (wanted, len(wanted))

    @invariant()
    def tables_say_what_the_model_says(self) -> None:
        columns = ("id", *next(iter(self.model.rows.values()), {}))
        rows = self.store.read(lambda snapshot: snapshot.rows(f"SELECT {', '.join(columns)} FROM constructs"))
        stored = {row[0]: dict(zip(columns[1:], row[1:], strict=True)) for row in rows}
        for row in stored.values():
            row["metadata"] = from_json(row["metadata"])
        assert stored == self.model.rows
        links = self.store.read(
            lambda snapshot: snapshot.rows("SELECT from_id, kind, to_id, created_at FROM construct_relationships")
        )
        assert {link[:3]: link[3] for link in links} == self.model.links

    @invariant()
    def the_index_holds_the_declared_key_of_each_construct(self) -> None:
        entries = self.store.read(
            lambda snapshot: snapshot.rows("SELECT construct_id, key, value, created_at FROM construct_metadata")
        )
        assert sorted(entries) == sorted(entry for id in self.model.rows for entry in self.entries_of(id))

    def entries_of(self, id: str) -> list[tuple[str, str, str, int]]:
        """What the index should hold for a construct."""
        row = self.model.rows[id]
        value = row["metadata"].get(INDEXED)
        if value is None or isinstance(value, list):
            return []
        texts = {True: "true", False: "false"} if isinstance(value, bool) else {1: "1", 0: "0", 1.5: "1.5"}
        text = texts[value] if not isinstance(value, str) else f'"{value}"'
        return [(id, INDEXED, text, row["created_at"])]


@pytest.fixture
def machine(data_dir: Path):
    """The machine over a store whose key INDEXED is indexed."""
    clock = ManualClock(monotonic=SystemClock())
    with open_test_store(data_dir, clock=clock, settings={"plugins.constructs.metadata_keys": INDEXED}) as store:
        while store.write(index_metadata):
            continue

        class Machine(ConstructMachine):
            pass

        Machine.store, Machine.clock = store, clock
        yield Machine


def test_the_store_does_what_the_model_does(machine: type[ConstructMachine]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples(80),
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
