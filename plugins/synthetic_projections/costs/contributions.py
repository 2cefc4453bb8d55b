"""What this theme gives to the kernel: a table of contents."""

from __future__ import annotations

from functools import partial

from synthetic import Command, Extension, GraphQL, Reference, Table, Travel, TravellingId
from synthetic_constructs.types import Construct
from synthetic_projections.costs import command, mutation, query, subscription
from synthetic_projections.costs.budget_types import Budget, find_budget_nodes
from synthetic_projections.costs.checks import CHECKS
from synthetic_projections.costs.errors import ERRORS
from synthetic_projections.costs.events import BUDGET_DELETED, EVENTS
from synthetic_projections.costs.folds import COSTS
from synthetic_projections.costs.metrics import METRICS
from synthetic_projections.costs.model import Dimension
from synthetic_projections.costs.services import SERVICES
from synthetic_projections.costs.store.sums import list_totals, list_totals_of_stories, list_totals_of_workflows
from synthetic_projections.costs.types import READS, CostEvent, costs_field
from synthetic_projections.theme import Theme
from synthetic_projections.workflows.group_types import Project, Story
from synthetic_projections.workflows.types import READS as WORKFLOW_READS
from synthetic_projections.workflows.types import Workflow
from synthetic_sessions.types import Session

_OF_CONSTRUCTS = partial(list_totals, Dimension.CONSTRUCT)
_OF_WORKFLOWS = (*READS, *WORKFLOW_READS)
_PAID = "What was paid stays paid: sums outlive the sessions and constructs that they are of."

THEME = Theme(
    tables=(
        Table(
            name="cost_events",
            purpose="Costs that somebody has recorded.",
            kept="What was paid stays paid: it outlives the session and the construct that it is of.",
            travel=Travel(
                entity="cost",
                ids=(
                    TravellingId(column="session_id", table="sessions", accompanies=True),
                    TravellingId(column="construct_id", table="constructs", accompanies=True),
                ),
            ),
        ),
        Table(
            name="cost_rollups",
            purpose="What was spent: in all, and by agent, project, construct and session, by quarter, day and ever.",
            key=("dimension", "key", "span_ms", "starts_at", "agent", "model", "currency", "source"),
            kept=_PAID,
        ),
        Table(
            name="cost_settled",
            purpose="What was spent under ids of constructs and sessions that were then given anew, by quarter.",
            key=("dimension", "key", "starts_at", "agent", "model", "currency", "source"),
            kept=_PAID,
        ),
        Table(
            name="cost_sessions",
            purpose="For which construct and agent each session spends.",
            key=("session_id",),
            kept=_PAID,
        ),
        Table(
            name="cost_constructs",
            purpose="For which project each construct spends.",
            key=("construct_id",),
            kept=_PAID,
        ),
        Table(name="cost_progress", purpose="What the sums of costs hold.", key=("name",), kept="One row."),
        Table(
            name="budgets",
            purpose="How much may be spent in a period, in all, for a project or for a construct.",
            references=(Reference(column="construct_id", table="constructs"),),
            deleted=BUDGET_DELETED,
            kept="Made by people; `plugins.projections.budgets` bounds how many.",
        ),
        Table(
            name="budget_alerts",
            purpose="What was told of the periods of budgets.",
            key=("budget_id", "period_at", "level"),
            references=(Reference(column="budget_id", table="budgets"),),
            kept="Two rows at most for a period of a budget; they go with it.",
        ),
    ),
    events=EVENTS,
    errors=ERRORS,
    graphql=(
        GraphQL(
            queries=(query.costs, query.cost_events, query.prices, query.budget, query.budgets),
            mutations=(mutation.record_cost, mutation.save_budget, mutation.delete_budget),
            subscriptions=(subscription.cost_updates,),
            extend=(
                Extension(type=Session, fields=(costs_field(partial(list_totals, Dimension.SESSION)),)),
                Extension(type=Construct, fields=(costs_field(_OF_CONSTRUCTS),)),
                Extension(type=Project, fields=(costs_field(partial(list_totals, Dimension.PROJECT)),)),
                Extension(type=Workflow, fields=(costs_field(list_totals_of_workflows, reads=_OF_WORKFLOWS),)),
                Extension(type=Story, fields=(costs_field(list_totals_of_stories, reads=_OF_WORKFLOWS),)),
            ),
            nodes={Budget: find_budget_nodes, CostEvent: query.find_cost_nodes},
        ),
    ),
    consumers=(COSTS,),
    services=SERVICES,
    checks=CHECKS,
    metrics=METRICS,
    commands=(
        Command(
            "costs",
            summary="Look at what was spent, at budgets and at prices.",
            verbs=(
                Command("show", command.show_),
                Command("budgets", command.budgets),
                Command("prices", command.prices),
            ),
        ),
    ),
)
