"""A program that has operations killed at their crash points: `crashing.py TEMPLATE FOLDER CASE=POINT ...`.

For each it prints a line of JSON: whether the process was killed there, and
what is wrong: right after that, when the operation was done again, and in all
checks of the store then. Each step is a fork of its own, as after a crash.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from crash_cases import CASES
from crash_cases_of_copies import CASES_OF_COPIES
from crash_cases_of_plugins import CASES_OF_PLUGINS
from crash_stores import Case, fill, find_problems

from synthetic.faults import CRASH_VARIABLE, arm

ALL: dict[str, Case] = {**CASES, **CASES_OF_COPIES, **CASES_OF_PLUGINS}


def in_fork(work: Callable[[], list[str] | object], environment: dict[str, str]) -> tuple[int, list[str]]:
    """Do something in a fork; how that ended, and the sentences that it returned."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 0
        try:
            os.environ.update(environment)
            arm(os.environ)
            silent = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silent, 1)
            said = work()
            sentences = said if isinstance(said, list) and all(isinstance(each, str) for each in said) else []
        except BaseException:  # noqa: BLE001 - it is told to who waits
            sentences, code = [traceback.format_exc()], 1
        os.write(writing, json.dumps(sentences).encode()[:60_000])
        os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read()
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), json.loads(text or b"[]")


def crash(case: Case, point: str, prepared: Path, data: Path) -> tuple[bool, list[str]]:
    """Kill an operation at a point; whether it was killed, and what is wrong then."""
    copy_all(prepared, data)
    code, said = in_fork(lambda: case.act(data), {**case.environment, CRASH_VARIABLE: point})
    if code != -signal.SIGKILL:
        return False, [f"ended with {code}", *said]
    wrong: list[str] = []
    steps: list[tuple[str, Callable[[], object]]] = [
        ("again", lambda: case.act(data)),
        ("in the end", lambda: case.find_wrong(data)),
        ("checks", lambda: find_problems(data)),
    ]
    if case.find_left is not None:
        find_left = case.find_left
        steps.insert(0, ("left", lambda: find_left(data)))
    for name, step in steps:
        _, said = in_fork(step, {**case.environment, CRASH_VARIABLE: ""})
        wrong += [f"{name}: {each}" for each in said]
        if wrong:
            break
    return True, wrong


def copy_all(prepared: Path, data: Path) -> None:
    """Copy a store with what is beside it."""
    for old in data.parent.glob(f"{data.name}*"):
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    for path in prepared.parent.glob(f"{prepared.name}*"):
        target = data.with_name(data.name + path.name.removeprefix(prepared.name))
        shutil.copytree(path, target) if path.is_dir() else shutil.copy(path, target)


def warm_up(template: Path, data: Path) -> None:
    """Import and build all that the forks would import and build each for itself; nothing stays open."""
    shutil.copytree(template, data)
    data.chmod(0o700)
    fill(data)
    find_problems(data)


def main() -> None:
    """Do what the arguments say."""
    template, folder = Path(sys.argv[1]), Path(sys.argv[2])
    warm_up(template, folder / "warm")
    for number, words in enumerate(sys.argv[3:]):
        name, _, point = words.partition("=")
        case, prepared = ALL[name], folder / f"{name}.prepared"
        if not prepared.exists() and not (folder / f"{name}.done").exists():
            shutil.copytree(template, prepared)
            prepared.chmod(0o700)
            code, said = in_fork(lambda case=case, prepared=prepared: case.prepare(prepared), case.environment)
            (folder / f"{name}.done").touch()
            if code:
                sys.exit(f"{name} cannot be prepared: {said}")
        killed, wrong = crash(case, point, prepared, folder / f"store{number}")
        sys.stdout.write(f"{json.dumps({'case': name, 'point': point, 'killed': killed, 'wrong': wrong})}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
