-- What settlement says of FX deals is copied too: banks' statements are to show both their sides.
ALTER TABLE fact_progress DROP CONSTRAINT fact_progress_source_check;
ALTER TABLE fact_progress ADD CONSTRAINT a_source_is_an_owner_of_facts
    CHECK (source IN ('wallet', 'bridge', 'gateway', 'settlement'));
INSERT INTO fact_progress (source, stripe)
SELECT 'settlement', stripe FROM generate_series(0, 63) AS stripe;
INSERT INTO projected (source, stripe)
SELECT 'settlement', stripe FROM generate_series(0, 63) AS stripe;

-- A person has vouched for it: where no statement shows it, nothing is missing.
ALTER TABLE our_rows ADD COLUMN by_hand boolean NOT NULL DEFAULT false;
CREATE INDEX rows_vouched_for ON our_rows (partner_id) WHERE by_hand;
