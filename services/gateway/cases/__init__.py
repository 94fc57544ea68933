"""Cases: what ledger or partner would not settle, and an operator's journaled word on it."""
