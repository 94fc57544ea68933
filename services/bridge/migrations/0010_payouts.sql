-- What banks are asked to pay out, and where each stands. The states are in payouts/life.py.
-- The payee is kept whole: the bank is asked for it again, and a search compares it.
CREATE TABLE payouts (
    payout_id text PRIMARY KEY CHECK (length(payout_id) BETWEEN 1 AND 64),
    resource_id text NOT NULL,
    partner_id text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency_code text NOT NULL CHECK (currency_code ~ '^[A-Z]{3}$'),
    bank_code text NOT NULL,
    branch_code text NOT NULL,
    account_type text NOT NULL,
    account_number text NOT NULL,
    holder_name text NOT NULL,
    description text NOT NULL,
    value_date date,
    short_reference text NOT NULL CONSTRAINT a_short_reference_names_one_payout UNIQUE,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    state smallint NOT NULL CHECK (state BETWEEN 1 AND 7),
    operation text CHECK (operation IN ('submit', 'inquire', 'search')),
    due_time timestamptz,
    leased boolean NOT NULL,
    asked boolean NOT NULL,
    turn integer NOT NULL,
    inquiries integer NOT NULL,
    watch_time timestamptz,
    contradicted boolean NOT NULL,
    partner_reference text NOT NULL,
    bank_fee_minor bigint CHECK (bank_fee_minor >= 0),
    reason text NOT NULL,
    message text NOT NULL,
    partner_code text NOT NULL,
    CONSTRAINT payout_work_has_a_time CHECK ((operation IS NULL) = (due_time IS NULL)),
    CONSTRAINT an_open_payout_is_worked_on CHECK (state > 4 OR operation IS NOT NULL),
    CONSTRAINT an_asked_payout_is_not_sent_again CHECK (NOT asked OR operation <> 'submit')
);

CREATE INDEX payouts_due ON payouts (partner_id, due_time) WHERE due_time IS NOT NULL;
CREATE INDEX payouts_open ON payouts (create_time) WHERE state < 5 OR contradicted;
CREATE INDEX payouts_by_partner_reference ON payouts (partner_id, partner_reference);

-- One row per call to a bank, or per word of an operator; never changed.
CREATE TABLE payout_attempts (
    payout_id text NOT NULL REFERENCES payouts,
    turn integer NOT NULL,
    operation text NOT NULL,
    call_time timestamptz NOT NULL,
    outcome text NOT NULL,
    detail text NOT NULL CHECK (length(detail) <= 2000),
    request text NOT NULL CHECK (length(request) <= 2000),
    response text NOT NULL CHECK (length(response) <= 2000),
    PRIMARY KEY (payout_id, turn)
);

GRANT SELECT, INSERT, UPDATE ON payouts TO service_login;
GRANT SELECT, INSERT ON payout_attempts TO service_login;
