-- Messages a service has decided to send, written in the transaction that decided it. They stay as
-- the service's facts: (stripe, sequence) is gapless, so that a reader can tell what it has missed.
CREATE TABLE outbox (
    stripe smallint NOT NULL CHECK (stripe BETWEEN 0 AND 63),
    sequence bigint NOT NULL CHECK (sequence > 0),
    topic text NOT NULL,
    key text NOT NULL,
    type text NOT NULL,
    payload bytea NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (stripe, sequence)
);

-- The last sequence of each stripe; its row lock orders the writers of a stripe.
CREATE TABLE outbox_stripes (
    stripe smallint PRIMARY KEY,
    last_sequence bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 20);
INSERT INTO outbox_stripes (stripe) SELECT generate_series(0, 63);

-- Written batches that are not known to be in Kafka yet. The writer deletes its flight after the
-- acknowledgement, with its next batch; what a dead writer leaves is sent by a relay.
CREATE TABLE outbox_flights (
    flight_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stripes smallint[] NOT NULL,
    first_sequences bigint[] NOT NULL,
    last_sequences bigint[] NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now()
);

GRANT SELECT, INSERT ON outbox TO service_login;
GRANT SELECT, UPDATE ON outbox_stripes TO service_login;
GRANT SELECT, INSERT, UPDATE, DELETE ON outbox_flights TO service_login;
