"""Random saves, touches, deletions and expiry of contexts and threads, beside a model that is plain Python.

The same in one process and in three that share a store. What is touched is
seen by others when it is flushed at the latest; until then an instant may be
any between the last that is durable and the last that was told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from plugins.sessions.operating import LONG, START, Elsewhere, Here, Operator
from synthetic import SystemClock, from_json
from synthetic.testing import ManualClock, copy_template, open_test_store
from synthetic_sessions.settings import SessionSettings

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
KEEP = {"contexts": SessionSettings().keep_contexts_ms, "threads": SessionSettings().keep_threads_ms}

IDS = st.sampled_from("xyz")
WHO = st.integers(min_value=0, max_value=2)
PLACES = st.sampled_from([["C1", "1712345678.000100"], ["C1", "1712345678.0001"], ["C2", "1"]])
SESSIONS = st.sampled_from(["s", "t"])
USERS = st.none() | st.sampled_from(["u", "v"])
VERSIONS = st.sampled_from(["none", "right", "wrong"])
STATES = st.dictionaries(st.sampled_from("ab"), st.sampled_from([1, None, "é", [True]]), max_size=2)
CONTEXT = st.fixed_dictionaries(
    {},
    optional={
        "session_id": st.none() | st.sampled_from(["s", "t", "nowhere"]),
        "user_id": USERS,
        "place": st.none() | PLACES,
        "state": STATES,
    },
)
THREAD = st.fixed_dictionaries({}, optional={"session_id": st.sampled_from(["s", "t", "nowhere"]), "user_id": USERS})
DEFAULTS = {"session_id": None, "user_id": None, "channel": None, "thread_ts": None, "state": {}}


class SessionMachine(RuleBasedStateMachine):
    """The store beside the model; one store for all runs, emptied before each.

    In the model each row has its fields, its `version`, and of its instant the
    last that is `durable` and the last that was `told`.
    """

    operators: list[Operator]
    clock: list[int]

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, dict[Any, dict[str, Any]]] = {"contexts": {}, "threads": {}, "sessions": {}}
        for operator in self.operators:
            operator.do(self.now, "flush")
        self.do(0, "empty")

    @property
    def now(self) -> int:
        return self.clock[0]

    def do(self, who: int, name: str, *args: Any) -> Any:
        return self.operators[who % len(self.operators)].do(self.now, name, *args)

    @initialize()
    def begin_with_sessions(self) -> None:
        for id in ("s", "t"):
            assert self.do(0, "save_session", id) is None
            self.rows["sessions"][id] = {"version": 1, "durable": self.now, "told": self.now}

    @rule(ms=st.integers(min_value=0, max_value=2))
    def time_passes(self, ms: int) -> None:
        self.clock[0] += ms

    @rule(who=WHO, id=IDS, content=CONTEXT, version=VERSIONS)
    def save_context(self, who: int, id: str, content: dict[str, Any], version: str) -> None:
        given = dict(content)
        if "place" in given:
            given["channel"], given["thread_ts"] = given.pop("place") or (None, None)
        if_version = self.version_of("contexts", id, version)
        expected = self.saved("contexts", id, given, DEFAULTS, if_version)
        assert self.do(who, "save_context", id, given, if_version) == expected

    @rule(who=WHO, place=PLACES, content=THREAD, version=VERSIONS)
    def save_thread(self, who: int, place: list[str], content: dict[str, Any], version: str) -> None:
        if_version = self.version_of("threads", tuple(place), version)
        if tuple(place) not in self.rows["threads"] and "session_id" not in content and if_version is None:
            expected = "BAD_USER_INPUT"
        else:
            expected = self.saved("threads", tuple(place), content, {"user_id": None}, if_version)
        assert self.do(who, "save_thread", *place, content, if_version) == expected

    def version_of(self, kind: str, key: Any, version: str) -> int | None:
        stored = self.rows[kind].get(key, {}).get("version")
        return {"none": None, "right": stored, "wrong": (stored or 0) + 1}[version]

    def saved(
        self, kind: str, key: Any, given: dict[str, Any], defaults: dict[str, Any], if_version: int | None
    ) -> str:
        """What a save comes to; the model is changed like that."""
        row = self.rows[kind].get(key)
        if row is None and if_version is not None:
            return "CONFLICT"
        changed = row is None or any(row[name] != value for name, value in given.items())
        if not changed:
            return "unchanged"
        if row is not None and if_version != row["version"]:
            return "CONFLICT"
        after = (defaults if row is None else row) | given
        if after.get("session_id") == "nowhere":
            return "NOT_FOUND"
        version = 1 if row is None else row["version"] + 1
        self.rows[kind][key] = after | {"version": version, "durable": self.now, "told": self.now}
        return "created" if row is None else "changed"

    @rule(who=WHO, id=IDS)
    def touch_context(self, who: int, id: str) -> None:
        self.touched("contexts", id, self.do(who, "touch_context", id))

    @rule(who=WHO, place=PLACES)
    def touch_thread(self, who: int, place: list[str]) -> None:
        self.touched("threads", tuple(place), self.do(who, "touch_thread", *place))

    @rule(who=WHO, id=SESSIONS)
    def touch_session(self, who: int, id: str) -> None:
        self.touched("sessions", id, self.do(who, "touch_session", id))

    def touched(self, kind: str, key: Any, answer: Any) -> None:
        if key not in self.rows[kind]:
            assert answer == "NOT_FOUND"
            return
        told, durable = answer
        assert told == self.now
        self.rows[kind][key]["told"] = self.now
        if durable:
            self.rows[kind][key]["durable"] = self.now

    @rule(who=WHO, id=IDS)
    def delete_context(self, who: int, id: str) -> None:
        expected = id if self.rows["contexts"].pop(id, None) is not None else "NOT_FOUND"
        assert self.do(who, "delete_context", id) == expected

    @rule(who=WHO, place=PLACES)
    def delete_thread(self, who: int, place: list[str]) -> None:
        expected = place[1] if self.rows["threads"].pop(tuple(place), None) is not None else "NOT_FOUND"
        assert self.do(who, "delete_thread", *place) == expected

    @rule()
    def flush(self) -> None:
        for operator in self.operators:
            operator.do(self.now, "flush")
        for rows in self.rows.values():
            for row in rows.values():
                row["durable"] = row["told"]

    @rule(who=WHO, hours=st.integers(min_value=1, max_value=20))
    def hours_pass_and_what_is_old_goes(self, who: int, hours: int) -> None:
        self.flush()
        self.clock[0] += hours * HOUR_MS
        self.do(who, "retain")
        for kind, keep_ms in KEEP.items():
            rows = self.rows[kind]
            self.rows[kind] = {key: row for key, row in rows.items() if row["durable"] >= self.now - keep_ms}

    @rule(who=WHO, place=PLACES)
    def find_the_last_used_of_a_thread(self, who: int, place: list[str]) -> None:
        self.flush()
        found = [(row["durable"], id) for id, row in self.of_place(place).items()]
        assert self.do(who, "find_last_of_thread", *place) == (max(found)[1] if found else None)

    def of_place(self, place: list[str]) -> dict[str, Any]:
        rows = self.rows["contexts"].items()
        return {id: row for id, row in rows if [row["channel"], row["thread_ts"]] == place}

    @rule(who=WHO, session=SESSIONS, user=USERS, place=PLACES)
    def list_by_filter(self, who: int, session: str, user: str | None, place: list[str]) -> None:
        contexts, threads = self.rows["contexts"], self.rows["threads"]
        for criteria, meets in (
            ({"session_id": session}, lambda row: row["session_id"] == session),
            ({"user_id": user}, lambda row: user in (None, row["user_id"])),
        ):
            assert self.do(who, "list_contexts", criteria) == sorted(id for id in contexts if meets(contexts[id]))
            expected = sorted("/".join(key) for key in threads if meets(threads[key]))
            assert self.do(who, "list_threads", criteria) == expected
        of_place = {"channel": place[0], "thread_ts": place[1]}
        assert self.do(who, "list_contexts", of_place) == sorted(self.of_place(place))
        in_channel = sorted("/".join(key) for key in threads if key[0] == place[0])
        assert self.do(who, "list_threads", {"channel": place[0]}) == in_channel

    @invariant()
    def the_tables_say_what_the_model_says(self) -> None:
        seen = self.do(0, "look")
        contexts = {
            row[0]: dict(zip(DEFAULTS, [*row[1:5], from_json(row[5])], strict=True)) | {"version": row[6]}
            for row in seen["contexts"]
        }
        threads = {
            (row[0], row[1]): {"session_id": row[2], "user_id": row[3], "version": row[4]} for row in seen["threads"]
        }
        sessions = {row[0]: {"version": row[2]} for row in seen["sessions"]}
        instants = {
            "contexts": {row[0]: row[7] for row in seen["contexts"]},
            "threads": {(row[0], row[1]): row[5] for row in seen["threads"]},
            "sessions": {row[0]: row[1] for row in seen["sessions"]},
        }
        for kind, found in (("contexts", contexts), ("threads", threads), ("sessions", sessions)):
            rows = self.rows[kind]
            hidden = ("durable", "told")
            assert found == {
                key: {name: value for name, value in row.items() if name not in hidden} for key, row in rows.items()
            }
            for key, row in rows.items():
                assert row["durable"] <= instants[kind][key] <= row["told"]


def run(operators: list[Operator], examples: int, steps: int) -> None:
    class Machine(SessionMachine):
        pass

    Machine.operators, Machine.clock = operators, [START]
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )


@pytest.fixture(scope="module")
def processes(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Elsewhere]]:
    """Three that share a store."""
    directory = copy_template(template, tmp_path_factory.mktemp("shared") / "store")
    started = [Elsewhere(directory) for _ in range(3)]
    yield started
    assert [process.close() for process in started] == [0, 0, 0]


def test_in_one_process_the_store_does_what_the_model_does(data_dir: Path) -> None:
    clock = ManualClock(START, monotonic=SystemClock())
    with open_test_store(data_dir, clock=clock, settings=LONG) as store:
        run([Here(store, clock)], examples=12, steps=40)


def test_in_three_processes_the_store_does_what_the_model_does(processes: list[Elsewhere]) -> None:
    run([*processes], examples=3, steps=40)


@pytest.mark.full
def test_in_three_processes_the_store_does_what_the_model_does_at_length(processes: list[Elsewhere]) -> None:
    run([*processes], examples=150, steps=60)


def test_of_processes_that_give_one_thread_a_session_at_once_one_does(processes: list[Elsewhere]) -> None:
    processes[0].do(START, "empty")
    for id in ("s", "t", "u"):
        processes[0].do(START, "save_session", id)

    def at_once(session_of: Callable[[int], str], ts: str) -> list[str]:
        for number, process in enumerate(processes):
            process.ask(START, "save_thread", "C1", ts, {"session_id": session_of(number)}, None)
        return sorted(process.hear() for process in processes)

    for number in range(20):
        assert at_once(lambda _: "s", f"1.{number}") == ["created", "unchanged", "unchanged"]
        assert at_once(lambda process: "stu"[process], f"2.{number}") == ["CONFLICT", "CONFLICT", "created"]
    threads = [row[1] for row in processes[1].do(START, "look")["threads"]]
    assert len(threads) == len(set(threads)) == 40
