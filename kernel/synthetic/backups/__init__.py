"""Backups: copies of a whole store that are proven as they are made, and the way back from them.

A backup is of one position of the log: the database as one read transaction
saw it, and every file beside it that its rows name (`taking`). What is copied
is cut into pieces, each kept once under the hash of its content (`pieces`,
`objects`), so that the next backup into the same folder copies only what has
changed. A backup counts from the moment its record is written, which is last
of all, after it was read back, restored into a scratch place and checked
(`proving`). Which ones are kept is `rotation`; when they are taken, `service`;
putting one in the place of a store, `restoring`.
"""
