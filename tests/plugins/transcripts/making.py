"""Messages to append, and a transcript as plain Python would keep it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from synthetic import Store, from_json
from synthetic_sessions.store import SessionFacts, merge_session_facts
from synthetic_transcripts.model import ContentForm
from synthetic_transcripts.store import (
    Message,
    MessageKind,
    MessageRole,
    ModelUsage,
    NewMessage,
    NewTranscript,
    Transcript,
    Usage,
    append_messages,
    ensure_transcript,
    get_transcript,
    list_usage,
    load_bodies,
    read_messages,
    seal_tail,
)

SMALL = {
    "plugins.transcripts.stretch_messages": "8",
    "plugins.transcripts.stretch_bytes": "65536",
    "plugins.transcripts.apart_bytes": "1024",
}
"""Settings with which a few messages already fill stretches, and a page of text is stored apart."""

NAMES: st.SearchStrategy[str] = st.sampled_from(
    ["a", "b", "claude", "2f5c9a0e-55aa-4c1e-9d7e-0123456789ab", "2F5C9A0E-55AA-4C1E-9D7E-0123456789AB"]
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(["", "\0", "x" * 1_500])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
BLOCKS = st.lists(
    st.fixed_dictionaries({"type": st.sampled_from(["text", "tool_use"]), "text": TEXTS}) | VALUES, max_size=3
)
TOKENS = st.integers(0, 1_000_000_000)
USAGES = st.builds(Usage, TOKENS, TOKENS, TOKENS, TOKENS)
SOURCE_IDS = st.integers(0, 40).map(str) | NAMES


@st.composite
def messages(draw: st.DrawFn, source_ids: st.SearchStrategy[str] = SOURCE_IDS) -> NewMessage:
    """A message of any sort, whose source id is drawn from a small set, so that repeats occur."""
    content: dict[str, Any] = draw(
        st.just({}) | st.fixed_dictionaries({"text": TEXTS}) | st.fixed_dictionaries({"blocks": BLOCKS})
    )
    return NewMessage(
        source_id=draw(source_ids),
        role=draw(st.sampled_from(MessageRole)),
        kind=draw(st.sampled_from(MessageKind)),
        tool_calls=draw(st.integers(0, 3)),
        model=draw(st.none() | st.sampled_from(["", "large", "small"])),
        usage=draw(st.none() | USAGES),
        usage_id=draw(st.none() | st.sampled_from(["r1", "r2", "r3", "r4"])),
        parent_source_id=draw(st.none() | SOURCE_IDS),
        occurred_at=draw(st.none() | st.integers(0, 253_402_300_799_999)),
        metadata=draw(st.just({}) | st.dictionaries(TEXTS, VALUES, max_size=3)),
        **content,
    )


def plain(number: int, **fields: Any) -> NewMessage:
    """The message with this number: a text of a user, unless other fields are given."""
    given = {"source_id": str(number), "role": MessageRole.USER, "kind": MessageKind.TEXT, **fields}
    return NewMessage(**({} if "blocks" in given else {"text": f"message {number}"}) | given)


def plain_messages(count: int, start: int = 1) -> list[NewMessage]:
    """Messages numbered from `start`."""
    return [plain(number) for number in range(start, start + count)]


def begin(store: Store, transcript_id: str = "t", session_id: str = "s") -> str:
    """A transcript without messages; its id."""
    store.write(merge_session_facts, session_id, SessionFacts(started_at=0))
    store.write(ensure_transcript, NewTranscript(id=transcript_id, session_id=session_id))
    return transcript_id


def seal(store: Store, transcript_id: str = "t") -> int:
    """Seal its tail; how many messages were in it."""
    return store.write(lambda tx: seal_tail(tx, get_transcript(tx, transcript_id)))


def everything(store: Store, transcript_id: str = "t") -> list[dict[str, Any]]:
    """All messages of a transcript, as what they say."""

    def read(snapshot: Any) -> list[dict[str, Any]]:
        transcript = get_transcript(snapshot, transcript_id)
        found = read_messages(snapshot, transcript, first=transcript.message_count).messages
        return [said(message, body) for message, body in zip(found, load_bodies(snapshot, found), strict=True)]

    return store.read(read)


def said(message: Message, body: bytes) -> dict[str, Any]:
    """What a stored message says, in the terms of `NewMessage`."""
    content, metadata = body[: message.content_bytes], body[message.content_bytes :]
    is_text = message.form == ContentForm.TEXT
    return {
        "seq": message.seq,
        "source_id": message.source_id,
        "role": message.role,
        "kind": message.kind,
        "text": content.decode() if is_text else None,
        "blocks": None if is_text else from_json(content or b"[]"),
        "tool_calls": message.tool_calls,
        "model": message.model,
        "usage": message.usage,
        "usage_id": message.usage_id,
        "parent_source_id": message.parent_source_id,
        "occurred_at": message.occurred_at,
        "metadata": from_json(metadata or b"{}"),
    }


@dataclass
class PlainTranscript:
    """A transcript as a list of the messages that are new, in order."""

    messages: list[NewMessage] = field(default_factory=list[NewMessage])
    source_ids: set[str] = field(default_factory=set[str])

    def append(self, batch: Iterable[NewMessage]) -> int:
        """Keep what is new; how many those are."""
        before = len(self.messages)
        for message in batch:
            if message.source_id not in self.source_ids:
                self.source_ids.add(message.source_id)
                self.messages.append(message)
        return len(self.messages) - before

    def said(self) -> list[dict[str, Any]]:
        """What its messages say."""
        return [
            {
                "seq": seq,
                "source_id": message.source_id,
                "role": message.role,
                "kind": message.kind,
                "text": None if message.blocks is not None else message.text or "",
                "blocks": message.blocks,
                "tool_calls": message.tool_calls,
                "model": message.model or None,
                "usage": message.usage,
                "usage_id": message.usage_id,
                "parent_source_id": message.parent_source_id,
                "occurred_at": message.occurred_at,
                "metadata": message.metadata,
            }
            for seq, message in enumerate(self.messages, 1)
        ]

    def usage(self) -> list[ModelUsage]:
        """What its responses cost, by model: the last word on each, or the message's own."""
        responses = {
            ("response", message.usage_id) if message.usage_id is not None else ("message", message.source_id): message
            for message in self.messages
            if message.usage is not None
        }
        sums: dict[str, list[int]] = {}
        for message in responses.values():
            usage = message.usage or Usage()
            tokens = (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens, usage.cache_write_tokens, 1)
            old = sums.get(message.model or "", [0, 0, 0, 0, 0])
            sums[message.model or ""] = [a + b for a, b in zip(old, tokens, strict=True)]
        return [ModelUsage(model or None, *sums[model]) for model in sorted(sums)]

    def agrees_with(self, store: Store, transcript_id: str) -> None:
        """Compare all that the store says of a transcript with what this one says."""
        assert everything(store, transcript_id) == self.said()
        transcript = store.read(get_transcript, transcript_id)
        kinds = Counter(message.kind for message in self.messages)
        instants = [message.occurred_at for message in self.messages if message.occurred_at is not None]
        assert transcript.message_count == len(self.messages)
        assert list(transcript.counts) == [kinds[kind] for kind in MessageKind]
        assert transcript.tool_call_count == sum(message.tool_calls for message in self.messages)
        assert (transcript.first_at, transcript.last_at) == (min(instants, default=None), max(instants, default=None))
        assert store.read(lambda snapshot: list_usage(snapshot, [transcript.key]))[0] == self.usage()


def append(store: Store, batch: Sequence[NewMessage], transcript_id: str = "t") -> Any:
    """Append a batch; what it came to."""
    return store.write(append_messages, transcript_id, batch)


def layout(store: Store, transcript_id: str = "t") -> tuple[list[int], int]:
    """How many messages each stretch has, and how many the tail has, by counting rows."""

    def read(snapshot: Any) -> tuple[list[int], int]:
        key = get_transcript(snapshot, transcript_id).key
        sizes = snapshot.rows(
            "SELECT last_seq - first_seq + 1 FROM transcript_stretches WHERE transcript_key = :key ORDER BY first_seq",
            {"key": key},
        )
        tail = snapshot.value("SELECT count(*) FROM transcript_messages WHERE transcript_key = :key", {"key": key})
        return [size for (size,) in sizes], tail

    return store.read(read)


WORDS = [
    first + second
    for first in ("", "re", "con", "data", "file", "un", "sub", "trans")
    for second in ("form", "path", "test", "value", "line", "run", "er")
]


def session_of_an_agent(count: int, seed: int = 1) -> list[NewMessage]:
    """Messages like those of a coding agent's session: much is repeated, ids are random, tools quote files."""
    chance = random.Random(seed)

    def uuid() -> str:
        digits = f"{chance.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def prose(words: int) -> str:
        return " ".join(chance.choices(WORDS, k=words))

    files = [prose(250) for _ in range(6)]
    made: list[NewMessage] = []
    parent, at, response = None, 1_760_000_000_000, ""
    for number in range(count):
        at += chance.randrange(20, 9_000)
        metadata: dict[str, Any] = {
            "cwd": "/srv/projects/orders",
            "version": "2.1.39",
            "gitBranch": "feature/orders",
            "userType": "external",
            "isSidechain": False,
        }
        fields: dict[str, Any] = {"role": MessageRole.ASSISTANT, "kind": MessageKind.OTHER}
        step = number % 10
        if step == 0:
            response = f"msg_{chance.getrandbits(100):x}"
        if step in (0, 1):
            kind = (MessageKind.THINKING, MessageKind.TEXT)[step]
            blocks = [{"type": kind.lower(), kind.lower(): prose(40)}]
            fields |= {"kind": kind, "blocks": blocks, "model": "large-1", "usage_id": response}
            fields["usage"] = Usage(chance.randrange(5_000), chance.randrange(900), chance.randrange(90_000), 512)
        elif step == 2:
            call = {"type": "tool_use", "id": uuid(), "name": "Read", "input": {"path": prose(3)}}
            fields |= {"kind": MessageKind.TOOL_CALL, "blocks": [call], "tool_calls": 1, "model": "large-1"}
            fields |= {"usage_id": response, "usage": Usage(3, 200, 17_842, 8_165)}
        elif step == 3:
            text = chance.choice(files)
            result = {"type": "tool_result", "tool_use_id": uuid(), "content": text}
            fields |= {"role": MessageRole.USER, "kind": MessageKind.TOOL_RESULT, "blocks": [result]}
            metadata["toolUseResult"] = {"stdout": text, "stderr": "", "interrupted": False}
        else:
            metadata |= {"type": "progress", "toolUseID": uuid(), "parentToolUseID": uuid()}
            metadata["data"] = {
                "type": "hook_progress",
                "hookEvent": "PostToolUse",
                "hookName": "PostToolUse:Read",
                "command": "${PLUGIN_ROOT}/scripts/after-tool-use.sh --format json",
            }
        message = NewMessage(source_id=uuid(), parent_source_id=parent, occurred_at=at, metadata=metadata, **fields)
        parent = message.source_id
        made.append(message)
    return made


def transcript_of(store: Store, transcript_id: str = "t") -> Transcript:
    """The transcript's row."""
    return store.read(get_transcript, transcript_id)
