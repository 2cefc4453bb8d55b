"""The hook that dead letters offer to other plugins.

It is called like the kernel's own (see `synthetic.hookspecs`): once, when the
kernel is made, without arguments, and without doing any I/O.
"""

from __future__ import annotations

from synthetic import hookspec
from synthetic_dead_letters.sources import DeadLetterSource


@hookspec
def register_dead_letter_sources() -> tuple[DeadLetterSource, ...]:  # pyright: ignore[reportReturnType]
    """Contribute kinds of work whose failures become dead letters, and say how these are retried.

    The plugin stores its letters with `save_dead_letter`, in the transaction in
    which the work fails for good.

    Returns:
        `DeadLetterSource` records; names are unique among all plugins. Their
        functions are called while the store is open: when somebody asks for a
        retry, when a retry by itself is due, and by redrives; never for two
        letters with the same key at once, and for those in their order.

    Example::

        def send_again(tx: Transaction, letter: DeadLetter) -> RetryOutcome:
            message = from_json(letter.payload)
            if "to" not in message:
                nobody = ReportedError(code="NO_RECIPIENT", message="The message does not say where it goes.")
                return failed(nobody)
            tx.execute(
                "INSERT INTO outgoing (id, message) VALUES (:id, :message)",
                {"id": letter.id, "message": letter.payload},
            )
            return done("message", letter.id)

        @hookimpl
        def register_dead_letter_sources():
            return (
                DeadLetterSource(
                    name="outgoing_message",
                    purpose="Messages that nobody could be reached with.",
                    retry=send_again,
                    retries_max=3,
                ),
            )
    """
