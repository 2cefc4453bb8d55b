"""What a save may say about a job: checked, and as it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from synthetic import bad_input, check_id, check_json, check_json_object, check_text
from synthetic_jobs.model import FIELDS, JobContent, LapsePolicy
from synthetic_jobs.settings import JobSettings

OPTIONAL_IDS = (
    "user_id",
    "project_id",
    "construct_id",
    "parent_id",
    "key",
    "caller",
    "response_channel",
    "idempotency_key",
)
PRIORITY_MAX = 9
ATTEMPTS_MAX = 1_000
INSTANT_MAX = 253_402_300_799_999
"""The last millisecond of the year 9999: ISO 8601 tells none after it."""


def check_content(content: JobContent, limits: JobSettings) -> dict[str, Any]:
    """The columns that a save gives, each acceptable and as it is stored.

    Raises:
        BadUserInputError: A value is not acceptable; its field is named as in GraphQL.
    """
    given = cast("Mapping[str, Any]", content)
    columns: dict[str, Any] = {
        name: None if given[name] is None else check_id(given[name], FIELDS.get(name, name))
        for name in OPTIONAL_IDS
        if name in given
    }
    if "kind" in given:
        columns["kind"] = check_id(given["kind"], "kind")
    if "command" in given:
        columns["command"] = check_command(given["command"], limits)
    for name, bytes_max in (("params", limits.params_bytes), ("metadata", limits.metadata_bytes)):
        if name in given:
            columns[name] = check_json_object(given[name], name, bytes_max=bytes_max, depth_max=limits.json_depth)
    if "priority" in given:
        columns["priority"] = check_whole(given["priority"], "priority", 0, PRIORITY_MAX)
    if "max_attempts" in given:
        columns["max_attempts"] = check_whole(given["max_attempts"], "maxAttempts", 1, ATTEMPTS_MAX)
    if "on_lapse" in given:
        if given["on_lapse"] not in LapsePolicy.__members__.values():
            raise bad_input("onLapse", "must be one of " + ", ".join(LapsePolicy))
        columns["on_lapse"] = str(given["on_lapse"])
    if "run_after" in given:
        columns["run_after"] = check_instant(given["run_after"], "runAfter")
    return columns


def check_command(command: object, limits: JobSettings) -> str | None:
    """A command, or None where there is none.

    Raises:
        BadUserInputError: It is too long, blank, or no text.
    """
    if command is None:
        return None
    return check_text(command, "command", characters_min=1, characters_max=limits.command_characters)


def check_whole(value: object, field: str, least: int, most: int) -> int:
    """A whole number within bounds.

    Raises:
        BadUserInputError: It is none, or outside them.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise bad_input(field, f"must be a whole number from {least:,} to {most:,}")
    return value


def check_instant(value: object, field: str) -> int:
    """An instant, in Unix milliseconds UTC.

    Raises:
        BadUserInputError: It is none, or no event could tell it.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= INSTANT_MAX:
        raise bad_input(field, "must be an instant of the years 1970 to 9999")
    return value


def check_result(result: object, limits: JobSettings) -> str:
    """What a job came to, as canonical JSON.

    Raises:
        BadUserInputError: It is no JSON, too large or too deep.
    """
    return check_json(result, "result", bytes_max=limits.result_bytes, depth_max=limits.json_depth)


def check_error(message: object, field: str, limits: JobSettings) -> str:
    """An error message; what is longer than may be kept is cut, since it comes from programs that cannot know.

    Raises:
        BadUserInputError: It is blank or no text, or holds what cannot be stored.
    """
    if isinstance(message, str) and len(message) > limits.error_characters:
        message = message[: limits.error_characters - 1] + "…"
    return check_text(message, field, characters_min=1, characters_max=limits.error_characters)
