"""Finding, checking and loading plugins, and taking one out of a store."""
