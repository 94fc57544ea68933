-- What each deposit has spent per hour: payments less refunds, from the ledger's facts.
CREATE TABLE prefund_spending (
    account_id text NOT NULL,
    -- The beginning of the hour, UTC.
    hour_time timestamptz NOT NULL,
    spent_minor bigint NOT NULL,
    CONSTRAINT an_hour_is_summed_once PRIMARY KEY (account_id, hour_time)
) WITH (fillfactor = 60);

-- Below which available amount the people are told, and whether they have been.
CREATE TABLE prefund_thresholds (
    account_id text PRIMARY KEY,
    threshold_minor bigint NOT NULL CHECK (threshold_minor >= 0),
    low boolean NOT NULL DEFAULT false,
    operator text NOT NULL,
    put_time timestamptz NOT NULL
);

GRANT SELECT, INSERT, UPDATE ON prefund_spending, prefund_thresholds TO service_login;
