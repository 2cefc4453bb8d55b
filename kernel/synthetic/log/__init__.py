"""The log: events, positions, who follows them, and what has been derived from them."""
