"""Webhooks: where they go, what was sent, and whether one that came is genuine."""
