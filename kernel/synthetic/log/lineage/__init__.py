"""Lineage: the events behind a row, and the rows that an event touched, computed from what each fold declares."""
