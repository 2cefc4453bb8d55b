"""The header Content-Disposition: under which name a browser saves what it downloads (RFC 6266, RFC 8187)."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

NAME_CHARACTERS_MAX = 200
PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 !#$&'()+,-.=@[]^_`{}~")
"""What stands in a quoted file name for itself; a percent sign does not, since some browsers decode it."""

KEPT = "!#$&+-.^_`|~"
"""Signs that RFC 8187 leaves as they are."""


def attachment(name: str) -> str:
    """The header for content that is to be saved under a name, and never shown.

    A name of plain ASCII stands in `filename` alone. Any other one stands in
    `filename*` as it is, and in `filename` with underscores for what is not
    plain, for clients that know no other. What could lead somewhere else on
    the client's disk, or reorder the text, is an underscore in both.
    """
    safe = "".join("_" if sign in "/\\" or unicodedata.category(sign)[0] == "C" else sign for sign in name)
    safe = safe[-NAME_CHARACTERS_MAX:].strip().lstrip(".") or "artifact"
    plain = "".join(sign if sign in PLAIN else "_" for sign in safe)
    if plain == safe:
        return f'attachment; filename="{plain}"'
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(safe, safe=KEPT)}"
