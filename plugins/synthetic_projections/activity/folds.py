"""What follows the log."""

from __future__ import annotations

from synthetic import Fold
from synthetic_constructs.events import CONSTRUCT_DELETED, CONSTRUCT_SAVED, RELATIONSHIP_DELETED, RELATIONSHIP_SAVED
from synthetic_projections.activity.model import ConstructActivity, SessionActivity, TranscriptActivity, fold_activity
from synthetic_projections.activity.selectors import SELECTORS
from synthetic_sessions.events import SESSION_DELETED, SESSION_SAVED
from synthetic_transcripts.events import TRANSCRIPT_CREATED, TRANSCRIPT_DELETED, USAGE_EVENTS

ACTIVITY = Fold(
    name="activity",
    purpose="What has happened in each construct: sessions, messages, tokens and the last event.",
    tables={
        "construct_activity": ConstructActivity,
        "session_activity": SessionActivity,
        "transcript_activity": TranscriptActivity,
    },
    types=(
        CONSTRUCT_SAVED,
        CONSTRUCT_DELETED,
        RELATIONSHIP_SAVED,
        RELATIONSHIP_DELETED,
        SESSION_SAVED,
        SESSION_DELETED,
        TRANSCRIPT_CREATED,
        *USAGE_EVENTS,
        TRANSCRIPT_DELETED,
    ),
    apply=fold_activity,
    selectors=SELECTORS,
)
