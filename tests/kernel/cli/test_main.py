"""The command line as a whole: help, errors by the contract, exit codes, and what a broken plugin leaves of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from synthetic import Command
from synthetic.cli import main
from synthetic.cli.invocation import Invocation, read_ahead
from synthetic.plugins.clashes import KERNEL_COMMANDS
from synthetic.plugins.discovery import kernel_version
from synthetic.testing import CONTRACT_KEYS
from synthetic.testing_commands import ForkedProcess, start_command
from thirdparty.distributions import write_plugins_toml

COMMAND = '''
from synthetic.cli import DataOption, JsonOption, emit, open_store

def things(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Count the things."""
{0}

@hookimpl
def register_commands():
    return (Command("things", things),)
'''


def command_that(*lines: str) -> str:
    return COMMAND.format("\n".join(f"    {line}" for line in lines))


@pytest.fixture
def run(tmp_path, capsys):
    """Run a command on a directory in which no shipped plugin is loaded: (exit code, output, errors)."""

    def run(*words: str, plugins=(), **options):
        write_plugins_toml(tmp_path / "store", dict.fromkeys(plugins, ""), **options)
        code = main([*words, "--data", str(tmp_path / "store")] if words and words[0] != "--version" else list(words))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_the_version_is_that_of_the_kernel(run):
    assert run("--version") == (0, f"synthetic {kernel_version()}\n", "")


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"]])
def test_help_shows_every_command_of_the_kernel_and_of_the_plugins(capsys, words):
    assert main(words) == 0
    shown = capsys.readouterr().out
    for command in (*KERNEL_COMMANDS, "ingest"):
        assert f" {command} " in shown
    assert "Commands of the plugin ingest" in shown


@pytest.mark.parametrize("command", [*KERNEL_COMMANDS, "things"])
def test_every_command_has_help_that_names_the_options_that_all_take(run, site, command):
    site.install("alpha", command_that("pass"))
    words = [command, "list", "--help"] if command == "token" else [command, "--help"]
    code, shown, _ = run(*words, plugins=["alpha"])
    assert code == 0
    for option in ("--data", "--set", "--help", "SYNTHETIC_DATA"):
        assert option in shown


def test_a_group_without_its_command_shows_help_and_fails(capsys):
    assert main(["token"]) == 64
    captured = capsys.readouterr()
    assert "revoke" in captured.out
    assert captured.err == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["serv"], "No such command 'serv'."),
        (["status", "--quik"], "No such option: --quik"),
        (["status", "more"], "unexpected extra argument"),
        (["token", "revoke"], "Missing argument 'id'"),
        (["serve", "--port", "x"], "--port"),
        (["serve", "--port", "70000"], "--port"),
        (["status", "--set", "readers"], "'readers' is not of the form NAME=VALUE."),
        (["status", "--set", "=1"], "'=1' is not of the form NAME=VALUE."),
    ],
)
def test_a_command_line_that_is_not_understood_is_a_usage_error(run, words, said):
    code, shown, errors = run(*words)
    assert (code, shown) == (64, "")
    assert errors.startswith("BAD_USER_INPUT: ")
    assert said in errors


def test_an_error_is_shown_with_code_message_action_and_correlation_id(run):
    code, shown, errors = run("status")
    assert (code, shown) == (78, "")
    first, action, correlation = errors.splitlines()
    assert first.startswith("NO_STORE: There is no store in ")
    assert action.split(maxsplit=3)[:3] == ["What", "to", "do"]
    assert correlation.startswith("  Correlation id  ")


def test_with_json_the_error_is_the_contract_as_one_document_on_standard_error(run):
    code, shown, errors = run("status", "--json")
    contract = json.loads(errors)
    assert (code, shown) == (78, "")
    assert set(contract) == CONTRACT_KEYS
    assert contract["code"] == "NO_STORE"


@pytest.mark.parametrize("place", ["--data", "--data=", "environment"])
def test_the_data_directory_is_named_by_a_flag_or_by_the_environment(tmp_path, monkeypatch, capsys, place):
    words = {"--data": ["--data", str(tmp_path)], "--data=": [f"--data={tmp_path}"], "environment": []}[place]
    monkeypatch.setenv("SYNTHETIC_DATA", str(tmp_path if place == "environment" else tmp_path / "other"))
    main(["status", *words])
    assert f"There is no store in {tmp_path}." in capsys.readouterr().err


def test_without_either_the_data_directory_is_in_the_working_directory(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("SYNTHETIC_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    main(["status"])
    assert f"There is no store in {tmp_path / 'synthetic-data'}." in capsys.readouterr().err


def test_settings_of_flags_reach_the_command(run, site):
    lines = [
        "with open_store(data, create=True) as store:",
        "    emit(store.kernel.settings.database.readers, as_json)",
    ]
    site.install("alpha", command_that(*lines))
    flags = ["--set", "kernel.database.readers=3", "--set", "kernel.database.free_disk_bytes=0"]
    assert run("things", *flags, plugins=["alpha"]) == (0, "3\n", "")


def test_a_wrong_setting_is_an_error_of_the_configuration(run):
    code, _, errors = run("plugins", "--set", "kernel.database.readers=0")
    assert code == 78
    assert "--set: kernel.database.readers must be a whole number, at least 1 and at most 64, not '0'." in errors


@pytest.mark.parametrize(
    ("words", "command", "data_dir", "overrides", "as_json"),
    [
        (["status", "--data", "a", "--json"], "status", "a", {}, True),
        (
            ["status", "--data=a", "--set=kernel.x=1=2", "--set", "y=2"],
            "status",
            "a",
            {"kernel.x": "1=2", "y": "2"},
            False,
        ),
        (["ingest", "--", "--json", "--data", "a"], "ingest", "here", {}, False),
        (["--help", "--data"], None, "here", {}, False),
        (["--set", "x=1"], None, "here", {"x": "1"}, False),
        (["status", "--set", "malformed"], "status", "here", {}, False),
    ],
)
def test_what_must_be_known_early_is_read_ahead(words, command, data_dir, overrides, as_json):
    found = read_ahead(words, {"SYNTHETIC_DATA": "here"})
    assert found == Invocation(command, Path(data_dir), overrides, as_json)


class TestCommandsOfPlugins:
    def test_an_unexpected_exception_leaks_nothing_and_is_internal(self, run, site):
        site.install("alpha", command_that("raise ValueError('secret')"))
        code, shown, errors = run("things", plugins=["alpha"])
        assert (code, shown) == (70, "")
        assert errors.startswith("INTERNAL: Something unexpected went wrong (ValueError).")
        assert "secret" not in errors
        assert "Traceback" not in errors

    def test_the_log_tells_more_when_the_operator_asks(self, run, site):
        site.install("alpha", command_that("raise ValueError('the reason')"))
        code, _, errors = run("things", "--set", "kernel.log.level=debug", plugins=["alpha"])
        assert code == 70
        assert "the reason" in errors
        contract = errors.splitlines()[-1].split()[-1]
        assert errors.count(contract) >= 2, "the log and the error carry the same correlation id"

    def test_an_error_of_the_contract_ends_the_command_with_its_exit_code(self, run, site):
        lines = ["from synthetic import NotFoundError", "raise NotFoundError('There is no thing.')"]
        site.install("alpha", command_that(*lines))
        code, _, errors = run("things", plugins=["alpha"])
        assert code == 65
        assert errors.startswith("NOT_FOUND: There is no thing.")

    def test_a_file_that_is_not_there_is_named(self, run, site):
        site.install("alpha", command_that("open('/nowhere/at/all')"))
        code, _, errors = run("things", plugins=["alpha"])
        assert code == 74
        assert errors.startswith("STORAGE_FAILED: /nowhere/at/all: No such file or directory.")

    @pytest.mark.parametrize(("line", "code"), [("import typer; raise typer.Exit(3)", 3), ("return 5", 0)])
    def test_a_command_may_choose_its_exit_code_by_an_exit_alone(self, run, site, line, code):
        site.install("alpha", command_that(line))
        assert run("things", plugins=["alpha"])[0] == code

    @pytest.mark.parametrize("line", ["raise KeyboardInterrupt", "import typer; raise typer.Abort"])
    def test_an_interrupted_command_is_quiet(self, run, site, line):
        site.install("alpha", command_that(line))
        assert run("things", plugins=["alpha"]) == (130, "", "")

    def test_control_characters_from_a_store_do_not_reach_the_terminal(self, run, site):
        site.install("alpha", command_that("emit({'name': 'a\\x1b[31mred\\u202e'}, as_json)"))
        assert run("things", plugins=["alpha"])[1].strip() == "name  a\ufffd[31mred\ufffd"

    def test_annotations_that_the_parser_cannot_read_are_the_plugins_failure(self, run, site):
        code = command_that("pass").replace("data: DataOption = None", "data: list[list[int]] = ()")
        site.install("alpha", code)
        code, _, errors = run("things", plugins=["alpha"])
        assert code == 78
        assert "PLUGIN_FAILED: The plugin alpha: its command things cannot be used: " in errors


NOUN = '''
from synthetic.cli import DataOption, JsonOption, emit
from synthetic.cli.invocation import current_actor

def count(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Count the things."""
    emit({{"actor": current_actor()}}, as_json)

def lose(id: {0}, data: DataOption = None) -> None:
    """Lose a thing."""

@hookimpl
def register_commands():
    old = Command("old", summary="About old things.", verbs=(Command("count", count),))
    verbs = (Command("count", count), Command("lose", lose), old)
    return (Command("things", summary="All about things.", verbs=verbs),)
'''


class TestNounsOfPlugins:
    @pytest.fixture
    def installed(self, site, tmp_path, monkeypatch):
        """The plugin is that of the store in use."""
        site.install("alpha", NOUN.format("str"))
        write_plugins_toml(tmp_path, {"alpha": ""})
        monkeypatch.setenv("SYNTHETIC_DATA", str(tmp_path))

    @pytest.mark.parametrize(("words", "code"), [(("things",), 64), (("things", "--help"), 0)])
    def test_a_noun_alone_shows_its_verbs(self, installed, capsys, words, code):
        assert main(words) == code
        shown = capsys.readouterr().out
        for words in ("All about things.", "Count the things.", "Lose a thing.", "About old things."):
            assert words in shown

    def test_a_noun_stands_with_the_commands_of_its_plugin(self, installed, capsys):
        assert main(["--help"]) == 0
        assert "All about things." in capsys.readouterr().out.partition("Commands of the plugin alpha")[2]

    @pytest.mark.parametrize("words", [("things", "count"), ("things", "old", "count")])
    def test_a_verb_runs_in_a_name_of_all_its_words(self, run, site, words):
        site.install("alpha", NOUN.format("str"))
        code, shown, errors = run(*words, "--json", plugins=["alpha"])
        assert (code, errors) == (0, "")
        assert json.loads(shown) == {"actor": "command:" + " ".join(words)}

    def test_a_verb_that_is_not_there_is_a_mistake_of_usage(self, run, site):
        site.install("alpha", NOUN.format("str"))
        assert run("things", "find", plugins=["alpha"])[0] == 64

    def test_the_settings_of_the_command_line_reach_a_verb(self, run, site):
        site.install("alpha", NOUN.format("str"))
        assert run("things", "count", "--set", "kernel.nothing=1", plugins=["alpha"])[0] == 78

    def test_annotations_that_the_parser_cannot_read_are_named_with_all_words(self, run, site):
        site.install("alpha", NOUN.format("list[list[int]]"))
        code, _, errors = run("things", "count", plugins=["alpha"])
        assert code == 78
        assert "PLUGIN_FAILED: The plugin alpha: its command things lose cannot be used: " in errors

    @pytest.mark.parametrize(
        ("record", "problem"),
        [
            ("Command('x')", "either a function or verbs"),
            ("Command('x', abs, verbs=(Command('y', abs),), summary='z')", "either a function or verbs"),
            ("Command('x', verbs=(Command('y', abs),))", "summary of command x must say in words"),
            ("Command('x', abs, summary='y')", "summary of command x must be its function's docstring"),
            ("Command('x', summary='y', verbs=(Command('y', abs), Command('y', abs)))", "must have different names"),
            ("Command('x y', abs)", "must be lower-case words"),
        ],
    )
    def test_a_record_that_makes_no_sense_is_refused(self, record, problem):
        with pytest.raises(ValueError, match=problem):
            eval(record, {"Command": Command})


class TestWithABrokenPlugin:
    @pytest.fixture(autouse=True)
    def broken(self, site):
        site.install("alpha", "import absent_module")

    def test_help_still_shows_the_commands_of_the_kernel_and_says_what_is_missing(self, tmp_path, capsys, monkeypatch):
        write_plugins_toml(tmp_path, {"alpha": ""})
        monkeypatch.setenv("SYNTHETIC_DATA", str(tmp_path))
        assert main(["--help"]) == 0
        shown = capsys.readouterr().out
        assert " migrate " in shown
        assert "PLUGIN_FAILED" in shown

    def test_a_command_of_a_plugin_fails_with_the_reason(self, run):
        code, _, errors = run("things", plugins=["alpha"])
        assert code == 78
        assert errors.startswith("PLUGIN_FAILED: The plugin alpha: importing sample_alpha.plugin failed")
        assert "Raised at" in errors

    def test_plugins_lists_what_is_installed_and_fails_with_the_reason(self, run):
        code, shown, errors = run("plugins", plugins=["alpha"])
        assert code == 78
        assert "sample-alpha" in shown
        assert errors.startswith("PLUGIN_FAILED")

    def test_a_flag_takes_it_out(self, run):
        code, _, errors = run("plugins", "--set", "plugins.alpha.enabled=false", plugins=["alpha"])
        assert (code, errors) == (0, "")


class TestAsAProcess:
    @pytest.fixture
    def start(self) -> Iterator[Callable[..., subprocess.Popen[str] | ForkedProcess]]:
        """Starts commands; those that still run at the end of the test are killed then."""
        with contextlib.ExitStack() as started:

            def start(*words: str) -> subprocess.Popen[str] | ForkedProcess:
                process = start_command(words)
                for stream in (process.stdout, process.stderr):
                    started.enter_context(stream)
                started.callback(process.wait)
                started.callback(process.kill)
                return process

            yield start

    @pytest.mark.parametrize("words", [[], ["--json"]])
    def test_a_reader_that_has_gone_ends_it_quietly(self, tmp_path, site, start, words):
        site.install("alpha", command_that("emit(['word'] * 100_000, as_json)"))
        write_plugins_toml(tmp_path / "store", {"alpha": ""})
        process = start("things", *words, "--data", str(tmp_path / "store"))
        process.stdout.close()
        assert process.wait(60) == 141
        assert process.stderr.read() == ""

    def test_an_interpreter_of_its_own_ends_as_quietly(self, tmp_path):
        """It flushes its output once more when it ends, which a fork of a test may do otherwise."""
        words = [sys.executable, "-m", "synthetic", "schema", "--data", str(tmp_path / "none")]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdout.close()
            assert process.stderr.read() == b""
        assert process.returncode == 141

    def test_ctrl_c_ends_it_quietly_with_130(self, tmp_path, site, start):
        lines = ["import signal", "print('ready', flush=True)", "signal.pause()"]
        site.install("alpha", command_that(*lines))
        write_plugins_toml(tmp_path / "store", {"alpha": ""})
        process = start("things", "--data", str(tmp_path / "store"))
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate() == ("", "")
        assert process.returncode == 130

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_command_may_be_stopped_where_it_likes(self, tmp_path, site, start, number):
        lines = [
            "from synthetic.cli import stop_requests",
            "with stop_requests() as stop:",
            "    print('ready', flush=True)",
        ]
        site.install("alpha", command_that(*lines, "    stop.wait()", "print('at the end of a batch')"))
        write_plugins_toml(tmp_path / "store", {"alpha": ""})
        process = start("things", "--data", str(tmp_path / "store"))
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.communicate() == ("at the end of a batch\n", "")
        assert process.returncode == 0

    def test_who_presses_ctrl_c_twice_is_out(self, tmp_path, site, start):
        lines = ["import time", "from synthetic.cli import stop_requests", "with stop_requests() as stop:"]
        loops = [
            "    print('ready', flush=True)",
            "    stop.wait()",
            "    print('still', flush=True)",
            "    time.sleep(600)",
        ]
        site.install("alpha", command_that(*lines, *loops))
        write_plugins_toml(tmp_path / "store", {"alpha": ""})
        process = start("things", "--data", str(tmp_path / "store"))
        for word in ("ready\n", "still\n"):
            assert process.stdout.readline() == word
            process.send_signal(signal.SIGINT)
        assert process.communicate() == ("", "")
        assert process.returncode == 130

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
    def test_output_that_cannot_be_written_is_an_error_of_the_contract(self, tmp_path):
        write_plugins_toml(tmp_path / "store", {})
        with Path("/dev/full").open("wb") as full:
            words = [sys.executable, "-m", "synthetic", "plugins", "--json", "--data", str(tmp_path / "store")]
            run = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
        assert run.returncode == 74
        assert json.loads(run.stderr)["code"] == "STORAGE_FAILED"

    def test_an_output_that_cannot_hold_a_character_gets_an_escape(self, tmp_path, site):
        site.install("alpha", command_that("emit('caf\\u00e9', as_json)"))
        write_plugins_toml(tmp_path / "store", {"alpha": ""})
        words = [sys.executable, "-m", "synthetic", "things", "--data", str(tmp_path / "store")]
        environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
        run = subprocess.run(words, capture_output=True, env=environment, timeout=60, check=True)
        assert run.stdout == b"caf\\xe9\n"
