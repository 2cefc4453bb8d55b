"""Messages column by column: the form in which they are checked, sealed and stored.

A batch of thousands is handled as some fifteen lists rather than as thousands
of objects: each step is then one pass in C, and sealing is a slice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any, NamedTuple, Self

from synthetic_transcripts.model import ContentForm, Message, MessageKind, MessageRole, Usage

# Looking a member up costs a tenth of calling the enumeration with its value.
_ROLES = {role.value: role for role in MessageRole}
_KINDS = {kind.value: kind for kind in MessageKind}
_FORMS = {form.value: form for form in ContentForm}


class Columns(NamedTuple):
    """Messages in the order of seq: one list for each column of `transcript_messages`.

    The four columns of tokens are None together where a message has no usage.
    `body` is content and metadata, one after the other; None stands for a body
    that is stored apart.
    """

    source_id: Sequence[str]
    role: Sequence[str]
    kind: Sequence[str]
    form: Sequence[str]
    tool_calls: Sequence[int]
    model: Sequence[str | None]
    input_tokens: Sequence[int | None]
    output_tokens: Sequence[int | None]
    cache_read_tokens: Sequence[int | None]
    cache_write_tokens: Sequence[int | None]
    usage_id: Sequence[str | None]
    parent_source_id: Sequence[str | None]
    occurred_at: Sequence[int | None]
    content_bytes: Sequence[int]
    metadata_bytes: Sequence[int]
    body: Sequence[bytes | None]

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[Any, ...]]) -> Self:
        """Turn rows, whose values are in the order of the columns, into columns."""
        turned = tuple(zip(*rows, strict=True))
        return cls._make(turned or [()] * len(cls._fields))

    @property
    def length(self) -> int:
        """How many messages there are."""
        return len(self.source_id)

    def part(self, start: int, stop: int | None = None) -> Columns:
        """The messages from index `start` up to, not including, `stop`."""
        return Columns._make(column[start:stop] for column in self)

    def joined(self, later: Columns) -> Columns:
        """These messages and the later ones after them."""
        if self.length == 0:
            return later
        return Columns._make([*mine, *theirs] for mine, theirs in zip(self, later, strict=True))

    def sizes(self) -> list[int]:
        """Bytes of content and metadata of each message."""
        return [content + metadata for content, metadata in zip(self.content_bytes, self.metadata_bytes, strict=True)]

    def chosen(self, indexes: Sequence[int]) -> Columns:
        """The messages at these indexes, in their order."""
        return Columns._make([column[index] for index in indexes] for column in self)

    def messages(self, transcript_key: int, seqs: Iterable[int]) -> list[Message]:
        """The messages as records, each with its seq."""
        # The four are None together.
        usages = [
            None if input_tokens is None else Usage(input_tokens, output or 0, read or 0, written or 0)
            for input_tokens, output, read, written in zip(
                self.input_tokens, self.output_tokens, self.cache_read_tokens, self.cache_write_tokens, strict=True
            )
        ]
        return list(
            map(
                Message,
                repeat(transcript_key),
                seqs,
                self.source_id,
                map(_ROLES.__getitem__, self.role),
                map(_KINDS.__getitem__, self.kind),
                map(_FORMS.__getitem__, self.form),
                self.tool_calls,
                self.model,
                usages,
                self.usage_id,
                self.parent_source_id,
                self.occurred_at,
                self.content_bytes,
                self.metadata_bytes,
                self.body,
            )
        )
