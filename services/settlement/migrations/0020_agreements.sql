-- To whom which accounts are paid, and how. The payee's bank data stand here and with the payout.
CREATE TABLE agreements (
    agreement_id text PRIMARY KEY,
    participant_id text NOT NULL,
    currency_code text NOT NULL,
    settlement_currency_code text NOT NULL,
    minimum_payout bigint NOT NULL CHECK (minimum_payout >= 0),
    reserve_basis_points int NOT NULL CHECK (reserve_basis_points BETWEEN 0 AND 10000),
    reserve_days int NOT NULL CHECK (reserve_days BETWEEN 0 AND 366),
    -- Empty: it is paid by hand.
    bank_partner_id text NOT NULL,
    bank_code text NOT NULL,
    branch_code text NOT NULL,
    account_type text NOT NULL,
    account_number text NOT NULL,
    holder_name text NOT NULL,
    active boolean NOT NULL
);

CREATE TABLE agreement_accounts (
    account_id text NOT NULL,
    agreement_id text NOT NULL REFERENCES agreements,
    CONSTRAINT an_account_is_paid_by_one_agreement PRIMARY KEY (account_id)
);
CREATE INDEX accounts_of_an_agreement ON agreement_accounts (agreement_id);

-- What a window has brought each account of an agreement: its net less the reserve, and the
-- reserve, which is due later.
CREATE TABLE positions (
    window_id text NOT NULL REFERENCES windows,
    agreement_id text NOT NULL REFERENCES agreements,
    account_id text NOT NULL,
    part text NOT NULL CHECK (part IN ('net', 'reserve')),
    -- Signed: more than zero is owed to the participant.
    amount_minor bigint NOT NULL CHECK (amount_minor <> 0),
    due_date date NOT NULL,
    -- Null until a payout takes it; the last one where it was paid again.
    payout_id text,
    CONSTRAINT a_window_brings_each_part_once PRIMARY KEY (window_id, account_id, part),
    CONSTRAINT a_reserve_is_kept_back CHECK (part = 'net' OR amount_minor > 0)
);
CREATE INDEX unpaid_positions ON positions (agreement_id, due_date) WHERE payout_id IS NULL;
CREATE INDEX positions_of_a_payout ON positions (payout_id) WHERE payout_id IS NOT NULL;

GRANT SELECT, INSERT, UPDATE ON agreements, positions TO service_login;
GRANT SELECT, INSERT, DELETE ON agreement_accounts TO service_login;
