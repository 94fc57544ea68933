"""The tables of webhooks: all their SQL."""
