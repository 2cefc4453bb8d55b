"""Saved searches: kept, looked for in all that is indexed from then on, and told of what they find.

Tables: `saved_searches`, and `saved_search_hits` with what they have found.
"""
