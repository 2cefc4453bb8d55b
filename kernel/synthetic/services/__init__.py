"""Background work: services and consumers, run by the one process that holds the background lease."""
