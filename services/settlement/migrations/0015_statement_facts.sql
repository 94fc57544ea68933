-- What reconciliation has found on statements is copied too.
ALTER TABLE fact_progress DROP CONSTRAINT fact_progress_source_check;
ALTER TABLE fact_progress ADD CONSTRAINT a_source_is_an_owner_of_facts
    CHECK (source IN ('wallet', 'bridge', 'gateway', 'reconciliation'));
INSERT INTO fact_progress (source, stripe)
SELECT 'reconciliation', stripe FROM generate_series(0, 63) AS stripe;
INSERT INTO projected (source, stripe)
SELECT 'reconciliation', stripe FROM generate_series(0, 63) AS stripe;
