"""Digests: how many reviews of each verdict there are, folded from the log.

Tables: `review_digests`.
"""
