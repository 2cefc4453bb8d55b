"""`TextTokenizer`: the tokens that SQLite's full-text index makes of a text, without a table.

For what must agree with an index to the letter: highlights, statistics of
words, vectors made of them. The tokenizers are SQLite's own, and run at its speed.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import apsw

from synthetic.database.connections import open_scratch


class Token(NamedTuple):
    """A token of a text.

    Attributes:
        start: Where it begins in the UTF-8 of the text, in bytes.
        end: Where it ends.
        text: As an index has it: folded, and stemmed where the tokenizer does that.
    """

    start: int
    end: int
    text: str


class TextTokenizer:
    """A tokenizer of FTS5 (https://sqlite.org/fts5.html#tokenizers); it may be used from any thread."""

    def __init__(self, *specification: str) -> None:
        """Make it.

        Args:
            specification: As in `tokenize = '...'`, word by word: "porter", "unicode61".

        Raises:
            ValueError: There is no such tokenizer, or it does not take these arguments.
        """
        self._connection = open_scratch()
        try:
            self._tokenizer = self._connection.fts5_tokenizer(specification[0], list(specification[1:]))
        except apsw.Error as error:
            raise ValueError(f"there is no tokenizer {' '.join(specification)!r}: {error}") from error

    def tokens(self, text: str) -> list[str]:
        """The tokens of a text, in their order."""
        found = self._tokenizer(
            _encoded(text), apsw.FTS5_TOKENIZE_DOCUMENT, None, include_offsets=False, include_colocated=False
        )
        return cast("list[str]", found)

    def places(self, text: str) -> list[Token]:
        """The tokens of a text, each with where it stands."""
        found = self._tokenizer(
            _encoded(text), apsw.FTS5_TOKENIZE_DOCUMENT, None, include_offsets=True, include_colocated=False
        )
        return [Token(*each) for each in cast("list[tuple[int, int, str]]", found)]


def _encoded(text: str) -> bytes:
    """In UTF-8; a lone surrogate, which no stored text has, is a question mark."""
    return text.encode("utf-8", "replace")
