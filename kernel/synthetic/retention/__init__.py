"""Retention: rows that are older than their rule keeps them are deleted, with all that belongs to them."""
