"""The inputs of this theme's fields."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

import strawberry

from synthetic_projections.agents.enums import AgentMeasure, AgentWork
from synthetic_projections.agents.store import Criteria


@strawberry.input(description="Which agents and which of their work are meant: all that is said here must hold.")
class AgentMetricsFilter:
    """The filter of `agentMetrics`."""

    works: list[AgentWork] | None = strawberry.field(default=None, description="Runs of one of these sorts.")
    agents: list[str] | None = strawberry.field(
        default=None, description="The agent is one of these; an empty text stands for those that nobody has named."
    )
    kinds: list[str] | None = strawberry.field(
        default=None, description="The kind of the jobs is one of these; that of sessions is an empty text."
    )

    def criteria(self) -> Criteria:
        """The filter as the store understands it."""
        return Criteria(works=self.works, agents=self.agents, kinds=self.kinds)


@strawberry.input(description="Which outliers are meant: all that is said here must hold.")
class AgentOutlierFilter(AgentMetricsFilter):
    """The filter of `agentOutliers`."""

    measures: list[AgentMeasure] | None = strawberry.field(default=None, description="They stand out in one of these.")
