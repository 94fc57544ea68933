"""Plumbing without payments: settings, Postgres, outbox, Kafka, batches, RPC, logs, life."""
