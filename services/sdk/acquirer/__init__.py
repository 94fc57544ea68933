"""What merchant acquirers call."""
