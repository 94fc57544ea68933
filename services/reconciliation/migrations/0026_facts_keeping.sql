-- Drops copied facts older than `keep`, the oldest `most` of each stripe, and says how many. Kept are
-- those that are not read into our tables yet, and what stands behind them, however old they are:
-- what is left of a stripe has no hole. Reports of a day read facts
-- again, and those of a refund the payment's, which may be a year old: so nothing goes that is less
-- than 400 days before the oldest day with rows that is not closed. A service's login can take nothing away but by this.
CREATE FUNCTION drop_old_facts(keep interval, most int)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    oldest_open date;
    before timestamptz;
    dropped bigint;
BEGIN
    IF keep < interval '30 days' THEN
        RAISE EXCEPTION 'facts are kept for 30 days at least, not for %', keep;
    END IF;
    -- One process of a service at a time.
    IF NOT pg_try_advisory_xact_lock('facts'::regclass::oid::bigint) THEN
        RETURN 0;
    END IF;
    -- From day to day over the index, not over the rows.
    WITH RECURSIVE booked_day AS (
        (SELECT partner_id, day FROM our_rows ORDER BY partner_id, day LIMIT 1)
        UNION ALL
        SELECT following.partner_id, following.day
        FROM booked_day AS b CROSS JOIN LATERAL (
            SELECT o.partner_id, o.day FROM our_rows AS o
            WHERE (o.partner_id, o.day) > (b.partner_id, b.day)
            ORDER BY o.partner_id, o.day LIMIT 1
        ) AS following
    ), every_day AS (
        SELECT partner_id, day FROM booked_day UNION SELECT partner_id, day FROM days
    )
    SELECT min(e.day) INTO oldest_open
    FROM every_day AS e LEFT JOIN days AS d USING (partner_id, day)
    WHERE d.state IS DISTINCT FROM 'closed';
    before := least(
        now() - keep, coalesce(oldest_open, now()::date)::timestamptz - interval '400 days'
    );
    WITH oldest AS MATERIALIZED (
        SELECT p.source, p.stripe, f.sequence,
            f.event_time < before AND f.sequence <= CASE p.source WHEN 'gateway' THEN g.contiguous ELSE p.sequence END AS is_old
        FROM projected AS p
        CROSS JOIN LATERAL (
            -- Nothing reads the gateway's facts into tables.
            SELECT coalesce(min(first_sequence) - 1, 9223372036854775807) AS contiguous
            FROM fact_gaps WHERE source = p.source AND stripe = p.stripe
        ) AS g
        CROSS JOIN LATERAL (
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
