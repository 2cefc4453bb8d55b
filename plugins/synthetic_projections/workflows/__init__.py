"""Transitions of workflows, and what follows from them for workflows, stories and projects.

Tables: `workflow_transitions` and `workflow_machines` are facts; the fold
`workflows` computes `workflows`, `stories` and `projects` from their events,
with what each spends in which state.
"""
