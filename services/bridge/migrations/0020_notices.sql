-- What partners have told us unasked, by their own id of it or by a digest: a repeat is answered
-- and not heard again. A row is forgotten when the notice would be too old to be taken.
CREATE TABLE notices (
    partner_id text NOT NULL,
    notice_key text NOT NULL CHECK (length(notice_key) BETWEEN 1 AND 256),
    kind text NOT NULL,
    subject text NOT NULL CHECK (length(subject) <= 256),
    take_time timestamptz NOT NULL,
    forget_time timestamptz NOT NULL,
    PRIMARY KEY (partner_id, notice_key)
);

CREATE INDEX notices_to_forget ON notices (forget_time);

-- Money that a bank says has come in. An entry of an account is said once, however it was heard of.
CREATE TABLE deposits (
    partner_id text NOT NULL,
    account_id text NOT NULL,
    entry_reference text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency_code text NOT NULL CHECK (currency_code ~ '^[A-Z]{3}$'),
    payer_name text NOT NULL,
    value_date text NOT NULL,
    remittance_text text NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (partner_id, account_id, entry_reference)
);

-- UPDATE only to pass over rows that another process is forgetting.
GRANT SELECT, INSERT, UPDATE, DELETE ON notices TO service_login;
GRANT SELECT, INSERT ON deposits TO service_login;
