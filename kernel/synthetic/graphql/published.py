"""`Published`: an answer of a subscription as it goes to all who are to have it."""

from __future__ import annotations

from collections.abc import Callable

from synthetic.graphql.answer_bytes import code_of
from synthetic.graphql.answers import Answer
from synthetic.log.positions import Position

MakeFrame = Callable[[str, bytes], bytes]
"""Makes the message that a transport sends, of an operation's id and an answer's bytes."""


class Published:
    """An answer, written once.

    Attributes:
        answer: What is sent.
        body: Its bytes.
        position: Where to go on for who has it; None where it does not say.
        code: `OK`, or the code of its first error.
    """

    __slots__ = ("_frame", "_made_by", "_made_for", "answer", "body", "code", "position")

    def __init__(self, answer: Answer, body: bytes, position: Position | None) -> None:
        self.answer = answer
        self.body = body
        self.position = position
        self.code = code_of(answer)
        self._made_by: MakeFrame | None = None
        self._made_for = ""
        self._frame = b""

    def frame(self, make: MakeFrame, id: str) -> bytes:
        """The message for an operation's id; clients tend to number theirs alike, so the last one is kept."""
        if id != self._made_for or make is not self._made_by:
            self._frame = make(id, self.body)
            self._made_by, self._made_for = make, id
        return self._frame
