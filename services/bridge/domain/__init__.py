"""What charges and refunds go through, as pure rules: no clock, no database, no partner here."""
