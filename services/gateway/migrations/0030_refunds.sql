-- What was asked to be given back, and what it comes to per leg: written once, never changed.
CREATE TABLE refund_asks (
    reference text COLLATE "C" PRIMARY KEY,
    participant_id text NOT NULL,
    refund_id text COLLATE "C" NOT NULL,
    digest bytea NOT NULL,
    payment_reference text COLLATE "C" NOT NULL REFERENCES payments (reference),
    payment_id text NOT NULL,
    note text NOT NULL,
    target_minor bigint NOT NULL,
    mid_minor bigint NOT NULL CHECK (mid_minor >= 0),
    spread_minor bigint NOT NULL CHECK (spread_minor >= 0),
    payable_minor bigint NOT NULL CHECK (payable_minor >= 0),
    fee_minor bigint NOT NULL CHECK (fee_minor >= 0),
    create_time timestamptz NOT NULL,
    CONSTRAINT refund_references_have_26_characters CHECK (length(reference) = 26),
    CONSTRAINT refund_ids_are_unique_per_participant UNIQUE (participant_id, refund_id),
    CONSTRAINT a_refund_is_positive CHECK (target_minor > 0),
    CONSTRAINT merchant_and_house_share_the_refund CHECK (target_minor = payable_minor + fee_minor)
);
CREATE INDEX refunds_of_a_payment ON refund_asks (payment_reference);

-- Where each refund stands.
CREATE TABLE refunds (
    reference text COLLATE "C" PRIMARY KEY REFERENCES refund_asks,
    state text NOT NULL,
    step text NOT NULL,
    update_time timestamptz NOT NULL,
    reason text NOT NULL DEFAULT '',
    message text NOT NULL DEFAULT '',
    repeat_count int NOT NULL DEFAULT 0,
    -- By Postgres's clock; null while nothing is outstanding.
    next_sweep_time timestamptz,
    CONSTRAINT refund_steps_fit_states CHECK (
        CASE state
            WHEN 'pending' THEN step IN ('reserve', 'deliver', 'collect', 'operator')
            WHEN 'completed' THEN step IN ('post', 'done')
            ELSE state = 'declined' AND step IN ('void', 'done')
        END
    ),
    CONSTRAINT outstanding_refunds_are_swept CHECK (
        (next_sweep_time IS NOT NULL) = (step NOT IN ('operator', 'done'))
    )
) WITH (fillfactor = 70);
CREATE INDEX outstanding_refunds ON refunds (next_sweep_time) WHERE next_sweep_time IS NOT NULL;

GRANT SELECT, INSERT ON refund_asks TO service_login;
GRANT SELECT, INSERT, UPDATE ON refunds TO service_login;
