"""Messages as documents: what was said, which tools were called with what, and what they answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import orjson

from synthetic import Snapshot, hookimpl, to_json
from synthetic_search.store import SearchDocument, SearchDocuments, SearchStretch
from synthetic_transcripts.content import DEPTH_MAX, text_of_blocks
from synthetic_transcripts.errors import ContentTooLargeError
from synthetic_transcripts.model import ContentForm, Message, MessageKind, MessageRole, MessageText, Transcript
from synthetic_transcripts.store import Speech, find_texts, find_transcript, load_bodies, read_messages

CALLS = frozenset({MessageKind.TOOL_CALL, MessageKind.OTHER})
"""Kinds of messages whose blocks may call tools."""

FACETS: Mapping[tuple[MessageRole, MessageKind], Mapping[str, str]] = {
    (role, kind): {"role": role.value, "type": kind.value} for role in MessageRole for kind in MessageKind
}


def follow_messages(snapshot: Snapshot, transcript_id: str, after: int, limit: int) -> SearchStretch | None:
    """The messages of a transcript after a seq."""
    transcript = find_transcript(snapshot, transcript_id)
    if transcript is None:
        return None
    speech = _speech_of(snapshot, transcript)
    while True:
        page = read_messages(snapshot, transcript, first=limit, after_seq=after)
        try:
            documents = _documents(snapshot, page.messages, {transcript.key: speech})
            break
        except ContentTooLargeError:
            # Together they are more than may be read at once; one alone never is.
            if limit <= 1:
                raise
            limit = min(limit, len(page.messages)) // 2
    through = page.messages[-1].seq if page.messages else after
    return SearchStretch(documents, str(transcript.key), through, page.more, basis=speech.construct_id or "")


def transcripts_of_sessions(snapshot: Snapshot, session_ids: Sequence[str]) -> list[str]:
    """Ids of the transcripts of sessions: a session may come to belong to another construct."""
    rows = snapshot.rows(
        "SELECT id FROM transcripts WHERE session_id IN (SELECT value FROM json_each(:ids))",
        {"ids": to_json(list(session_ids))},
    )
    return [id for (id,) in rows]


def read_message_documents(snapshot: Snapshot, ids: Sequence[str]) -> list[SearchDocument | None]:
    """Messages by their ids: that of the transcript, a colon, and the seq."""
    places = {id: (transcript_id, int(seq)) for id in ids for transcript_id, _, seq in (id.rpartition(":"),)}
    found, speeches = find_texts(snapshot, list(places.values()))
    try:
        listed = _documents(snapshot, found, speeches)
    except ContentTooLargeError:
        listed = [document for text in found for document in _documents(snapshot, [text], speeches)]
    documents = {document.id: document for document in listed}
    return [documents.get(id) for id in ids]


def scan_transcripts(snapshot: Snapshot, after: str | None, limit: int) -> list[str]:
    """Ids of transcripts, in their order."""
    rows = snapshot.rows(
        "SELECT id FROM transcripts WHERE id > :after ORDER BY id LIMIT :limit", {"after": after or "", "limit": limit}
    )
    return [id for (id,) in rows]


def _documents(
    snapshot: Snapshot, messages: Sequence[Message | MessageText], speeches: Mapping[int, Speech]
) -> list[SearchDocument]:
    documents: list[SearchDocument] = []
    for message, body in zip(messages, load_bodies(snapshot, messages), strict=True):
        speech = speeches[message.transcript_key]
        title, text = _text_of(message, body[: message.content_bytes])
        documents.append(
            SearchDocument(
                id=f"{speech.transcript_id}:{message.seq}",
                title=title,
                body=text,
                occurred_at=speech.created_at if message.occurred_at is None else message.occurred_at,
                construct_id=speech.construct_id,
                session_id=speech.session_id,
                facets=FACETS[message.role, message.kind],
                ordinal=message.seq,
            )
        )
    return documents


def _speech_of(snapshot: Snapshot, transcript: Transcript) -> Speech:
    construct_id = snapshot.value("SELECT construct_id FROM sessions WHERE id = :id", {"id": transcript.session_id})
    return Speech(transcript.id, transcript.session_id, transcript.created_at, construct_id)


def _text_of(message: Message | MessageText, content: bytes) -> tuple[str, str]:
    """The tools that a message calls, and all else that is read of it."""
    if message.form is ContentForm.TEXT or not content:
        return "", content.decode()
    text = text_of_blocks(content)
    if not message.tool_calls and message.kind not in CALLS:
        return "", text
    names: list[str] = []
    given: list[str] = []
    for block in _calls_in(orjson.loads(content)):
        if isinstance(name := block.get("name"), str):
            names.append(name)
        given += _leaves(block.get("input", block.get("arguments")), DEPTH_MAX)
    return " ".join(names), "\n".join(filter(None, (text, *given)))


def _calls_in(blocks: object) -> Iterator[dict[str, Any]]:
    """The blocks that call a tool, by what they are called with."""
    for block in cast("list[Any]", blocks) if isinstance(blocks, list) else ():
        if isinstance(block, dict) and ("input" in block or "arguments" in block):
            yield cast("dict[str, Any]", block)


def _leaves(value: object, levels: int) -> Iterator[str]:
    """The texts and numbers in a value of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield str(value)
    elif levels and isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from _leaves(item, levels - 1)
    elif levels and isinstance(value, dict):
        for item in cast("dict[str, Any]", value).values():
            yield from _leaves(item, levels - 1)


@hookimpl
def register_search_documents() -> tuple[SearchDocuments, ...]:
    """Each message is a document of its transcript."""
    return (
        SearchDocuments(
            kind="MESSAGE",
            entity="transcript",
            type_name="TranscriptMessage",
            purpose="Messages, by their text, the tools they call and with what, and the answers of tools.",
            read=read_message_documents,
            scan=scan_transcripts,
            follow=follow_messages,
            also={"session": transcripts_of_sessions},
        ),
    )
