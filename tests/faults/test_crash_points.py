"""Every operation of several steps is killed at each of its crash points, and comes to its end when it is begun again.

The normal run kills some, others in every run, and prints its seed; `--full`
kills all of them. That there is none without crash points is checked here too.
"""

from __future__ import annotations

import ast
import json
import os
import random
import sys
from pathlib import Path

import pytest
import typer

from synthetic.cli.application import build_application
from synthetic.contributions import Stamped
from synthetic.faults import CRASH_VARIABLE
from synthetic.graphql.fields import RUNS
from synthetic.kernel_fields import KERNEL_GRAPHQL
from synthetic.registry import load_registry
from synthetic.testing import open_test_store
from synthetic.testing_commands import run_command, start_command

from .operations import COMMANDS, ELSEWHERE, MUTATIONS, SERVICES, operations_in
from .sweeps import make_seed

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("crashing.py")
SAMPLED = 1
EVERYWHERE = "transaction.committed"
"""The end of every transaction is a crash point, for operations that consist of nothing else."""


def cases() -> dict[str, tuple[str, ...]]:
    """The points of each case; the modules are those of a program, which imports its neighbours by their bare names."""
    sys.path.insert(0, str(PROGRAM.parent))
    try:
        from crashing import ALL
    finally:
        sys.path.remove(str(PROGRAM.parent))
    return {name: case.points for name, case in ALL.items()}


def points_in_code() -> set[str]:
    """What the code declares, by its calls of `crash_point`."""
    found: set[str] = set()
    for folder in ("kernel", "plugins"):
        for file in (ROOT / folder).rglob("*.py"):
            text = file.read_text("utf-8")
            for node in ast.walk(ast.parse(text)) if "crash_point(" in text else ():
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "crash_point":
                    assert isinstance(node.args[0], ast.Constant), f"{file}: a point is named by a plain text"
                    found.add(node.args[0].value)
    return found


def kill(template: Path, folder: Path, wanted: list[tuple[str, str]]) -> None:
    """Have operations killed at points, and look at what comes of it."""
    words = [f"{name}={point}" for name, point in wanted]
    process = start_command([str(template), str(folder), *words], program=PROGRAM)
    output, errors = process.communicate()
    assert process.wait() == 0, errors
    outcomes = [json.loads(line) for line in output.splitlines()]
    assert len(outcomes) == len(wanted)
    for outcome in outcomes:
        assert outcome["killed"], outcome
        assert outcome["wrong"] == [], outcome


def test_operations_that_are_killed_at_some_of_their_crash_points_come_to_their_end(template, tmp_path):
    chance = random.Random(make_seed())
    every = cases()
    names = chance.sample(sorted(every), SAMPLED)
    kill(template, tmp_path, [(name, chance.choice(every[name])) for name in names])


@pytest.mark.full
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", sorted(cases()))
def test_an_operation_that_is_killed_at_any_of_its_crash_points_comes_to_its_end(template, tmp_path, name):
    kill(template, tmp_path, [(name, point) for point in cases()[name]])


def test_every_crash_point_of_the_code_is_one_that_something_is_killed_at():
    killed_at = {point.partition(":")[0] for points in cases().values() for point in points}
    assert points_in_code() == killed_at


def test_every_operation_that_is_said_to_take_several_steps_is_killed_in_their_midst():
    every = cases()
    named = {operation for said in (COMMANDS, MUTATIONS, SERVICES) for entry in said.values()
             for operation in operations_in(entry)}  # fmt: skip
    assert named == set(every) | set(ELSEWHERE)
    for name, points in every.items():
        assert points, name
    for file in ELSEWHERE.values():
        assert (ROOT / file).is_file()


def test_every_command_is_looked_at():
    application = build_application(load_registry(None, environ={}).commands, None)

    def words_of(command, words: tuple[str, ...]):
        children = getattr(command, "commands", {})
        if not children or command.invoke_without_command:
            yield " ".join(words)
        for name, child in children.items():
            yield from words_of(child, (*words, name))

    group = typer.main.get_command(application)
    found = {words for name, child in group.commands.items() for words in words_of(child, (name,))}
    assert found == set(COMMANDS), "a command that is new is to be looked at: see operations.py"


def test_every_mutation_that_may_take_several_transactions_is_looked_at():
    registry = load_registry(None, environ={})
    found = set()
    for stamped in (Stamped("kernel", KERNEL_GRAPHQL), *registry.graphql):
        for field in stamped.record.mutations:
            runs = field.metadata[RUNS]
            if runs.is_many:
                first, *rest = runs.function.__name__.split("_")
                found.add(first + "".join(word.title() for word in rest))
    assert found == set(MUTATIONS)


def test_all_background_work_is_looked_at(data_dir):
    with open_test_store(data_dir) as store:
        runner = store.kernel.services()
        assert {f"{each.plugin}.{each.record.name}" for each in runner._services} == set(SERVICES)


def test_a_point_kills_when_its_time_has_come_and_no_other_does(data_dir):
    variables = {**os.environ, "SYNTHETIC_DATABASE_FREE_DISK_BYTES": "0"}
    words = ["token", "create", "x", "--data", str(data_dir)]
    assert run_command(words, environment={**variables, CRASH_VARIABLE: "backup.copied"}).returncode == 0
    words[2] = "y"
    assert run_command(words, environment={**variables, CRASH_VARIABLE: EVERYWHERE}).returncode == -9
    words[2] = "z"
    assert run_command(words, environment={**variables, CRASH_VARIABLE: f"{EVERYWHERE}:99"}).returncode == 0
