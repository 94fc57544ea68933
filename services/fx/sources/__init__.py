"""Where rates come from: one protocol, three sources, and the chain that asks them in order."""
