"""`sys.exit` in a plugin's code: an error of the plugin, and not the end of the server."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def staying(what: str) -> Generator[None]:
    """Make an error of a plugin's wish to end the process.

    An event loop ends when SystemExit comes out of one of its tasks, and a
    thread without a word.

    Args:
        what: What runs in the block, as the beginning of a sentence.

    Raises:
        RuntimeError: It wished that.
    """
    try:
        yield
    except SystemExit as error:
        raise RuntimeError(f"{what} wanted to end the process") from error
