from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import warnings

import pytest

from synthetic.kernel_settings import LogSettings
from synthetic.logs import AccessLog, configure_logs, correlation_id, logger_for, name_caller, request_scope


def configured(level="info", form="json", **options) -> io.StringIO:
    stream = io.StringIO()
    configure_logs(LogSettings(level=level, format=form), stream, **options)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_line_of_json_with_its_fields():
    stream = configured()
    logger_for("synthetic.some").warning("step failed", service="seal", name="x", args=[1])
    (line,) = lines(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "step failed",
        "service": "seal",
        "name": "x",
        "args": [1],
        "level": "warning",
        "logger": "synthetic.some",
    }


def test_what_is_below_the_level_is_not_written():
    stream = configured(level="warning")
    logger_for("synthetic.some").info("quiet")
    AccessLog().write("request", status=200)
    assert stream.getvalue() == ""


def test_the_correlation_id_of_the_request_is_in_every_line_about_it():
    stream = configured()
    with request_scope("abc"):
        logger_for("synthetic.some").info("one")
        AccessLog().write("two")
        logging.getLogger("library").warning("three %s", "x")
        assert correlation_id() == "abc"
    logger_for("synthetic.some").info("four")
    found = lines(stream)
    assert [line["event"] for line in found] == ["one", "two", "three x", "four"]
    assert [line.get("correlation_id") for line in found] == ["abc", "abc", "abc", None]


def test_outside_of_a_request_there_is_a_fresh_id_each_time():
    assert correlation_id() != correlation_id()
    name_caller("nobody")  # has no effect, and fails nothing


def test_a_correlation_id_that_is_given_is_kept():
    stream = configured()
    with request_scope("abc"):
        logger_for("synthetic.some").info("one", correlation_id="other")
    assert lines(stream)[0]["correlation_id"] == "other"


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_traceback_is_logged_without_the_values_of_variables(form: str):
    stream = configured(form=form)

    def fails(secret: str) -> None:
        raise ValueError("broken")

    given = "very_" + "secret"
    try:
        fails(given)
    except ValueError:
        logger_for("synthetic.some").exception("failed")
    assert "ValueError: broken" in stream.getvalue()
    assert "in fails" in stream.getvalue()
    assert "very_secret" not in stream.getvalue()


def test_text_is_one_readable_line():
    stream = configured(form="text")
    logger_for("synthetic.some").warning("step failed", service="seal")
    (line,) = stream.getvalue().splitlines()
    assert "step failed" in line
    assert "service=seal" in line
    assert "\x1b" not in line


def test_auto_is_json_where_nobody_looks():
    stream = configured(form="auto")
    logger_for("synthetic.some").warning("one")
    assert lines(stream)[0]["event"] == "one"


def test_routine_of_the_server_library_is_left_out_and_its_warnings_are_routed():
    stream = configured()
    logging.getLogger("uvicorn.error").info("127.0.0.1 - WebSocket /graphql?secret=1 [accepted]")
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    found = lines(stream)
    assert [line["event"] for line in found] == ["Invalid HTTP request received."]


def test_warnings_of_python_are_routed():
    stream = configured()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old thing", DeprecationWarning, stacklevel=1)
    assert "old thing" in stream.getvalue()


def test_lines_of_a_worker_carry_its_number():
    stream = configured(worker=3)
    logger_for("synthetic.some").info("one")
    AccessLog().write("two")
    assert [line["worker"] for line in lines(stream)] == [3, 3]


def test_a_log_that_cannot_be_written_stops_no_request():
    stream = configured()
    stream.close()
    AccessLog().write("request", status=200)


@pytest.mark.parametrize("worker", [None, 2])
@pytest.mark.parametrize("status", [200, None])
def test_the_line_of_a_request_is_the_one_that_any_other_event_would_have(worker: int | None, status: int | None):
    stream = configured(worker=worker)
    caller, path = 'a "quoted" \u00e9 name', "/graphql\\"
    with request_scope("abc") as info:
        info.caller = caller
        AccessLog().request(info, "POST", status, path, 1.2345678)
        AccessLog().write("request", path=path, ms=1.235, caller=caller, method="POST", status=status)
        logger_for("synthetic.access").info("request", path=path, ms=1.235, caller=caller, method="POST", status=status)
    first, second, third = lines(stream)
    shape = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
    assert all(shape.fullmatch(str(line.pop("timestamp"))) for line in (first, second))
    del third["timestamp"]
    assert first == second == third


def test_the_line_of_a_request_is_text_where_text_is_wanted():
    stream = configured(form="text")
    with request_scope("abc") as info:
        AccessLog().request(info, "POST", 200, "/graphql", 1.5)
    (line,) = stream.getvalue().splitlines()
    assert "status=200" in line
    assert "correlation_id=abc" in line


def test_lines_of_one_turn_of_the_event_loop_are_written_together_and_none_is_lost_at_its_end():
    written: list[str] = []

    class Stream(io.StringIO):
        def write(self, text: str) -> int:
            written.append(text)
            return len(text)

    configure_logs(LogSettings(level="info", format="json"), Stream())

    async def serve() -> None:
        for number in range(3):
            AccessLog().write("request", number=number)
        assert written == []
        await asyncio.sleep(0)
        assert len(written) == 1
        AccessLog().write("request", number=3)

    asyncio.run(serve())
    assert [json.loads(line)["number"] for line in "".join(written).splitlines()] == [0, 1, 2, 3]
    assert len(written) == 2


def test_a_program_that_embeds_a_store_keeps_its_own_logging(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.INFO):
        logger_for("synthetic.some").warning("step failed", service="seal")
        AccessLog().write("request", status=200)
    assert [record.getMessage() for record in caplog.records] == ["step failed service='seal'", "request status=200"]
    assert caplog.records[0].fields == {"service": "seal"}
