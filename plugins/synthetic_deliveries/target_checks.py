"""What a target may be: its URL, and the types of events that it names. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

import httpx

from synthetic import bad_input, check_text

URL_CHARACTERS_MAX = 2_000
PORT_MAX = 65_535
TYPES_MAX = 100
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
_TYPE = re.compile(r"\*|[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*(\.\*)?")
TYPE_CHARACTERS_MAX = 200


def check_url(text: object) -> str:
    """A URL that can be posted to, in the one form in which it is stored: ASCII, the host's name as DNS has it.

    Raises:
        BadUserInputError: It is none, or has what would be lost or leak: a user, a password, a fragment.
    """
    given = check_text(text, "url", characters_max=URL_CHARACTERS_MAX, characters_min=8)
    try:
        url = httpx.URL(given)
        host = url.raw_host.decode("ascii")
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise bad_input("url", "must be a URL") from error
    if url.scheme not in ("http", "https"):
        raise bad_input("url", "must begin with https:// or http://")
    if not _HOST.fullmatch(host):
        raise bad_input("url", "must name a host")
    if url.userinfo:
        raise bad_input("url", "must hold no user or password; requests are signed with the secret")
    if url.fragment:
        raise bad_input("url", "must have no fragment: nobody is sent it")
    if url.port is not None and not 1 <= url.port <= PORT_MAX:
        raise bad_input("url", "must name a port that exists")
    stored = f"{url.scheme}://{url.netloc.decode('ascii')}{url.raw_path.decode('ascii')}"
    return check_text(stored, "url", characters_max=URL_CHARACTERS_MAX)


def check_types(types: Sequence[str]) -> list[str]:
    """Types of events, each once and in order.

    Raises:
        BadUserInputError: They are too many, or one can be no type nor the beginning of one.
    """
    if len(types) > TYPES_MAX:
        raise bad_input("eventTypes", f"must hold at most {TYPES_MAX} types")
    for each in types:
        if len(each) > TYPE_CHARACTERS_MAX or not _TYPE.fullmatch(each):
            raise bad_input("eventTypes", "must hold types such as `job.failed`, or their beginnings such as `job.*`")
    return sorted(set(types))
