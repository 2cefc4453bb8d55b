"""What has happened in each construct: counts of its sessions, messages and tokens, and the last event."""
