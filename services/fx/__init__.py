"""fx: trusted with rates and spreads; publishes rate sheets. Never touches balances."""
