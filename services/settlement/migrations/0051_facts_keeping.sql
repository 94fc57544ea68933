-- Drops copied facts older than `keep`, the oldest `most` of each stripe, and says how many. Kept are
-- those that are not read into our tables yet, and what stands behind them, however old they are:
-- what is left of a stripe has no hole. A service's login can take nothing away but by this.
CREATE FUNCTION drop_old_facts(keep interval, most int)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    dropped bigint;
BEGIN
    IF keep < interval '30 days' THEN
        RAISE EXCEPTION 'facts are kept for 30 days at least, not for %', keep;
    END IF;
    -- One process of a service at a time.
    IF NOT pg_try_advisory_xact_lock('facts'::regclass::oid::bigint) THEN
        RETURN 0;
    END IF;
    WITH oldest AS MATERIALIZED (
        SELECT p.source, p.stripe, f.sequence,
            f.event_time < now() - keep AND f.sequence <= p.sequence AS is_old
        FROM projected AS p CROSS JOIN LATERAL (
            SELECT sequence, event_time FROM facts
            WHERE source = p.source AND stripe = p.stripe ORDER BY sequence LIMIT most
        ) AS f
    ), kept AS (
        SELECT source, stripe, min(sequence) AS sequence FROM oldest
        WHERE is_old IS NOT TRUE GROUP BY source, stripe
    ), gone AS (
        DELETE FROM facts AS f USING oldest LEFT JOIN kept USING (source, stripe)
        WHERE (f.source, f.stripe, f.sequence) = (oldest.source, oldest.stripe, oldest.sequence)
            AND (kept.sequence IS NULL OR oldest.sequence < kept.sequence)
        RETURNING 1
    )
    SELECT count(*) INTO dropped FROM gone;
    RETURN dropped;
END
$$;
DO $$
BEGIN
    -- Temporary tables are looked for last: see the kit's 0003.
    EXECUTE format('ALTER FUNCTION drop_old_facts SET search_path = %I, pg_temp', current_schema());
END
$$;
REVOKE ALL ON FUNCTION drop_old_facts FROM PUBLIC;
GRANT EXECUTE ON FUNCTION drop_old_facts TO service_login;
