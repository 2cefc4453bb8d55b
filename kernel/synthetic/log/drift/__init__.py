"""Drift: whether the tables of a fold are what the log makes of them, and which rows are not."""
