-- The last message of each topic that was dropped from a stripe by age: who asks for what was before
-- it is told that it is gone, and not that there is nothing.
CREATE TABLE outbox_drops (
    stripe smallint NOT NULL,
    topic text NOT NULL,
    last_sequence bigint NOT NULL,
    PRIMARY KEY (stripe, topic)
);
GRANT SELECT ON outbox_drops TO service_login;

-- Drops messages older than `keep`, the oldest `most` of each stripe, and says how many. Kept are
-- what is not known to be in Kafka, and what the service itself has not read of its own messages:
-- `own_stripes` are read up to `own_sequences`. A service's login can take nothing away but by this.
CREATE FUNCTION drop_old_messages(
    keep interval, most int, own_stripes smallint[], own_sequences bigint[]
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    dropped bigint;
BEGIN
    IF keep < interval '1 day' THEN
        RAISE EXCEPTION 'messages are kept for a day at least, not for %', keep;
    END IF;
    -- One process of a service at a time.
    IF NOT pg_try_advisory_xact_lock('outbox'::regclass::oid::bigint) THEN
        RETURN 0;
    END IF;
    WITH oldest AS MATERIALIZED (
        SELECT o.stripe, o.sequence, o.create_time
        FROM outbox_stripes AS s CROSS JOIN LATERAL (
            SELECT stripe, sequence, create_time FROM outbox
            WHERE stripe = s.stripe ORDER BY sequence LIMIT most
        ) AS o
    ), kept AS (
        SELECT held.stripe, min(held.sequence) AS sequence FROM (
            SELECT stripe, sequence FROM oldest WHERE create_time >= now() - keep
            UNION ALL
            SELECT f.stripe, f.sequence FROM outbox_flights
            CROSS JOIN LATERAL unnest(stripes, first_sequences) AS f (stripe, sequence)
            UNION ALL
            SELECT r.stripe, r.sequence + 1 FROM unnest(own_stripes, own_sequences)
                AS r (stripe, sequence)
        ) AS held GROUP BY held.stripe
    ), gone AS (
        DELETE FROM outbox AS o USING oldest LEFT JOIN kept ON kept.stripe = oldest.stripe
        WHERE o.stripe = oldest.stripe AND o.sequence = oldest.sequence
            AND (kept.sequence IS NULL OR oldest.sequence < kept.sequence)
        RETURNING o.stripe, o.topic, o.sequence
    ), told AS (
        INSERT INTO outbox_drops AS d (stripe, topic, last_sequence)
        SELECT stripe, topic, max(sequence) FROM gone GROUP BY stripe, topic
        ON CONFLICT (stripe, topic) DO UPDATE SET last_sequence = excluded.last_sequence
    )
    SELECT count(*) INTO dropped FROM gone;
    RETURN dropped;
END
$$;
REVOKE ALL ON FUNCTION drop_old_messages FROM PUBLIC;
GRANT EXECUTE ON FUNCTION drop_old_messages TO service_login;
