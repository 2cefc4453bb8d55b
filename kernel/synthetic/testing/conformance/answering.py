"""Check of answers: none of a plugin's fields fails on what its tables hold, nor one of its checks."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Generator, Iterator
from itertools import islice

from synthetic.check_contributions import Check
from synthetic.checks.running import find_findings
from synthetic.database.snapshot import Snapshot
from synthetic.graphql import answers
from synthetic.testing.conformance.documents import documents_of, filters_of
from synthetic.testing.conformance.records import NothingToCheckError, explain
from synthetic.testing.conformance.subject import PluginUnderTest

SHOWN = 3


class Failures(logging.Handler):
    """Keeps the exceptions that a logger tells of, which answers do not."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[BaseException] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the exception of a record, where it has one."""
        if record.exc_info and record.exc_info[1] is not None:
            self.errors.append(record.exc_info[1])


def fields_answer(subject: PluginUnderTest) -> Iterator[str]:
    """Each of its root queries and its fields on types of others, by pages; each of its checks."""
    checks = [each for each in subject.alone.checks if each.plugin == subject.name]
    with subject.opened(subject.copy_of(subject.filled)) as store:
        documents = [*documents_of(store, subject), *(each for _, each in filters_of(store, subject))]
        if not documents and not checks:
            raise NothingToCheckError("The plugin has no queries, no fields on types of others, and no checks.")
        found: dict[str, str] = {}
        with listening() as failures:
            for document in documents:
                store.graphql(document)
                for error in failures.errors:
                    found.setdefault(explain(error), document)
                failures.errors.clear()
        yield from (f"A field fails with {what}. Asked by: {document}" for what, document in found.items())
        for each in checks:
            try:
                for finding in store.read(_first_findings, each.record):
                    yield f"The check {each.record.name} finds fault with what the plugin itself has written: {finding}"
            except Exception as error:  # noqa: BLE001 - whatever it is, it says what is wrong with the check
                yield f"The check {each.record.name} cannot be run: {explain(error)}"


def _first_findings(snapshot: Snapshot, check: Check) -> list[str]:
    return [each.message for each in islice(find_findings(snapshot, check), SHOWN)]


@contextlib.contextmanager
def listening() -> Generator[Failures]:
    """Hear of what makes fields fail, and keep it from the log, for the length of a `with`."""
    logger, failures = logging.getLogger(answers.__name__), Failures()
    propagates = logger.propagate
    logger.addHandler(failures)
    logger.propagate = False
    try:
        yield failures
    finally:
        logger.propagate = propagates
        logger.removeHandler(failures)
