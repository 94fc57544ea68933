-- The trace parent of the fact, sent along with its event.
ALTER TABLE webhook_deliveries ADD trace text NOT NULL DEFAULT '';
