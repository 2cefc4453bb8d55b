"""Audit: who did what to the store, in a log that shows its gaps.

Every mutation and every command of an operator that the kernel tells of
(`record_operation`) is a row, written in the transaction of the change; one
that failed, in a transaction of its own. So are the use of tokens and refused
authorisation. Each row's hash covers the row and the hash before it: a row that
is changed, removed or put in by other means is found and named by
`synthetic check`. Rows go by age, in order, and what is left still begins at a
known hash.

Tables: `audit_log`, and `audit_chain` with where the log begins and ends.

States: none; a row is never changed.

Events: none. The log of events has what happened to the entities.

Error codes: none of its own.

Other plugins may import `store` and `types`.
"""
