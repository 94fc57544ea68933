-- How long what is paid into escrow is held unless the buyer confirms receipt; zero: none is taken.
ALTER TABLE corridors
    ADD escrow_days int NOT NULL DEFAULT 0
        CONSTRAINT escrows_last_a_quarter_at_most CHECK (escrow_days BETWEEN 0 AND 90);

-- Whether a payment's target goes into escrow instead of to its merchant.
ALTER TABLE payments ADD escrowed boolean NOT NULL DEFAULT false;

-- Payments that were confirmed into escrow. Amounts are before the merchant's fee. What was returned
-- is the sum of `escrow_minor` over the payment's refunds that were not declined: who changes a row
-- has locked the payment, as who makes a refund has.
CREATE TABLE escrows (
    reference text COLLATE "C" PRIMARY KEY REFERENCES payments (reference),
    participant_id text NOT NULL,
    payment_id text COLLATE "C" NOT NULL,
    acquirer_id text NOT NULL,
    total_minor bigint NOT NULL,
    released_minor bigint NOT NULL DEFAULT 0,
    released_fee_minor bigint NOT NULL DEFAULT 0,
    -- By the service's clock; while it is disputed, what it was when the clock was stopped.
    release_time timestamptz NOT NULL,
    dispute_time timestamptz,
    dispute_reason text NOT NULL DEFAULT '',
    -- False once the time was over and nothing was left to be released.
    open boolean NOT NULL DEFAULT true,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    CONSTRAINT no_more_is_released_than_was_paid
        CHECK (released_minor BETWEEN 0 AND total_minor),
    CONSTRAINT its_fee_is_part_of_what_is_released
        CHECK (released_fee_minor BETWEEN 0 AND released_minor),
    CONSTRAINT disputes_say_why CHECK (dispute_time IS NOT NULL OR dispute_reason = '')
);
CREATE INDEX escrows_of_a_wallet ON escrows (participant_id, reference);
CREATE INDEX escrows_of_an_acquirer ON escrows (acquirer_id, reference);
CREATE INDEX escrows_to_release ON escrows (release_time) WHERE open AND dispute_time IS NULL;
CREATE INDEX disputed_escrows ON escrows (reference) WHERE dispute_time IS NOT NULL;

-- What was released, by whom: written once, never changed.
CREATE TABLE escrow_release_asks (
    reference text COLLATE "C" PRIMARY KEY,
    payment_reference text COLLATE "C" NOT NULL REFERENCES escrows (reference),
    cause text NOT NULL CHECK (cause IN ('buyer', 'time', 'operator')),
    -- Of who asked for it; of time: our reference.
    release_id text COLLATE "C" NOT NULL,
    -- What was asked for; null: all that was held.
    asked_minor bigint,
    amount_minor bigint NOT NULL CONSTRAINT a_release_is_positive CHECK (amount_minor > 0),
    fee_minor bigint NOT NULL,
    -- What was held after it.
    left_minor bigint NOT NULL CHECK (left_minor >= 0),
    create_time timestamptz NOT NULL,
    CONSTRAINT release_references_have_26_characters CHECK (length(reference) = 26),
    CONSTRAINT a_release_is_made_once UNIQUE (payment_reference, cause, release_id),
    CONSTRAINT its_fee_is_part_of_a_release CHECK (fee_minor BETWEEN 0 AND amount_minor)
);

-- Where the ledger is with each release.
CREATE TABLE escrow_releases (
    reference text COLLATE "C" PRIMARY KEY REFERENCES escrow_release_asks,
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
    CONSTRAINT release_steps_fit_states CHECK (
        CASE state
            WHEN 'released' THEN step IN ('transfer', 'operator')
            ELSE state = 'booked' AND step = 'done'
        END
    ),
    CONSTRAINT release_cases_say_where_they_are_stuck
        CHECK (step <> 'operator' OR stuck_at IS NOT NULL),
    CONSTRAINT outstanding_releases_are_swept CHECK (
        (next_sweep_time IS NOT NULL) = (step NOT IN ('operator', 'done'))
    )
) WITH (fillfactor = 70);
CREATE INDEX outstanding_releases ON escrow_releases (next_sweep_time)
    WHERE next_sweep_time IS NOT NULL;
CREATE INDEX release_cases ON escrow_releases (update_time) WHERE step = 'operator';

-- What operators have decided about disputes, for ever.
CREATE TABLE escrow_resolutions (
    payment_reference text COLLATE "C" NOT NULL REFERENCES escrows (reference),
    resolution_id text COLLATE "C" NOT NULL,
    released_minor bigint NOT NULL CHECK (released_minor >= 0),
    returned_minor bigint NOT NULL CHECK (returned_minor >= 0),
    operator text NOT NULL,
    reason text NOT NULL,
    key_id text NOT NULL,
    resolve_time timestamptz NOT NULL,
    PRIMARY KEY (payment_reference, resolution_id)
);

-- What of a refund comes out of escrow.
ALTER TABLE refund_asks
    ADD escrow_minor bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT a_refund_takes_from_escrow_what_it_gives_back
        CHECK (escrow_minor BETWEEN 0 AND target_minor);

GRANT SELECT, INSERT, UPDATE ON escrows, escrow_releases TO service_login;
GRANT SELECT, INSERT ON escrow_release_asks, escrow_resolutions TO service_login;
