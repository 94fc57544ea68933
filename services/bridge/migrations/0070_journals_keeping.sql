-- Journals are looked through from their oldest line.
CREATE INDEX attempts_by_time ON attempts (call_time);
CREATE INDEX payout_attempts_by_time ON payout_attempts (call_time);
CREATE INDEX dispute_attempts_by_time ON dispute_attempts (call_time);
CREATE INDEX disputes_of_a_charge ON disputes (charge_id);

-- Drops lines of the journals older than `keep`, up to `most` of each, and says how many. Kept are
-- those of what is not over, however old they are: a charge with something due, a refund or dispute
-- of it that is open, a payout that its bank is still asked about or has spoken against. A service's
-- login can take nothing away but by this.
CREATE FUNCTION drop_old_attempts(keep interval, most int)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    dropped bigint;
BEGIN
    IF keep < interval '180 days' THEN
        RAISE EXCEPTION 'journals are kept for 180 days at least, not for %', keep;
    END IF;
    -- One process of a service at a time.
    IF NOT pg_try_advisory_xact_lock('attempts'::regclass::oid::bigint) THEN
        RETURN 0;
    END IF;
    WITH old_calls AS MATERIALIZED (
        SELECT a.charge_id, a.refund_id, a.turn FROM attempts AS a
        WHERE a.call_time < now() - keep
            AND NOT EXISTS (
                SELECT FROM charges AS c WHERE c.charge_id = a.charge_id
                    AND (c.due_time IS NOT NULL OR c.state < 4 OR c.closing <> 0)
            )
            AND NOT EXISTS (
                SELECT FROM refunds AS r WHERE r.charge_id = a.charge_id AND r.state = 1
            )
            AND NOT EXISTS (
                SELECT FROM disputes AS d
                WHERE d.charge_id = a.charge_id AND d.state NOT IN (5, 6, 8)
            )
        ORDER BY a.call_time LIMIT most
    ), calls AS (
        DELETE FROM attempts AS a USING old_calls AS o
        WHERE (a.charge_id, a.refund_id, a.turn) = (o.charge_id, o.refund_id, o.turn) RETURNING 1
    ), old_payouts AS MATERIALIZED (
        SELECT a.payout_id, a.turn FROM payout_attempts AS a
        WHERE a.call_time < now() - keep AND NOT EXISTS (
            SELECT FROM payouts AS p WHERE p.payout_id = a.payout_id
                AND (p.due_time IS NOT NULL OR p.contradicted)
        )
        ORDER BY a.call_time LIMIT most
    ), paid AS (
        DELETE FROM payout_attempts AS a USING old_payouts AS o
        WHERE (a.payout_id, a.turn) = (o.payout_id, o.turn) RETURNING 1
    ), old_disputes AS MATERIALIZED (
        SELECT a.dispute_id, a.turn FROM dispute_attempts AS a
        WHERE a.call_time < now() - keep AND NOT EXISTS (
            SELECT FROM disputes AS d
            WHERE d.dispute_id = a.dispute_id AND d.state NOT IN (5, 6, 8)
        )
        ORDER BY a.call_time LIMIT most
    ), disputed AS (
        DELETE FROM dispute_attempts AS a USING old_disputes AS o
        WHERE (a.dispute_id, a.turn) = (o.dispute_id, o.turn) RETURNING 1
    )
    SELECT (SELECT count(*) FROM calls) + (SELECT count(*) FROM paid)
        + (SELECT count(*) FROM disputed) INTO dropped;
    RETURN dropped;
END
$$;
DO $$
BEGIN
    -- Temporary tables are looked for last: see the kit's 0003.
    EXECUTE format(
        'ALTER FUNCTION drop_old_attempts SET search_path = %I, pg_temp', current_schema()
    );
END
$$;
REVOKE ALL ON FUNCTION drop_old_attempts FROM PUBLIC;
GRANT EXECUTE ON FUNCTION drop_old_attempts TO service_login;
