"""What this theme gives to the kernel: a table of contents."""

from __future__ import annotations

from synthetic import Command, GraphQL, Table
from synthetic_projections.agents import command, query
from synthetic_projections.agents.checks import CHECKS
from synthetic_projections.agents.folds import AGENTS
from synthetic_projections.agents.metrics import METRICS
from synthetic_projections.theme import Theme

THEME = Theme(
    tables=(
        Table(
            name="agent_runs",
            purpose="What each session, and each job that was claimed, adds to the sums of its agent.",
            key=("work", "run_id"),
            kept="One row a run; it goes when the log says that the session or job has gone.",
        ),
        Table(
            name="agent_groups",
            purpose="Which agents do which work.",
            key=("work", "agent", "kind"),
            kept="One row for each agent and kind of work.",
        ),
        Table(
            name="agent_metrics",
            purpose="Sums of the runs of an agent and kind that began in a quarter of an hour, or on a day.",
            key=("work", "agent", "kind", "grain", "begin_at"),
            kept="Short rows, at most 97 a day for an agent and kind; what was done stays when its run is deleted.",
        ),
        Table(
            name="agent_windows",
            purpose="What the latest runs of a kind came to, with which the next one is compared.",
            key=("work", "agent", "kind", "measure"),
            kept="One row for each kind and measure, of so many runs as the settings say.",
        ),
        Table(
            name="agent_outliers",
            purpose="Runs that differ from those before them, with the evidence.",
            key=("work", "run_id", "measure"),
            kept="Few; each goes when the log says that its session or job has gone.",
        ),
    ),
    graphql=(GraphQL(queries=(query.agent_metrics, query.agent_outliers)),),
    consumers=(AGENTS,),
    checks=CHECKS,
    metrics=METRICS,
    commands=(
        Command(
            "agents",
            summary="See how agents fare, and which of their runs stand out.",
            verbs=(Command("list", command.list_), Command("outliers", command.outliers)),
        ),
    ),
)
