"""What clients send in: inputs of the mutations, and the filter of `costs`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from typing import cast

import strawberry

from synthetic import DateTime, Long, bad_input, check_id
from synthetic_projections.costs.budget_model import BudgetContent
from synthetic_projections.costs.enums import BudgetPeriod, CostSource
from synthetic_projections.costs.model import CostContent
from synthetic_projections.costs.questions import Criteria

_COST = tuple(CostContent.__annotations__)
_BUDGET = tuple(BudgetContent.__annotations__)


@strawberry.input(
    description="A cost to record. It belongs to a session, else to a construct, else to a project, else to nobody: "
    "name the nearest of them, the others follow from it. It has an amount, or tokens of a model that the prices know."
)
class RecordCostInput:
    """The input of `recordCost`."""

    id: strawberry.ID | None = strawberry.field(
        default=None,
        description="1 to 200 printable characters: the same cost again under its id changes nothing. Without it, the "
        "cost is new and gets a UUIDv7.",
    )
    kind: str = strawberry.field(
        description="What was paid for, in a word of yours, such as `tool`, `compute` or `credit`."
    )
    session_id: strawberry.ID | None = strawberry.field(default=None, description="The session that spent it.")
    construct_id: strawberry.ID | None = strawberry.field(
        default=None, description="The construct, of a cost of no session."
    )
    project_id: strawberry.ID | None = strawberry.field(
        default=None, description="The project, of a cost of no session or construct."
    )
    agent: str | None = strawberry.field(
        default=None, description="Name of the agent that spent it, where no session says so."
    )
    model: str | None = strawberry.field(default=None, description="The model that it was spent on.")
    input_tokens: Long = strawberry.field(default=Long(0), description="Tokens that the model read.")
    output_tokens: Long = strawberry.field(default=Long(0), description="Tokens that it wrote.")
    cache_read_tokens: Long = strawberry.field(default=Long(0), description="Tokens that it read from a cache.")
    cache_write_tokens: Long = strawberry.field(default=Long(0), description="Tokens that were put into a cache.")
    cost_micros: Long | None = strawberry.field(
        default=None,
        description="What it cost, in millionths of the currency's unit; negative for what is given back. Without it, "
        "the tokens are priced by the table of prices.",
    )
    currency: str | None = strawberry.field(
        default=None, description="Of `costMicros`: three capital letters, such as USD."
    )
    note: str | None = strawberry.field(default=None, description="For people: at most 1,000 characters.")
    occurred_at: DateTime | None = strawberry.field(default=None, description="When it was spent; without it, now.")

    def content(self) -> CostContent:
        """What the sender gave."""
        return cast("CostContent", {name: getattr(self, name) for name in _COST})


@strawberry.input(
    description="A budget to store, or changes to one. A field that is left out keeps what is stored; "
    "in a new budget it takes its default."
)
class SaveBudgetInput:
    """The input of `saveBudget`."""

    id: strawberry.ID | None = strawberry.field(
        default=None, description="1 to 200 printable characters. Without it, the budget is new and gets a UUIDv7."
    )
    if_version: int | None = strawberry.field(
        default=None, description="The version that is to be changed. Needed to change what is stored."
    )
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="For people: 1 to 200 printable characters. A new budget needs it."
    )
    project_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Only what this project spends counts; null takes it away."
    )
    construct_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="Only what this construct spends counts; null takes it away. The budget goes with it.",
    )
    period: BudgetPeriod | None = strawberry.field(
        default=strawberry.UNSET, description="For how long it is. A new budget is for each month."
    )
    time_zone: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="By whose calendar: a name of the IANA database, such as Europe/Berlin. A new budget has UTC.",
    )
    limit_micros: Long | None = strawberry.field(
        default=strawberry.UNSET,
        description="How much may be spent, in millionths of the currency's unit. A new budget needs it.",
    )
    currency: str | None = strawberry.field(
        default=strawberry.UNSET, description="Of the limit: three capital letters, such as USD. A new budget needs it."
    )
    warn_at_percent: int | None = strawberry.field(
        default=strawberry.UNSET, description="At which share of the limit it warns: 1 to 100. A new budget: 80."
    )

    def content(self) -> BudgetContent:
        """What the sender gave, without what was left out."""
        given = {name: getattr(self, name) for name in _BUDGET}
        return cast("BudgetContent", {name: value for name, value in given.items() if value is not strawberry.UNSET})


@strawberry.input(description="A budget to delete.")
class DeleteBudgetInput:
    """The input of `deleteBudget`."""

    id: strawberry.ID = strawberry.field(description="Its id.")


@strawberry.input(description="Which costs are meant: all that is said here must hold.")
class CostFilter:
    """The filter of `costs`."""

    project_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="They belong to one of these projects."
    )
    construct_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="They belong to one of these constructs."
    )
    session_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="They belong to one of these sessions."
    )
    agents: list[str] | None = strawberry.field(default=None, description="One of these agents spent them.")
    models: list[str] | None = strawberry.field(default=None, description="They were spent on one of these models.")
    sources: list[CostSource] | None = strawberry.field(default=None, description="They are known from one of these.")

    def criteria(self) -> Criteria:
        """The filter as the store understands it."""
        return Criteria(
            project_ids=self.project_ids,
            construct_ids=self.construct_ids,
            session_ids=self.session_ids,
            agents=self.agents,
            models=self.models,
            sources=self.sources,
        )


@strawberry.input(description="Which recorded costs are meant: those of one owner, by what was recorded with them.")
class CostEventFilter:
    """The filter of `costEvents`; at most one of its fields."""

    session_id: strawberry.ID | None = strawberry.field(default=None, description="Recorded for this session.")
    construct_id: strawberry.ID | None = strawberry.field(
        default=None, description="Recorded for this construct, and not for a session of it."
    )
    project_id: strawberry.ID | None = strawberry.field(
        default=None, description="Recorded for this project, and not for a construct of it."
    )

    def owner(self) -> tuple[str, str | None]:
        """The column of the owner that is named, and the id; any column and None where none is.

        Raises:
            BadUserInputError: More than one is.
        """
        named = [name for name in ("session_id", "construct_id", "project_id") if getattr(self, name) is not None]
        if len(named) > 1:
            raise bad_input("filter", "may name one of sessionId, constructId and projectId")
        return (named[0], check_id(getattr(self, named[0]), "filter")) if named else ("session_id", None)
