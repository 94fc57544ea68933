"""Our side: what the facts say a partner's file should hold, and nothing else than the facts."""
