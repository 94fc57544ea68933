"""What stands between the bridge and a partner: places, pace, breaker, availability."""
