-- What partners contest of completed payments: written once, never changed. The amounts of the legs
-- say what of the payment is covered, and count against what can be refunded.
CREATE TABLE dispute_claims (
    reference text COLLATE "C" PRIMARY KEY,
    dispute_id text COLLATE "C" NOT NULL CONSTRAINT a_dispute_is_opened_once UNIQUE,
    payment_reference text COLLATE "C" NOT NULL REFERENCES payments (reference),
    side text NOT NULL CHECK (side IN ('collect', 'deliver')),
    partner_id text NOT NULL,
    partner_reference text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency text NOT NULL,
    reason text NOT NULL,
    answer_until timestamptz,
    mid_minor bigint NOT NULL CHECK (mid_minor >= 0),
    spread_minor bigint NOT NULL CHECK (spread_minor >= 0),
    payable_minor bigint NOT NULL CHECK (payable_minor >= 0),
    fee_minor bigint NOT NULL CHECK (fee_minor >= 0),
    create_time timestamptz NOT NULL,
    CONSTRAINT dispute_references_have_26_characters CHECK (length(reference) = 26)
);
CREATE INDEX disputes_of_a_payment ON dispute_claims (payment_reference);

-- Where each dispute stands.
CREATE TABLE disputes (
    reference text COLLATE "C" PRIMARY KEY REFERENCES dispute_claims,
    state text NOT NULL,
    step text NOT NULL,
    update_time timestamptz NOT NULL,
    reason text NOT NULL DEFAULT '',
    message text NOT NULL DEFAULT '',
    repeat_count int NOT NULL DEFAULT 0,
    attempt int NOT NULL DEFAULT 0,
    stuck_at text,
    -- By Postgres's clock; null while nothing is outstanding.
    next_sweep_time timestamptz,
    CONSTRAINT dispute_steps_fit_states CHECK (
        CASE state
            WHEN 'open' THEN step IN ('reserve', 'suspend', 'hold', 'operator')
            WHEN 'answered' THEN step IN ('reserve', 'suspend', 'answer', 'operator')
            WHEN 'won' THEN step IN ('reserve', 'suspend', 'void', 'operator', 'done')
            ELSE state = 'lost' AND step NOT IN ('hold', 'answer')
        END
    ),
    CONSTRAINT dispute_cases_say_where_they_are_stuck
        CHECK (step <> 'operator' OR stuck_at IS NOT NULL),
    CONSTRAINT outstanding_disputes_are_swept CHECK (
        (next_sweep_time IS NOT NULL) = (step NOT IN ('hold', 'operator', 'done'))
    )
) WITH (fillfactor = 70);
CREATE INDEX outstanding_disputes ON disputes (next_sweep_time) WHERE next_sweep_time IS NOT NULL;
CREATE INDEX dispute_cases ON disputes (update_time) WHERE step = 'operator';

-- What was answered, and by whom: one answer to a dispute.
CREATE TABLE dispute_answers (
    reference text COLLATE "C" PRIMARY KEY REFERENCES dispute_claims,
    accept boolean NOT NULL,
    evidence text NOT NULL,
    operator text NOT NULL CHECK (operator <> ''),
    key_id text NOT NULL,
    answer_time timestamptz NOT NULL,
    CONSTRAINT a_fight_needs_evidence CHECK (accept OR evidence <> '')
);

GRANT SELECT, INSERT ON dispute_claims, dispute_answers TO service_login;
GRANT SELECT, INSERT, UPDATE ON disputes TO service_login;
