"""What a person reads of an event: a short sentence, made of its type and what it carries. Pure.

An event of a type that is not listed here, such as a third party's, is told by
the words of its type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from synthetic import from_json

TITLE_CHARACTERS_MAX = 200

Teller = Callable[[str, Mapping[str, Any]], str]
"""From the id of the entity and the payload to a title."""


def title_of(event_type: str, entity_type: str, entity_id: str, payload: str) -> str:
    """The title of an event.

    Args:
        event_type: What happened: `session.saved`.
        entity_type: What kind of thing it is about.
        entity_id: Which one.
        payload: JSON text of an object.
    """
    tell = TITLES.get(event_type)
    text = _plain(event_type, entity_type, entity_id) if tell is None else tell(entity_id, from_json(payload))
    return text if len(text) <= TITLE_CHARACTERS_MAX else f"{text[: TITLE_CHARACTERS_MAX - 1]}…"


def _plain(event_type: str, entity_type: str, entity_id: str) -> str:
    what = event_type.partition(".")[2].replace("_", " ")
    return f"{entity_type.replace('_', ' ').capitalize()} {entity_id}: {what}"


def _saved(noun: str) -> Teller:
    """Of what has a status: that it was made, or what has changed of it."""

    def tell(id: str, data: Mapping[str, Any]) -> str:
        status, before = data.get("status"), data.get("previousStatus")
        if data.get("created"):
            return f"{noun} {id} began as {_word(status)}" if status else f"{noun} {id} was made"
        if status and before and status != before:
            return f"{noun} {id} went from {_word(before)} to {_word(status)}"
        return f"{noun} {id} was changed{_changed(data)}"

    return tell


def _changed(data: Mapping[str, Any]) -> str:
    names: list[str] = data.get("changed") or []
    return f": {', '.join(names)}" if names else ""


def _word(status: object) -> str:
    return str(status).lower().replace("_", " ")


def _number(count: object, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _movable(noun: str) -> Teller:
    """Of what works on a construct: that it has gone on to another one, or else as of all that has a status."""

    def tell(id: str, data: Mapping[str, Any]) -> str:
        now, before = data.get("constructId"), data.get("previousConstructId")
        if not data.get("created") and now != before:
            return f"{noun} {id} moved from {before or 'no construct'} to {now or 'no construct'}"
        return _saved(noun)(id, data)

    return tell


def _session(id: str, data: Mapping[str, Any]) -> str:
    agent, text = data.get("agent"), _movable("Session")(id, data)
    return f"{text}, by {agent}" if agent and data.get("created") else text


def _appended(_id: str, data: Mapping[str, Any]) -> str:
    calls = data.get("toolCalls")
    tools = f", {_number(calls, 'tool call')}" if calls else ""
    return f"{_number(data.get('messages'), 'message')} in session {data.get('sessionId')}{tools}"


def _job_status(id: str, data: Mapping[str, Any]) -> str:
    text = f"Job {id} went from {_word(data.get('previousStatus'))} to {_word(data.get('status'))}"
    error = data.get("error")
    return f"{text}: {error}" if error else text


def _progressed(id: str, data: Mapping[str, Any]) -> str:
    phase = data.get("phase")
    return f"Job {id} is at {data.get('progress')} %{f' ({phase})' if phase else ''}"


def _approval(verb: str) -> Teller:
    def tell(id: str, data: Mapping[str, Any]) -> str:
        return f"Approval {id} of {data.get('tool') or 'a step'} {verb}"

    return tell


def _decided(id: str, data: Mapping[str, Any]) -> str:
    return f"Approval {id} of {data.get('tool') or 'a step'} was {_word(data.get('status'))} by {data.get('decidedBy')}"


def _artifact(verb: str) -> Teller:
    def tell(id: str, data: Mapping[str, Any]) -> str:
        return f"Artifact {data.get('name') or id} was {verb}"

    return tell


def _linked(verb: str) -> Teller:
    def tell(_id: str, data: Mapping[str, Any]) -> str:
        return f"{data.get('fromId')} {verb} {data.get('toId')} ({_word(data.get('kind'))})"

    return tell


def _of(text: str) -> Teller:
    """A sentence with the id in it."""
    return lambda id, _data: text.format(id=id)


def _transitioned(id: str, data: Mapping[str, Any]) -> str:
    before = data.get("from")
    where = f"from {before} to {data.get('to')}" if before else f"to {data.get('to')}"
    return f"Workflow {id} went {where}"


def _document(id: str, data: Mapping[str, Any]) -> str:
    return _saved(_word(data.get("kind") or "document").capitalize())(id, data)


def _amount(micros: int) -> str:
    """Two decimals, or as many as there are."""
    whole, _, decimals = f"{micros / 1_000_000:,.6f}".partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def _cost(_id: str, data: Mapping[str, Any]) -> str:
    micros, agent = data.get("costMicros"), data.get("agent") or data.get("model")
    amount = "" if micros is None else f" of {_amount(micros)} {data.get('currency')}"
    return f"A cost{amount} was recorded{f' for {agent}' if agent else ''}"


TITLES: Mapping[str, Teller] = {
    "construct.saved": _saved("Construct"),
    "construct.deleted": _of("Construct {id} was deleted"),
    "construct_relationship.saved": _linked("was related to"),
    "construct_relationship.deleted": _linked("is not related any more to"),
    "session.saved": _session,
    "session.deleted": _of("Session {id} was deleted"),
    "transcript.created": lambda _id, data: f"A transcript of session {data.get('sessionId')} was begun",
    "transcript.messages_appended": _appended,
    "transcript.deleted": _of("Transcript {id} was deleted"),
    "job.saved": _movable("Job"),
    "job.status_changed": _job_status,
    "job.progressed": _progressed,
    "job.checkpointed": lambda id, data: f"Job {id} saved a checkpoint of {data.get('phase')}",
    "job.cancel_requested": _of("Job {id} is to be cancelled"),
    "job.deleted": _of("Job {id} was deleted"),
    "approval.requested": _approval("was asked for"),
    "approval.decided": _decided,
    "approval.expired": _approval("ran out undecided"),
    "approval.cancelled": _approval("is not needed any more"),
    "artifact.created": _artifact("stored"),
    "artifact.trashed": _artifact("deleted"),
    "artifact.restored": _artifact("restored"),
    "artifact.damaged": _artifact("found damaged"),
    "dead_letter.saved": lambda id, data: f"Dead letter {id}: {data.get('source')} failed with {data.get('code')}",
    "dead_letter.resolved": _of("Dead letter {id} was resolved"),
    "workflow.transitioned": _transitioned,
    "cost.recorded": _cost,
    "budget.warned": _of("Budget {id} came to the share at which it warns"),
    "budget.exceeded": _of("Budget {id} was exceeded"),
    "document.saved": _document,
    "document.deleted": _of("Document {id} was deleted"),
}
