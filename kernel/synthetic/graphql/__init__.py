"""The GraphQL layer: the schema from plugins' parts, its execution, and the transports."""
