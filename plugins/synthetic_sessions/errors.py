"""What this plugin raises beyond the kernel's own codes."""

from __future__ import annotations

from synthetic import ConflictError


class SessionCycleError(ConflictError):
    """The session would become its own ancestor."""

    code = "SESSION_CYCLE"
    action = "Choose a parent that is not the session itself and not below it."


class SessionTooDeepError(ConflictError):
    """The session would stand too many levels below the first of its ancestors."""

    code = "SESSION_TOO_DEEP"
    action = "Choose a parent nearer to the first session, or raise `plugins.sessions.ancestors`."
