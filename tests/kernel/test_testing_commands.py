from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from synthetic import testing_commands
from synthetic.testing_commands import ForkedProcess, run_command, start_command


def closed(process: ForkedProcess | subprocess.Popen[str]) -> tuple[int, str, str]:
    """What a process ended with and wrote; its pipes are closed."""
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stdout, process.stderr:
        return process.wait(60), process.stdout.read(), process.stderr.read()


def test_a_fork_ends_and_writes_like_a_command_that_a_shell_starts(tmp_path: Path):
    words = ["migrate", "--dry-run", "--data", str(tmp_path / "store")]
    shell = subprocess.run(
        [sys.executable, "-m", "synthetic", *words], capture_output=True, text=True, timeout=60, check=False
    )
    started = start_command(words)
    assert isinstance(started, ForkedProcess)
    assert closed(started) == (shell.returncode, shell.stdout, shell.stderr)
    assert shell.stdout
    ran = run_command(words)
    assert (ran.returncode, ran.stdout, ran.stderr) == (shell.returncode, shell.stdout, shell.stderr)


def test_a_fork_that_fails_says_so_and_no_two_of_them_make_the_same_ids():
    errors = [run_command(["no-such-command", "--json"]) for _ in range(2)]
    assert [error.returncode for error in errors] == [64, 64]
    contracts = [json.loads(error.stderr) for error in errors]
    assert [contract["code"] for contract in contracts] == ["BAD_USER_INPUT"] * 2
    assert contracts[0]["correlationId"] != contracts[1]["correlationId"]


def test_a_fork_has_the_working_directory_and_the_variables_that_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    inherited = {name: value for name, value in os.environ.items() if name != "SYNTHETIC_DATABASE_FREE_DISK_BYTES"}
    given = {**inherited, "SYNTHETIC_DATA": "by-variable", "SYNTHETIC_DATABASE_FREE_DISK_BYTES": "0"}
    assert run_command(["migrate"], environment=given).returncode == 0
    assert (tmp_path / "by-variable" / "synthetic.db").is_file()
    monkeypatch.setenv("SYNTHETIC_DATABASE_FREE_DISK_BYTES", "0")
    assert run_command(["migrate", "--data", "by-flag"]).returncode == 0
    assert (tmp_path / "by-flag" / "synthetic.db").is_file()


def test_a_fork_is_waited_for_and_signalled_like_a_child(data_dir: Path):
    process = start_command(["serve", "--data", str(data_dir), "--port", "0"])
    assert isinstance(process, ForkedProcess)
    assert process.stdout is not None
    assert any(line.startswith("ready ") for line in process.stdout)
    assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.001)
    process.kill()
    assert closed(process)[0] == -signal.SIGKILL
    assert (process.poll(), process.returncode) == (-signal.SIGKILL, -signal.SIGKILL)
    process.terminate()


def test_a_program_is_forked_as_well(tmp_path: Path):
    program = tmp_path / "program.py"
    program.write_text(
        "import sys\nprint(__name__, sys.argv[1:], sys.path[0], 'synthetic.worker' in sys.modules)\nsys.exit(3)\n"
    )
    code, written, errors = closed(start_command(["a", "b"], program=program))
    assert (code, written, errors) == (3, f"__main__ ['a', 'b'] {tmp_path} True\n", "")


def test_a_fork_that_writes_much_is_read_to_its_end(tmp_path: Path):
    program = tmp_path / "program.py"
    program.write_text("import sys\nsys.stderr.write('e' * 1_000_000)\nsys.stdout.write('o' * 1_000_000)\n")
    process = start_command([], program=program)
    written, errors = process.communicate()
    assert (process.returncode, written, errors) == (0, "o" * 1_000_000, "e" * 1_000_000)


def test_a_fork_reads_what_it_is_told_until_no_more_is_said(tmp_path: Path):
    program = tmp_path / "program.py"
    program.write_text("import sys\nfor line in sys.stdin:\n    print(line.upper(), end='', flush=True)\n")
    process = start_command([], program=program, is_told=True)
    assert process.stdin is not None
    assert process.stdout is not None
    for word in ("one", "two"):
        process.stdin.write(f"{word}\n")
        process.stdin.flush()
        assert process.stdout.readline() == f"{word.upper()}\n"
    process.stdin.close()
    assert closed(process) == (0, "", "")
    assert closed(start_command([], program=program)) == (0, "", "")


def test_a_command_that_takes_too_long_is_killed(data_dir: Path):
    with pytest.raises(subprocess.TimeoutExpired):
        run_command(["serve", "--data", str(data_dir), "--port", "0"], timeout=0.01)


def test_a_fork_imports_from_the_folders_that_it_is_given_before_all_others(tmp_path: Path):
    program = tmp_path / "program.py"
    program.write_text("import sys, sample_of_a_folder\nprint(sample_of_a_folder.__file__, *sys.path[:3])\n")
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "sample_of_a_folder.py").write_text("")
        path = os.pathsep.join([str(tmp_path / name), str(tmp_path)])
        process = start_command([], program=program, environment={**os.environ, "PYTHONPATH": path})
        assert isinstance(process, ForkedProcess)
        expected = f"{tmp_path}/{name}/sample_of_a_folder.py {tmp_path} {tmp_path}/{name} {tmp_path}\n"
        assert closed(process) == (0, expected, "")


@pytest.mark.parametrize("name", ["sitecustomize.py", "synthetic", "json.py"])
def test_where_a_folder_holds_what_a_fork_has_imported_already_an_interpreter_is_started(tmp_path: Path, name: str):
    given = {**os.environ, "PYTHONPATH": str(tmp_path)}
    assert testing_commands.is_forked(given)
    (tmp_path / name).touch()
    assert not testing_commands.is_forked(given)


@pytest.mark.parametrize("name", ["PYTHONHOME", "PYTHONIOENCODING", "TZ", "COVERAGE_PROCESS_START"])
def test_where_another_interpreter_is_asked_for_it_is_started(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(name, "ascii")
    assert not testing_commands.is_forked(os.environ)
    monkeypatch.undo()
    monkeypatch.setattr(sys, "executable", "/bin/false")
    process = start_command(["--version"])
    assert isinstance(process, subprocess.Popen)
    assert closed(process) == (1, "", "")
    assert run_command(["--version"]).returncode == 1


def test_the_process_that_commands_are_forked_from_ends_with_those_who_ask():
    origin = testing_commands._origin.__wrapped__()
    testing_commands._end(origin)
    assert origin.process.returncode == 0
