-- Participants look for what is dead among all that was delivered in a month.
CREATE INDEX dead_webhook_deliveries ON webhook_deliveries (participant_id, delivery_id)
    WHERE state = 'dead';
