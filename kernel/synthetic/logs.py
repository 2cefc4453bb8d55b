"""Structured logs on standard error, and the correlation id that ties them to a request.

Kernel and plugins log through `logger_for`, which goes through the standard
library's logger of that name. A program that embeds a store therefore keeps
its own logging; only the server and the command line call `configure_logs`.

Tokens, documents and variables are never logged, and tracebacks are rendered
without the values of local variables, which may hold them.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import MutableMapping
from contextvars import ContextVar, Token
from typing import Any, Self, TextIO

import orjson
import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from synthetic.access_lines import JsonLines
from synthetic.clock import new_id
from synthetic.kernel_settings import LogSettings

QUIET_LOGGERS = {"uvicorn": logging.WARNING, "uvicorn.error": logging.WARNING, "asyncio": logging.WARNING}
"""Whose routine messages we replace by our own: uvicorn's name paths with their query strings."""

ACCESS_LOGGER = "synthetic.access"
RECORD_OPTIONS = ("exc_info", "stack_info", "stacklevel")

_take_extras = structlog.stdlib.ExtraAdder()


class RequestInfo:
    """What is known about the request being served: in a `with` it is bound, see `request_scope`.

    Attributes:
        correlation_id: Id of the request, in its answer and in every log line about it.
        caller: Name of who asked, once that is known.
    """

    __slots__ = ("_token", "caller", "correlation_id")

    def __init__(self, correlation_id: str) -> None:
        self.correlation_id = correlation_id
        self.caller: str | None = None
        self._token: Token[RequestInfo | None] | None = None

    def __enter__(self) -> Self:
        self._token = _request.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        if self._token is not None:
            _request.reset(self._token)


_request: ContextVar[RequestInfo | None] = ContextVar("synthetic_request", default=None)


def request_scope(correlation_id: str) -> RequestInfo:
    """Bind a correlation id to all that is logged in a `with` block, and in the tasks that it starts."""
    return RequestInfo(correlation_id)


def correlation_id() -> str:
    """The id of the request being served; outside of one, a fresh id."""
    info = _request.get()
    return info.correlation_id if info is not None else new_id()


def name_caller(name: str) -> None:
    """Say who asks, for the access log; nothing outside of a request."""
    info = _request.get()
    if info is not None:
        info.caller = name


def logger_for(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module: `logger_for(__name__)`.

    Events are words (`log.warning("step failed", service=...)`); what varies
    goes into the fields.
    """
    logger: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        logging.getLogger(name),
        wrapper_class=structlog.stdlib.BoundLogger,
        processors=[structlog.stdlib.filter_by_level, _to_record],
    )
    return logger.bind()


def _to_record(_logger: WrappedLogger, _method: str, event: EventDict) -> tuple[tuple[str], dict[str, Any]]:
    """What the standard library's logger is called with: words and fields, and both as text for other formatters."""
    words = str(event.pop("event"))
    options = {name: event.pop(name) for name in RECORD_OPTIONS if name in event}
    text = words + "".join(f" {name}={value!r}" for name, value in event.items())
    return (text,), {**options, "extra": {"event": words, "fields": event}}


def _from_record(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Words and fields of a record that `_to_record` made; what others attach to theirs."""
    record: logging.LogRecord = event["_record"]
    fields = getattr(record, "fields", None)
    if fields is None:
        return _take_extras(logger, method, event)
    return {**event, "event": getattr(record, "event", event["event"]), **fields}


def _add_correlation_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    info = _request.get()
    if info is not None:
        event.setdefault("correlation_id", info.correlation_id)
    return event


class _WorkerNumber:
    """Adds the number of this worker process to every line."""

    def __init__(self, worker: int) -> None:
        self._worker = worker

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["worker"] = self._worker
        return event


def _as_json(event: MutableMapping[str, Any], **_options: Any) -> str:
    return orjson.dumps(event, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()


def _is_text(settings: LogSettings, stream: TextIO) -> bool:
    return settings.format == "text" or (settings.format == "auto" and stream.isatty())


def _renderers(settings: LogSettings, stream: TextIO) -> list[Processor]:
    if _is_text(settings, stream):
        colors = stream.isatty()
        return [structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_as_json)]


class AccessLog:
    """One line for each request, at level info.

    Where `configure_logs` was called the line is rendered and written
    directly, at a fraction of what a record of the standard library costs.
    """

    def __init__(self) -> None:
        self._standard = logging.getLogger(ACCESS_LOGGER)
        self._slow = logger_for(ACCESS_LOGGER)

    def write(self, event: str, **fields: Any) -> None:
        """Write a line; a stream that cannot be written to loses it, and stops nothing."""
        if not self._standard.isEnabledFor(logging.INFO):
            return
        if _direct is None:
            self._slow.info(event, **fields)
            return
        info = _request.get()
        if info is not None:
            fields.setdefault("correlation_id", info.correlation_id)
        with contextlib.suppress(OSError, ValueError):
            _direct.info(event, **fields)

    def request(self, info: RequestInfo, method: str, status: int | None, path: str, ms: float) -> None:
        """Write the line of a request over HTTP: what `write` would, and in less time than it takes.

        Args:
            info: Who asked, and under which id.
            method: Of HTTP.
            status: Of the answer; None where there was none.
            path: Without the query string.
            ms: How long it took.
        """
        direct = _direct
        if isinstance(direct, JsonLines):
            if self._standard.isEnabledFor(logging.INFO):
                direct.request(path, info.caller, method, status, ms, info.correlation_id)
        else:
            self.write("request", path=path, ms=round(ms, 3), caller=info.caller, method=method, status=status)


_direct: JsonLines | FilteringBoundLogger | None = None


def configure_logs(settings: LogSettings, stream: TextIO | None = None, *, worker: int | None = None) -> None:
    """Send all logs of this process to one stream, as JSON or as text.

    Args:
        settings: Level and format.
        stream: Standard error without one.
        worker: Which of several worker processes this is, for every line.
    """
    global _direct  # noqa: PLW0603 - a process has one log
    target: TextIO = sys.stderr if stream is None else stream
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_correlation_id,
    ]
    if worker is not None:
        shared.append(_WorkerNumber(worker))
    renderers = _renderers(settings, target)
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[_from_record, structlog.stdlib.add_logger_name, *shared],
            processors=[ProcessorFormatter.remove_processors_meta, *renderers],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    for name, quiet in QUIET_LOGGERS.items():
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(max(level, quiet))
    _direct = _access_lines(settings, target, [*shared, *renderers], worker)


def _access_lines(
    settings: LogSettings, target: TextIO, processors: list[Processor], worker: int | None
) -> JsonLines | FilteringBoundLogger:
    if not _is_text(settings, target):
        numbered = {} if worker is None else {"worker": worker}
        return JsonLines(target, {"logger": ACCESS_LOGGER, "level": "info", **numbered})
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    lines: FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(target),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        processors=processors,
    )
    return lines.bind(logger=ACCESS_LOGGER)
