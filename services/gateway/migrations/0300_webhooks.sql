-- Where participants are told of events. Secrets are sealed with the key of the setting.
CREATE TABLE webhook_endpoints (
    participant_id text NOT NULL REFERENCES participants,
    endpoint_id text COLLATE "C" NOT NULL,
    url text NOT NULL CHECK (length(url) <= 2048),
    -- Empty: all.
    event_types text[] NOT NULL,
    active boolean NOT NULL,
    inactive_reason text NOT NULL DEFAULT '',
    secret bytea NOT NULL,
    previous_secret bytea,
    previous_secret_until timestamptz,
    -- Null while the last attempt went well.
    failing_since timestamptz,
    -- It asked not to be called before then; by the service's clock.
    rest_until timestamptz,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    delete_time timestamptz,
    PRIMARY KEY (participant_id, endpoint_id),
    CONSTRAINT who_is_not_active_says_why CHECK (active = (inactive_reason = '')),
    CONSTRAINT what_is_deleted_is_not_active CHECK (delete_time IS NULL OR NOT active),
    CONSTRAINT a_previous_secret_has_an_end CHECK (
        (previous_secret IS NULL) = (previous_secret_until IS NULL)
    )
);

-- One event for one endpoint. `subject` is what the order is kept for; (rank, event_time, stripe,
-- sequence) is the order.
CREATE TABLE webhook_deliveries (
    delivery_id text COLLATE "C" PRIMARY KEY,
    participant_id text NOT NULL,
    endpoint_id text COLLATE "C" NOT NULL,
    event_id text NOT NULL,
    event_type text NOT NULL,
    subject text COLLATE "C" NOT NULL,
    rank smallint NOT NULL,
    event_time timestamptz NOT NULL,
    stripe smallint NOT NULL,
    sequence bigint NOT NULL,
    body text NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
    attempt_count int NOT NULL DEFAULT 0,
    -- Of all attempts, also those before a replay.
    attempt_total int NOT NULL DEFAULT 0,
    -- By the service's clock.
    next_attempt_time timestamptz,
    -- By Postgres's clock, while somebody sends it; `lease` says who.
    lease_until timestamptz,
    lease text NOT NULL DEFAULT '',
    last_status int NOT NULL DEFAULT 0,
    reason text NOT NULL DEFAULT '',
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    FOREIGN KEY (participant_id, endpoint_id) REFERENCES webhook_endpoints,
    CONSTRAINT an_endpoint_is_told_once UNIQUE (participant_id, endpoint_id, event_id),
    CONSTRAINT only_what_is_pending_is_due CHECK (
        (state = 'pending') = (next_attempt_time IS NOT NULL)
    ),
    CONSTRAINT only_what_is_pending_is_leased CHECK (state = 'pending' OR lease_until IS NULL)
) WITH (fillfactor = 80);
CREATE INDEX due_webhook_deliveries
    ON webhook_deliveries (participant_id, endpoint_id, next_attempt_time)
    WHERE state = 'pending';
CREATE INDEX waiting_webhook_deliveries
    ON webhook_deliveries (participant_id, endpoint_id, subject, rank, event_time)
    WHERE state = 'pending';
CREATE INDEX leased_webhook_deliveries ON webhook_deliveries (participant_id, endpoint_id)
    WHERE lease_until IS NOT NULL;
CREATE INDEX listed_webhook_deliveries ON webhook_deliveries (participant_id, delivery_id);
CREATE INDEX ended_webhook_deliveries
    ON webhook_deliveries (participant_id, endpoint_id, state, event_time)
    WHERE state <> 'pending';
CREATE INDEX old_webhook_deliveries ON webhook_deliveries (state, update_time)
    WHERE state <> 'pending';

CREATE TABLE webhook_attempts (
    delivery_id text COLLATE "C" NOT NULL REFERENCES webhook_deliveries ON DELETE CASCADE,
    number int NOT NULL,
    start_time timestamptz NOT NULL,
    milliseconds int NOT NULL,
    status int NOT NULL,
    outcome text NOT NULL,
    answer text NOT NULL CHECK (length(answer) <= 1024),
    PRIMARY KEY (delivery_id, number)
);

-- How far the gateway's own facts have been read into deliveries. A round reads up to `target`,
-- which is what all stripes had reached at one moment: nothing is sent until a round is through.
CREATE TABLE webhook_stripes (
    stripe smallint PRIMARY KEY,
    sequence bigint NOT NULL,
    target bigint NOT NULL,
    CONSTRAINT a_round_is_not_passed CHECK (sequence <= target)
) WITH (fillfactor = 20);
-- Facts keep to the lower half of the stripes. What was before nobody was told of.
INSERT INTO webhook_stripes (stripe, sequence, target)
SELECT stripe, last_sequence, last_sequence FROM outbox_stripes WHERE stripe < 32;

GRANT SELECT, INSERT, UPDATE ON webhook_endpoints TO service_login;
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_deliveries TO service_login;
GRANT SELECT, INSERT, DELETE ON webhook_attempts TO service_login;
GRANT SELECT, UPDATE ON webhook_stripes TO service_login;
