"""Exports and imports: how constructs travel from one store into another.

An export is one file that says everything of itself (`manifest`, and
docs/export-format.md). What travels is found by what plugins declare of their
tables (`travelling`, `selection`), so that rows of third parties and of plugins
that are not loaded travel like any others. An export is hostile until it has
been read from end to end (`archive_reading`); only then is anything written,
each construct in one transaction (`importing`).
"""
