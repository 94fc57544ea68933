-- Every leg the ledger has posted, from its facts: one row per leg, written once.
CREATE TABLE postings (
    stripe smallint NOT NULL,
    sequence bigint NOT NULL,
    leg smallint NOT NULL,
    link_id text NOT NULL,
    -- payment, refund, topup, payout, ...: the first part of the link; `other` where it has none.
    kind text NOT NULL,
    -- The 26 characters after it; empty where it has none.
    reference text COLLATE "C" NOT NULL,
    debit_account_id text NOT NULL,
    credit_account_id text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency_code text NOT NULL,
    purpose text NOT NULL,
    post_time timestamptz NOT NULL,
    CONSTRAINT a_leg_is_counted_once PRIMARY KEY (stripe, sequence, leg)
);
CREATE INDEX postings_of_a_link ON postings (link_id);

-- What payments and refunds belong to, from the gateway's facts.
CREATE TABLE subjects (
    reference text COLLATE "C" PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('payment', 'refund')),
    participant_id text NOT NULL,
    payment_id text NOT NULL,
    -- A refund's is its payment's.
    corridor_id text NOT NULL,
    merchant_id text NOT NULL
);
CREATE UNIQUE INDEX payments_by_participant ON subjects (participant_id, payment_id)
    WHERE kind = 'payment';

-- How far the facts of each stripe have been read into the tables above.
CREATE TABLE projected (
    source text NOT NULL,
    stripe smallint NOT NULL,
    sequence bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (source, stripe)
) WITH (fillfactor = 20);
INSERT INTO projected (source, stripe)
SELECT source, stripe
FROM unnest(ARRAY['wallet', 'bridge', 'gateway']) AS source, generate_series(0, 63) AS stripe;

-- Where the ledger was cut: per stripe, the posting sequence up to which it counts.
CREATE TABLE cuts (
    cut_id bigint PRIMARY KEY,
    cut_time timestamptz NOT NULL,
    sequences bigint[] NOT NULL CHECK (cardinality(sequences) = 64),
    state text NOT NULL CHECK (state IN ('taken', 'summed', 'agrees', 'differs')),
    difference text NOT NULL DEFAULT ''
);

-- What was posted between a cut and the one before it.
CREATE TABLE cut_movements (
    cut_id bigint NOT NULL REFERENCES cuts,
    corridor_id text NOT NULL,
    account_id text NOT NULL,
    currency_code text NOT NULL,
    -- payment, refund, fee, other.
    class text NOT NULL,
    debit_minor bigint NOT NULL,
    credit_minor bigint NOT NULL,
    -- Payments or refunds, each counted once per currency.
    link_count bigint NOT NULL,
    PRIMARY KEY (cut_id, corridor_id, account_id, class)
);

-- Totals of each account as of the last cut that was summed.
CREATE TABLE account_totals (
    account_id text PRIMARY KEY,
    currency_code text NOT NULL,
    debit_minor bigint NOT NULL,
    credit_minor bigint NOT NULL
) WITH (fillfactor = 70);

CREATE TABLE schedules (
    schedule_id text PRIMARY KEY,
    corridor_id text NOT NULL,
    currency_code text NOT NULL,
    cut_off_time text NOT NULL CHECK (cut_off_time ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
    time_zone text NOT NULL,
    country_code text NOT NULL,
    settle_days int NOT NULL CHECK (settle_days BETWEEN 0 AND 60),
    active boolean NOT NULL,
    CONSTRAINT a_corridor_and_currency_have_one_schedule UNIQUE (corridor_id, currency_code)
);

CREATE TABLE windows (
    window_id text PRIMARY KEY,
    corridor_id text NOT NULL,
    currency_code text NOT NULL,
    number bigint NOT NULL CHECK (number > 0),
    state text NOT NULL CHECK (state IN ('open', 'closing', 'closed', 'differs')),
    open_time timestamptz NOT NULL,
    -- The cut of the window before; zero: from the beginning.
    from_cut_id bigint NOT NULL,
    -- When it is to be cut, as the schedule says.
    due_time timestamptz NOT NULL,
    to_cut_id bigint REFERENCES cuts,
    close_time timestamptz,
    settle_date date,
    payment_count bigint NOT NULL DEFAULT 0,
    refund_count bigint NOT NULL DEFAULT 0,
    closed_by text NOT NULL DEFAULT '',
    CONSTRAINT windows_are_numbered UNIQUE (corridor_id, currency_code, number),
    CONSTRAINT a_window_ends_at_a_cut CHECK ((state = 'open') = (to_cut_id IS NULL)),
    CONSTRAINT a_window_runs_forward CHECK (to_cut_id IS NULL OR to_cut_id > from_cut_id)
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX one_window_is_open ON windows (corridor_id, currency_code)
    WHERE state = 'open';
CREATE INDEX windows_by_state ON windows (state, due_time) WHERE state IN ('open', 'closing');

-- opening + payments + refunds + fees + other = closing; signed, credits less debits.
CREATE TABLE window_movements (
    window_id text NOT NULL REFERENCES windows,
    account_id text NOT NULL,
    opening_minor bigint NOT NULL,
    payments_minor bigint NOT NULL,
    refunds_minor bigint NOT NULL,
    fees_minor bigint NOT NULL,
    other_minor bigint NOT NULL,
    closing_minor bigint NOT NULL,
    PRIMARY KEY (window_id, account_id),
    CONSTRAINT a_window_adds_up CHECK (
        opening_minor + payments_minor + refunds_minor + fees_minor + other_minor = closing_minor
    )
);

GRANT SELECT, INSERT ON postings, cut_movements, window_movements TO service_login;
GRANT SELECT, INSERT, UPDATE ON subjects, projected, cuts, account_totals, schedules, windows
    TO service_login;
