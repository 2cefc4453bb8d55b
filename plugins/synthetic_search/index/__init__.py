"""Documents and the full-text index: what is indexed, kept in step, and found by words."""
