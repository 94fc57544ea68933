"""Webhooks: participants are told of events over HTTP, by the Standard Webhooks specification.

Deliveries come from the gateway's own facts: `reading` turns what the outbox holds into one row per
event and endpoint, in one transaction with its place, so nothing is told twice or forgotten, and
payments do not wait for it. `worker` sends what is due; `schedule` decides what follows from an
attempt; `addresses` keeps it from being used to reach inside.
"""
