"""The ledger's rules: pure, synchronous, without a database or a clock."""
