"""Who may come in: the gate, tokens, rates, names of hosts and origins."""
