-- The trace parent that a message carries in its header; empty where none was known.
ALTER TABLE outbox ADD trace text NOT NULL DEFAULT '';
