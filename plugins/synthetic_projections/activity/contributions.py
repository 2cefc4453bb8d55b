"""What this theme gives to the kernel: a table of contents."""

from __future__ import annotations

from synthetic import Extension, GraphQL, Table
from synthetic_constructs.types import Construct
from synthetic_projections.activity import types
from synthetic_projections.activity.folds import ACTIVITY
from synthetic_projections.theme import Theme

THEME = Theme(
    tables=(
        Table(
            name="construct_activity",
            purpose="What has happened in each construct: counts and the last event.",
            key=("construct_id",),
            kept="One row a construct; it goes when the log says that the construct has gone.",
        ),
        Table(
            name="session_activity",
            purpose="What each session adds to the counts of its construct.",
            key=("session_id",),
            kept="One row a session; it goes when the log says that the session has gone.",
        ),
        Table(
            name="transcript_activity",
            purpose="What each transcript adds to the counts of its session.",
            key=("transcript_id",),
            kept="One row a transcript; it goes when the log says that the transcript has gone.",
        ),
    ),
    graphql=(GraphQL(extend=(Extension(type=Construct, fields=(types.activity,)),)),),
    consumers=(ACTIVITY,),
)
