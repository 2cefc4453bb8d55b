"""Checks of a store: running them, what they come to, and those that the kernel brings itself.

`running` runs one check in a snapshot, whatever state the store is in;
`outcomes` is what comes of it, in the shape of the error contract. The
kernel's own checks are in `database_checks`, `log_checks` and
`ledger_checks`; `declared` puts them together with those of plugins. What
shows them is `fields` (GraphQL) and `synthetic.cli.check`.
"""
