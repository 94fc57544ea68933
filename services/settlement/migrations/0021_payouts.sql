-- What is paid out, and what has been heard of it. State and heard words only ever add up.
CREATE TABLE payouts (
    payout_id text COLLATE "C" PRIMARY KEY,
    agreement_id text NOT NULL REFERENCES agreements,
    participant_id text NOT NULL,
    -- What is paid, and what of the agreement's currency it is; the same where nothing is converted.
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency_code text NOT NULL,
    owed_minor bigint NOT NULL CHECK (owed_minor > 0),
    owed_currency_code text NOT NULL,
    -- Units of the paid currency for one of the owed; null where it is the same currency.
    rate numeric(24, 12),
    settle_date date NOT NULL,
    window_ids text[] NOT NULL,
    bank_partner_id text NOT NULL,
    -- Bank, branch, account type, account number, holder as they were when it was made.
    payee text[] NOT NULL CHECK (cardinality(payee) = 5),
    retry_of_payout_id text REFERENCES payouts,
    create_time timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN (
        'booking', 'ordered', 'submitted', 'accepted', 'executed', 'settled', 'rejected', 'returned'
    )),
    heard text[] NOT NULL,
    fee_minor bigint NOT NULL DEFAULT 0 CHECK (fee_minor >= 0),
    partner_reference text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    message text NOT NULL DEFAULT '',
    update_time timestamptz NOT NULL,
    -- When its commands are repeated, by Postgres's clock; null where no answer is awaited.
    due_time timestamptz,
    repeat_count int NOT NULL DEFAULT 0,
    CONSTRAINT a_rate_comes_with_two_currencies CHECK (
        (rate IS NULL) = (currency_code = owed_currency_code)
    )
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX a_payout_is_repeated_once ON payouts (retry_of_payout_id)
    WHERE retry_of_payout_id IS NOT NULL;
CREATE INDEX due_payouts ON payouts (due_time) WHERE due_time IS NOT NULL;
CREATE INDEX payouts_of_a_participant ON payouts (participant_id, payout_id);

-- From which accounts it is paid: signed, what each is relieved of.
CREATE TABLE payout_shares (
    payout_id text COLLATE "C" NOT NULL REFERENCES payouts,
    account_id text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor <> 0),
    PRIMARY KEY (payout_id, account_id)
);

-- Everything that was heard of a payout or done to it. Append-only.
CREATE TABLE payout_moves (
    move_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payout_id text COLLATE "C" NOT NULL REFERENCES payouts,
    word text NOT NULL,
    state text NOT NULL,
    -- The fact (source/stripe/sequence), or the operator.
    said_by text NOT NULL,
    reason text NOT NULL DEFAULT '',
    move_time timestamptz NOT NULL
);
CREATE INDEX moves_of_a_payout ON payout_moves (payout_id, move_id);

-- Statements page through a day's lines in the order of time, and need an account's balance before
-- it. Postings come in that order, so the index grows at its end alone.
CREATE INDEX postings_by_time ON postings (post_time, stripe, sequence, leg);
CREATE INDEX cut_movements_of_an_account ON cut_movements (account_id, cut_id);
CREATE INDEX accounts_of_an_owner ON account_totals (split_part(account_id, ':', 2));

GRANT SELECT, INSERT, UPDATE ON payouts TO service_login;
GRANT SELECT, INSERT ON payout_shares, payout_moves TO service_login;
