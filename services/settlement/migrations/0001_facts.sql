-- Settlement's own copy of what wallet, bridge and gateway have said, as it was said. Append-only.
CREATE TABLE facts (
    source text NOT NULL,
    stripe smallint NOT NULL CHECK (stripe BETWEEN 0 AND 63),
    sequence bigint NOT NULL CHECK (sequence > 0),
    key text NOT NULL,
    type text NOT NULL,
    payload bytea NOT NULL,
    -- As the message states it; null where it could not be read.
    event_time timestamptz,
    CONSTRAINT a_fact_is_kept_once PRIMARY KEY (source, stripe, sequence)
);

-- How far each stripe is known, but for its gaps. Its row lock orders those who bring facts.
CREATE TABLE fact_progress (
    source text NOT NULL CHECK (source IN ('wallet', 'bridge', 'gateway')),
    stripe smallint NOT NULL CHECK (stripe BETWEEN 0 AND 63),
    highest_sequence bigint NOT NULL DEFAULT 0,
    fact_count bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (source, stripe)
) WITH (fillfactor = 20);
INSERT INTO fact_progress (source, stripe)
SELECT source, stripe
FROM unnest(ARRAY['wallet', 'bridge', 'gateway']) AS source, generate_series(0, 63) AS stripe;

-- Sequences below the highest that have not been seen. A row goes when the owner has been asked.
CREATE TABLE fact_gaps (
    source text NOT NULL,
    stripe smallint NOT NULL,
    first_sequence bigint NOT NULL,
    last_sequence bigint NOT NULL,
    notice_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, stripe, first_sequence),
    FOREIGN KEY (source, stripe) REFERENCES fact_progress,
    CONSTRAINT a_gap_is_not_empty CHECK (last_sequence >= first_sequence)
);

GRANT SELECT, INSERT ON facts TO service_login;
GRANT SELECT, UPDATE ON fact_progress TO service_login;
GRANT SELECT, INSERT, DELETE ON fact_gaps TO service_login;
