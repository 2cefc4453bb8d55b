"""Reviews: what a reviewer thinks of a construct.

Tables: `reviews`. Events: `review.saved`, `review.deleted`. Error codes: REVIEW_CHANGED.
"""
