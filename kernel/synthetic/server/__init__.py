"""The server: listening, connections, worker processes, start and stop."""

from synthetic.server.serve import serve

__all__ = ["serve"]
