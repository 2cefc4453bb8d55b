"""Stretches: how messages that are sealed together become bytes, and messages again.

A stretch is two parts. The ids part holds the source ids that are UUIDs (see
identities.py); it does not compress. The rest is the bodies of the messages,
then the other columns as one JSON array, then the length of that array (four
bytes, the lowest first); it is one zstd frame with a checksum.

Bodies stand first and each message's metadata next to its content, because
agents' logs repeat in the metadata what the content says. Tried on real
sessions, this order is the smallest, columns beat rows by 2 %, and JSON beats
MessagePack by 1 %.

`FORMAT` is stored with every stretch; a new layout gets a new number, and this
file goes on reading the old ones.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from itertools import accumulate
from operator import add
from typing import NamedTuple, TypeVar, cast

import msgspec
import zstandard
from msgspec.structs import astuple

from synthetic_transcripts.columns import Columns
from synthetic_transcripts.errors import TranscriptDamagedError
from synthetic_transcripts.identities import PackedIds, pack_ids, pack_parents, unpack_parents
from synthetic_transcripts.model import ContentForm, MessageKind, MessageRole, MessageText

FORMAT = 1

_LENGTH_BYTES = 4
_ROLE_LETTERS = {role.value: letter for role, letter in zip(MessageRole, "uast", strict=True)}
_KIND_LETTERS = {kind.value: letter for kind, letter in zip(MessageKind, "xhcrso", strict=True)}
_FORM_LETTERS = {form.value: letter for form, letter in zip(ContentForm, "tb", strict=True)}
_ROLES = {letter: role for role, letter in _ROLE_LETTERS.items()}
_KINDS = {letter: kind for kind, letter in _KIND_LETTERS.items()}
_FORMS = {letter: form for form, letter in _FORM_LETTERS.items()}
_ROLE_MEMBERS = {letter: MessageRole(role) for letter, role in _ROLES.items()}
_KIND_MEMBERS = {letter: MessageKind(kind) for letter, kind in _KINDS.items()}
_FORM_MEMBERS = {letter: ContentForm(form) for letter, form in _FORMS.items()}


class _Head(msgspec.Struct, array_like=True, frozen=True):
    """All columns but the bodies; enumerations are one letter a message, times are differences."""

    source_id: Sequence[str | None]
    roles: str
    kinds: str
    forms: str
    apart: Sequence[int]
    tool_calls: Sequence[int]
    model: Sequence[str | None]
    input_tokens: Sequence[int | None]
    output_tokens: Sequence[int | None]
    cache_read_tokens: Sequence[int | None]
    cache_write_tokens: Sequence[int | None]
    usage_id: Sequence[str | None]
    parents: Sequence[int | str | None]
    time_steps: Sequence[int | None]
    content_bytes: Sequence[int]
    metadata_bytes: Sequence[int]


class _TextHead(msgspec.Struct, array_like=True, frozen=True):
    """A `_Head` of which only the columns are read that say where a text is and what it is of."""

    source_id: msgspec.Raw
    roles: str
    kinds: str
    forms: str
    apart: Sequence[int]
    tool_calls: Sequence[int]
    model: msgspec.Raw
    input_tokens: msgspec.Raw
    output_tokens: msgspec.Raw
    cache_read_tokens: msgspec.Raw
    cache_write_tokens: msgspec.Raw
    usage_id: msgspec.Raw
    parents: msgspec.Raw
    time_steps: Sequence[int | None]
    content_bytes: Sequence[int]
    metadata_bytes: Sequence[int]


HeadT = TypeVar("HeadT", _Head, _TextHead)


class Encoded(NamedTuple):
    """A stretch before compression: the ids part, and the rest."""

    ids: bytes
    rest: bytes


_head_encoder = msgspec.json.Encoder()
_head_decoder = msgspec.json.Decoder(_Head)
_text_head_decoder = msgspec.json.Decoder(_TextHead)
_local = threading.local()


def compress(payload: bytes, level: int) -> bytes:
    """One zstd frame that says its size and carries a checksum."""
    return zstandard.ZstdCompressor(level=level, write_checksum=True).compress(payload)


def decompress(frame: bytes, size_bytes: int) -> bytes:
    """What `compress` was given.

    Args:
        frame: The frame.
        size_bytes: Its size once decompressed, as stored beside it: a frame
            that claims another is not even begun.

    Raises:
        TranscriptDamagedError: It is no such frame.
    """
    try:
        if zstandard.frame_content_size(frame) != size_bytes:
            raise TranscriptDamagedError
        return _decompressor().decompress(frame)
    except zstandard.ZstdError as error:
        raise TranscriptDamagedError from error


def _decompressor() -> zstandard.ZstdDecompressor:
    """The thread's own: to make one takes half as long as it then takes to decompress a stretch."""
    found: zstandard.ZstdDecompressor | None = getattr(_local, "decompressor", None)
    if found is None:
        found = _local.decompressor = zstandard.ZstdDecompressor()
    return found


def encode(columns: Columns) -> Encoded:
    """Bring the messages of a stretch into bytes."""
    ids, other_ids = pack_ids(columns.source_id)
    head = _head_encoder.encode(
        _Head(
            source_id=other_ids,
            roles="".join(map(_ROLE_LETTERS.__getitem__, columns.role)),
            kinds="".join(map(_KIND_LETTERS.__getitem__, columns.kind)),
            forms="".join(map(_FORM_LETTERS.__getitem__, columns.form)),
            apart=[index for index, body in enumerate(columns.body) if body is None],
            tool_calls=columns.tool_calls,
            model=columns.model,
            input_tokens=columns.input_tokens,
            output_tokens=columns.output_tokens,
            cache_read_tokens=columns.cache_read_tokens,
            cache_write_tokens=columns.cache_write_tokens,
            usage_id=columns.usage_id,
            parents=pack_parents(columns.source_id, columns.parent_source_id),
            time_steps=_steps(columns.occurred_at),
            content_bytes=columns.content_bytes,
            metadata_bytes=columns.metadata_bytes,
        )
    )
    bodies = [body for body in columns.body if body is not None]
    return Encoded(ids, b"".join([*bodies, head, len(head).to_bytes(_LENGTH_BYTES, "little")]))


def head_bytes(encoded: Encoded) -> int:
    """How many bytes are parsed before a message is found, as the stretch says; at most all of it."""
    return min(int.from_bytes(encoded.rest[-_LENGTH_BYTES:], "little"), len(encoded.rest))


class Sealed:
    """The messages of a stretch, of which only those that are asked for are brought out.

    Attributes:
        length: How many messages it has.
    """

    def __init__(self, encoded: Encoded) -> None:
        """Read what is needed to find a message.

        Raises:
            TranscriptDamagedError: It is not what `encode` makes.
        """
        rest = encoded.rest
        head, head_start = _read_head(rest, _head_decoder)
        self.length = len(head.source_id)
        self._rest = rest
        self._head = head
        self._ids = PackedIds(encoded.ids, head.source_id)
        self._apart = frozenset(head.apart)
        sizes = list(map(add, head.content_bytes, head.metadata_bytes))
        for index in self._apart & set(range(len(sizes))):
            sizes[index] = 0
        self._places = list(accumulate(sizes, initial=0))
        lengths = {
            len(column) for name, column in zip(_Head.__struct_fields__, astuple(head), strict=True) if name != "apart"
        }
        if lengths != {self.length} or self._places[-1] != head_start or not self._ids.complete:
            raise TranscriptDamagedError

    def source_id(self, index: int) -> str:
        """The source id of one message."""
        return self._ids[index]

    def indexes_of(self, kinds: Collection[MessageKind], start: int, stop: int) -> list[int]:
        """Which messages from `start` up to, not including, `stop` are of these kinds."""
        letters = {_KIND_LETTERS[kind] for kind in kinds}
        return [index for index, letter in enumerate(self._head.kinds[start:stop], start) if letter in letters]

    def columns(self, start: int = 0, stop: int | None = None) -> Columns:
        """The messages from `start` up to, not including, `stop`, or to the end.

        Raises:
            TranscriptDamagedError: They are not what `encode` makes.
        """
        head, stop = self._head, self.length if stop is None else stop
        try:
            return Columns(
                source_id=self._ids.part(start, stop),
                role=[_ROLES[letter] for letter in head.roles[start:stop]],
                kind=[_KINDS[letter] for letter in head.kinds[start:stop]],
                form=[_FORMS[letter] for letter in head.forms[start:stop]],
                tool_calls=head.tool_calls[start:stop],
                model=head.model[start:stop],
                input_tokens=head.input_tokens[start:stop],
                output_tokens=head.output_tokens[start:stop],
                cache_read_tokens=head.cache_read_tokens[start:stop],
                cache_write_tokens=head.cache_write_tokens[start:stop],
                usage_id=head.usage_id[start:stop],
                parent_source_id=unpack_parents(self._ids, head.parents, start, stop),
                occurred_at=_instants(head.time_steps[:stop])[start:],
                content_bytes=head.content_bytes[start:stop],
                metadata_bytes=head.metadata_bytes[start:stop],
                body=[
                    None if index in self._apart else self._rest[self._places[index] : self._places[index + 1]]
                    for index in range(start, stop)
                ],
            )
        except (KeyError, IndexError) as error:
            raise TranscriptDamagedError from error


def texts_at(encoded: Encoded, held: range, places: Sequence[tuple[int, int]]) -> list[MessageText]:
    """What some messages of a stretch say; no ids and no usage are read, which are most of the work of a `Sealed`.

    Args:
        encoded: The stretch.
        held: The seqs of its messages.
        places: The key of the transcript, and the seqs of those that are wanted.

    Raises:
        TranscriptDamagedError: It is not what `encode` makes, or of other messages.
    """
    head, head_start = _read_head(encoded.rest, _text_head_decoder)
    steps, contents, metadata = head.time_steps, head.content_bytes, head.metadata_bytes
    columns = (head.roles, head.kinds, head.forms, head.tool_calls, steps, contents, metadata)
    apart = {index: contents[index] + metadata[index] for index in head.apart if index < len(contents)}
    sealed_bytes = sum(contents) + sum(metadata) - sum(apart.values())
    if any(len(column) != len(held) for column in columns) or sealed_bytes != head_start:
        raise TranscriptDamagedError
    texts: list[MessageText] = []
    for key, seq in places:
        index = seq - held.start
        stand_apart = sum(size for place, size in apart.items() if place < index) if apart else 0
        start = sum(contents[:index]) + sum(metadata[:index]) - stand_apart
        body = None if index in apart else encoded.rest[start : start + contents[index] + metadata[index]]
        at = None if steps[index] is None else sum(filter(None, steps[: index + 1]))
        try:
            role, kind = _ROLE_MEMBERS[head.roles[index]], _KIND_MEMBERS[head.kinds[index]]
            form = _FORM_MEMBERS[head.forms[index]]
        except KeyError as error:
            raise TranscriptDamagedError from error
        calls = head.tool_calls[index]
        texts.append(MessageText(key, seq, role, kind, form, calls, at, contents[index], metadata[index], body))
    return texts


def _read_head(rest: bytes, decoder: msgspec.json.Decoder[HeadT]) -> tuple[HeadT, int]:
    """The columns behind the bodies, and where they begin.

    Raises:
        TranscriptDamagedError: There are none.
    """
    head_end = len(rest) - _LENGTH_BYTES
    head_start = head_end - int.from_bytes(rest[head_end:], "little")
    try:
        return decoder.decode(memoryview(rest)[max(head_start, 0) : head_end]), head_start
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise TranscriptDamagedError from error


def _steps(instants: Sequence[int | None]) -> list[int | None]:
    """Each instant less the one before it: small numbers, which compress to a byte or two."""
    steps: list[int | None] = []
    last = 0
    for instant in instants:
        if instant is None:
            steps.append(None)
        else:
            steps.append(instant - last)
            last = instant
    return steps


def _instants(steps: Sequence[int | None]) -> list[int | None]:
    if None not in steps:
        return list(accumulate(cast("Sequence[int]", steps)))
    instants: list[int | None] = []
    last = 0
    for step in steps:
        if step is None:
            instants.append(None)
        else:
            last += step
            instants.append(last)
    return instants
