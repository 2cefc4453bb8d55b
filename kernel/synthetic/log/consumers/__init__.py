"""Consumers: what follows the log and derives tables from it, each at its own pace.

A fold computes rows from events alone; a mirror re-reads the entities that
events name. The position of each is committed with its work, so that neither a
crash nor a change of process lets it miss an event or take one in twice.
"""
