"""The fold `workflows` on random histories: compared with a plain recount, and with itself in other batches.

Transitions come late, at the same instant and of several workflows; these move
between stories and projects, are deleted and begin anew; constructs change,
move and go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from plugins.projections.workflows.plain_workflows import PlainWorkflows, Rows
from synthetic import Event, Store, Transaction, to_json
from synthetic.contributions import Stamped
from synthetic.log.consumers.fold_state import FoldState, fold_tables
from synthetic.testing import copy_template, open_test_store
from synthetic_projections.plugin import register_tables
from synthetic_projections.workflows.folding import fold_workflows
from synthetic_projections.workflows.folds import WORKFLOWS
from synthetic_projections.workflows.store.durations import DurationsOf, list_durations

TABLES = fold_tables(WORKFLOWS.tables, [Stamped("projections", table) for table in register_tables()])


@pytest.fixture(scope="module")
def store(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_test_store(copy_template(template, tmp_path_factory.mktemp("folding") / "store")) as opened:
        yield opened


def event(position: int, type_: str, entity_id: str, at: int, construct_id: str | None, **payload: Any) -> Event:
    return Event(
        position=position, epoch="0000000000", id=f"e{position}", type=type_, module="test", construct_id=construct_id,
        entity_type=type_.partition(".")[0], entity_id=entity_id, payload=to_json(payload), actor="test",
        correlation_id="r", causation_id=None, occurred_at_utc=at, ingested_at_utc=2_000 + position,
    )  # fmt: skip


def history(draw: Random, length: int) -> list[Event]:
    """Something that may have happened: few ids and few instants, so that all kinds of meetings occur."""
    events: list[Event] = []
    for position in range(1, length + 1):
        at, kind = draw.randrange(1_000, 1_040), draw.random()
        if kind < 0.7:
            to, left = draw.choice("XYZ"), draw.choice((None, None, "c"))
            events.append(
                event(
                    position, "workflow.transitioned", draw.choice("vw"), at, draw.choice((None, "c", "d")),
                    **{"to": to, "previousConstructId": left, "from": None, "status": "ENDED" if to == "Z" else "OPEN",
                       "machine": None, "projectId": draw.choice((None, "p", "q")),
                       "storyId": draw.choice((None, "s", "t"))},
                )
            )  # fmt: skip
        elif kind < 0.75:
            events.append(event(position, "workflow.deleted", draw.choice("vw"), at, None))
        elif kind < 0.93:
            status, project_id = draw.choice(("ACTIVE", "COMPLETED")), draw.choice((None, "p", "q"))
            id = draw.choice("cd")
            events.append(event(position, "construct.saved", id, at, id, projectId=project_id, status=status))
        else:
            id = draw.choice("cd")
            events.append(event(position, "construct.deleted", id, at, id))
    return events


def clear(tx: Transaction) -> None:
    for table in TABLES:
        tx.execute(f"DELETE FROM {table.name}")


def fold(store: Store, *batches: Sequence[Event]) -> None:
    def work(tx: Transaction, events: Sequence[Event]) -> None:
        state = FoldState(TABLES, tx, str)
        for each in events:
            fold_workflows(state, each)
        state.write_back(tx)

    for batch in batches:
        store.write(work, batch)


def rows(store: Store) -> Rows:
    found = {
        table.name: set(store.read(lambda tx, table=table: tx.rows(f"SELECT * FROM {table.name}"))) for table in TABLES
    }
    return {name: each for name, each in found.items() if each}


@pytest.mark.parametrize("seed", range(16))
def test_each_event_leaves_what_a_recount_of_all_events_gives(store: Store, seed: int) -> None:
    draw = Random(seed)
    plain = PlainWorkflows()
    store.write(clear)
    events = history(draw, 24)
    for each in events:
        fold(store, [each])
        plain.take_in(each)
        assert rows(store) == plain.rows(), [(one.type, one.entity_id, one.payload) for one in events[: each.position]]
    one_by_one = rows(store)
    store.write(clear)
    cut = draw.randrange(1, len(events))
    fold(store, events[:cut], events[cut:])
    assert rows(store) == one_by_one, "in two batches it is something else"


def test_an_event_that_it_is_not_made_for_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="not made for"):
        fold(store, [event(1, "job.saved", "j", 1, None)])


def test_no_sum_of_time_is_told_that_a_client_could_not_read(store: Store) -> None:
    def work(tx: Transaction) -> int:
        tx.execute(f"INSERT INTO story_states VALUES ('long', 'X', 9000, 9000, 0, 9000, {2**53})")
        ((summary,),) = list_durations(tx, DurationsOf.STORY, ["long"])
        return summary.duration_ms

    store.write(clear)
    assert store.write(work) == 2**53 - 1
    store.write(clear)
