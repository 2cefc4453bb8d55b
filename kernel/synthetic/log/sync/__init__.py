"""Sync state: of every module, whether what it holds is up to date, and what to do where it is not.

A module is a consumer of the log, or something outside that says with
`report_sync` how it fares. One pure function (`judgement.judge`) makes a status
of what is known about a module; queries, the route, the command line and the
monitor all ask it. Where a status changes, the change is published: it is
written to `sync_state` and to the log, which subscribers follow.
"""
