-- What was agreed when a payment was priced. Written once, never changed: the grant says so.
CREATE TABLE payment_terms (
    reference text COLLATE "C" PRIMARY KEY,
    participant_id text NOT NULL,
    payment_id text COLLATE "C" NOT NULL,
    digest bytea NOT NULL,
    payer_id text NOT NULL,
    corridor_id text NOT NULL,
    acceptance_partner_id text NOT NULL,
    collect_partner_id text NOT NULL,
    merchant_id text NOT NULL,
    merchant_name text NOT NULL,
    merchant_city text NOT NULL,
    merchant_country text NOT NULL,
    merchant_code text NOT NULL,
    funding_account_id text NOT NULL,
    payable_account_id text NOT NULL,
    target_currency text NOT NULL,
    target_minor bigint NOT NULL,
    fee_minor bigint NOT NULL,
    home_currency text NOT NULL,
    home_minor bigint NOT NULL,
    spread_minor bigint NOT NULL,
    mid numeric(24, 12) NOT NULL,
    quote_expire_time timestamptz NOT NULL,
    create_time timestamptz NOT NULL,
    CONSTRAINT references_have_26_characters CHECK (length(reference) = 26),
    CONSTRAINT target_is_positive CHECK (target_minor > 0),
    CONSTRAINT home_is_positive CHECK (home_minor > 0),
    CONSTRAINT fee_is_part_of_target CHECK (fee_minor BETWEEN 0 AND target_minor),
    CONSTRAINT spread_is_part_of_home CHECK (spread_minor BETWEEN 0 AND home_minor),
    CONSTRAINT mid_is_positive CHECK (mid > 0),
    CONSTRAINT one_currency_has_no_spread CHECK (
        home_currency <> target_currency OR (home_minor = target_minor AND spread_minor = 0)
    )
);

-- Where each payment stands: narrow, because every move writes the row anew. Half of the moves are
-- heap-only: `quote_expire_time` and `next_sweep_time`, which the partial indexes read, change at
-- confirmation and at the end, not in between.
CREATE TABLE payments (
    reference text COLLATE "C" PRIMARY KEY,
    participant_id text NOT NULL,
    payment_id text COLLATE "C" NOT NULL,
    state text NOT NULL,
    step text NOT NULL,
    version int NOT NULL,
    update_time timestamptz NOT NULL,
    reason text NOT NULL DEFAULT '',
    message text NOT NULL DEFAULT '',
    action_url text NOT NULL DEFAULT '',
    collected boolean NOT NULL DEFAULT false,
    partner_reference text NOT NULL DEFAULT '',
    refunded_minor bigint NOT NULL DEFAULT 0,
    limit_day date,
    -- Separated by spaces, which no key has.
    limit_keys text NOT NULL DEFAULT '',
    repeat_count int NOT NULL DEFAULT 0,
    -- By the service's clock; null once the quote is no longer open.
    open_until timestamptz,
    -- By Postgres's clock; null while nothing is outstanding.
    next_sweep_time timestamptz,
    CONSTRAINT payment_ids_are_unique_per_participant UNIQUE (participant_id, payment_id),
    CONSTRAINT steps_fit_states CHECK (
        CASE state
            WHEN 'quoted' THEN step = 'quote'
            WHEN 'confirmed' THEN step IN ('reserve', 'collect', 'deliver')
            WHEN 'action_required' THEN step IN ('collect', 'deliver')
            WHEN 'completed' THEN step IN ('post', 'done')
            WHEN 'declined' THEN step IN ('undo', 'void', 'done')
            ELSE state IN ('cancelled', 'expired') AND step = 'done'
        END
    ),
    CONSTRAINT only_quotes_expire CHECK ((open_until IS NOT NULL) = (state = 'quoted')),
    CONSTRAINT what_is_outstanding_is_swept CHECK (
        (next_sweep_time IS NOT NULL) = (step NOT IN ('quote', 'done'))
    ),
    CONSTRAINT refunds_follow_completion CHECK (
        refunded_minor = 0 OR (refunded_minor > 0 AND state = 'completed')
    )
) WITH (fillfactor = 70);

CREATE INDEX open_quotes ON payments (open_until) WHERE open_until IS NOT NULL;
CREATE INDEX outstanding_payments ON payments (next_sweep_time) WHERE next_sweep_time IS NOT NULL;

-- A row for each move of a payment, numbered as its versions are.
CREATE TABLE payment_moves (
    reference text COLLATE "C" NOT NULL,
    number int NOT NULL,
    state text NOT NULL,
    step text NOT NULL,
    detail text NOT NULL,
    move_time timestamptz NOT NULL,
    PRIMARY KEY (reference, number)
);

-- What payers and corridors have used of their limits, per local day of the payer's wallet; home
-- currency, minor units.
CREATE TABLE limit_usages (
    limit_key text COLLATE "C" NOT NULL,
    local_day date NOT NULL,
    used_minor bigint NOT NULL,
    PRIMARY KEY (limit_key, local_day),
    CONSTRAINT usage_is_not_negative CHECK (used_minor >= 0)
) WITH (fillfactor = 50);

-- Charges that a partner accepted after their payment was declined. Each is booked against
-- suspense, and asked back from the partner.
CREATE TABLE late_charges (
    reference text COLLATE "C" PRIMARY KEY,
    charge_id text NOT NULL CONSTRAINT late_charges_are_booked_once UNIQUE,
    payment_reference text COLLATE "C" NOT NULL REFERENCES payments (reference),
    side text NOT NULL CHECK (side IN ('collect', 'deliver')),
    partner_id text NOT NULL,
    partner_reference text NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    state text NOT NULL CHECK (state IN ('booking', 'refunding', 'returning', 'refunded', 'case')),
    message text NOT NULL DEFAULT '',
    repeat_count int NOT NULL DEFAULT 0,
    debit_account_id text NOT NULL,
    credit_account_id text NOT NULL,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    next_sweep_time timestamptz
);
CREATE INDEX outstanding_late_charges ON late_charges (next_sweep_time)
    WHERE next_sweep_time IS NOT NULL;

GRANT SELECT, INSERT ON payment_terms TO service_login;
GRANT SELECT, INSERT, UPDATE ON payments TO service_login;
GRANT SELECT, INSERT ON payment_moves TO service_login;
GRANT SELECT, INSERT, UPDATE ON limit_usages TO service_login;
GRANT SELECT, INSERT, UPDATE ON late_charges TO service_login;
