"""Projections: facts about the fleet's work, and read models that are folded from the log.

A read model holds nothing of its own: it can be made anew from the log at any
time. The plugin is cut into themes, a package each, which `plugin.py` joins;
their docstrings name their tables:

- `activity`: what has happened in each construct.
- `workflows`: transitions, machines, and where workflows, stories and projects
  stand.
- `documents`: plans, stories, notes and hand-overs, with every version.
- `costs`: what was spent, by whom and when, and budgets.
- `agents`: how each agent fares, and what stands out.
- `lineage`: what happened to a construct, in order.

Events, error codes and states are those of the themes' `events.py`,
`errors.py` and `enums.py`.
"""
