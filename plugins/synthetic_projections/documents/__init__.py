"""Plans, stories, notes and hand-overs, every version kept.

Tables: `documents`, and `document_versions` with their bodies.
"""
