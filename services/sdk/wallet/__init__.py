"""What partner wallets call."""
