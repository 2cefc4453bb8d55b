"""The enums of costs, as GraphQL shows them."""

from __future__ import annotations

from synthetic import describe_enum
from synthetic_projections.costs.budget_model import BudgetLevel, BudgetPeriod
from synthetic_projections.costs.model import CostSource
from synthetic_projections.costs.questions import CostGroup

__all__ = ["BudgetLevel", "BudgetPeriod", "CostGroup", "CostSource"]

describe_enum(
    CostSource,
    "Where a cost is known from.",
    {
        CostSource.USAGE: "From the usage that messages of transcripts tell, priced by the table of prices.",
        CostSource.RECORDED: "From `recordCost`.",
    },
)
describe_enum(
    CostGroup,
    "By what costs are told apart.",
    {
        CostGroup.PROJECT: "By project: that of the construct, or of the cost itself.",
        CostGroup.CONSTRUCT: "By construct: that which the session works on now.",
        CostGroup.SESSION: "By session.",
        CostGroup.AGENT: "By the name of the agent.",
        CostGroup.MODEL: "By model.",
        CostGroup.SOURCE: "By where they are known from: USAGE or RECORDED.",
    },
)
describe_enum(
    BudgetPeriod,
    "For how long a budget is, by the calendar of its time zone.",
    {
        BudgetPeriod.DAY: "For each day.",
        BudgetPeriod.WEEK: "For each week, from Monday on.",
        BudgetPeriod.MONTH: "For each month.",
        BudgetPeriod.TOTAL: "Once and for all.",
    },
)
describe_enum(
    BudgetLevel,
    "How far a budget is spent.",
    {
        BudgetLevel.OK: "Less than the share at which it warns.",
        BudgetLevel.WARNED: "At least the share at which it warns.",
        BudgetLevel.EXCEEDED: "More than the limit.",
    },
)
