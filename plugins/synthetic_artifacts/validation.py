"""Whether what is said about a new artifact is acceptable: pure, no SQL."""

from __future__ import annotations

import re
import unicodedata

from synthetic import bad_input, check_id, check_json_object
from synthetic_artifacts.model import ArtifactContent
from synthetic_artifacts.settings import ArtifactSettings

CONTENT_TYPE_CHARACTERS_MAX = 200

_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"  # noqa: S105 - a token of HTTP
_MEDIA_TYPE = re.compile(rf'{_TOKEN}/{_TOKEN}(?:[ \t]*;[ \t]*{_TOKEN}=(?:{_TOKEN}|"[ !#-\[\]-~]*"))*')
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


def check_name(name: object) -> str:
    """The name of an artifact: 1 to 200 printable characters, and the name of a file, not a path.

    It is composed (NFC), so that names that look the same are the same.

    Raises:
        BadUserInputError: It is none.
    """
    checked = check_id(unicodedata.normalize("NFC", check_id(name, "name")), "name")
    if "/" in checked or "\\" in checked or set(checked) == {"."}:
        raise bad_input("name", "must be the name of a file, without folders", action="Leave out what is before it.")
    return checked


def check_content_type(content_type: str) -> str:
    """A media type, with its parameters if it has any (RFC 9110, section 8.3.1).

    Raises:
        BadUserInputError: It is none.
    """
    if len(content_type) > CONTENT_TYPE_CHARACTERS_MAX or not _MEDIA_TYPE.fullmatch(content_type):
        raise bad_input("contentType", "must be a media type such as text/plain")
    return content_type


def check_sha256(sha256: str, field: str = "sha256") -> str:
    """A hash in hexadecimal digits, in lower case.

    Raises:
        BadUserInputError: It is none.
    """
    if not _SHA256.fullmatch(sha256):
        raise bad_input(field, "must be 64 hexadecimal digits")
    return sha256.lower()


def check_columns(content: ArtifactContent, limits: ArtifactSettings) -> dict[str, str | int | None]:
    """The columns that the content gives, each acceptable and as it is stored; what it points at is not looked up.

    Raises:
        BadUserInputError: A value is not acceptable; its field is named as in GraphQL.
    """
    return {
        "type": check_id(content.type, "type"),
        "name": check_name(content.name),
        "content_type": check_content_type(content.content_type),
        "metadata": check_json_object(
            content.metadata, "metadata", bytes_max=limits.metadata_bytes, depth_max=limits.metadata_depth
        ),
        "session_id": None if content.session_id is None else check_id(content.session_id, "sessionId"),
        "job_id": None if content.job_id is None else check_id(content.job_id, "jobId"),
        "expires_at": content.expires_at,
    }
