-- How long codes that payers show may live, by the country of their wallet; '' is any other.
CREATE TABLE code_lifetimes (
    country_code text PRIMARY KEY,
    usual_seconds int NOT NULL,
    longest_seconds int NOT NULL,
    source text NOT NULL CHECK (source <> ''),
    CONSTRAINT a_lifetime_is_within_its_bound CHECK (usual_seconds BETWEEN 1 AND longest_seconds)
);
INSERT INTO code_lifetimes (country_code, usual_seconds, longest_seconds, source) VALUES
    ('', 60, 60, 'Terms of this gateway'),
    ('KR', 60, 180, 'FSC, QR standard of 6 November 2018: a variable code lives 3 minutes, fsc.go.kr/po010104/73398');

-- What a wallet wishes for codes of its payers; minor units of its home currency.
CREATE TABLE presenting_policies (
    wallet_id text PRIMARY KEY,
    confirm_above bigint NOT NULL CHECK (confirm_above >= 0),
    offline_maximum bigint NOT NULL CHECK (offline_maximum >= 0),
    jpqr_operator_code text NOT NULL
);

-- Codes that were made here. The number is never used again.
CREATE TABLE payment_codes (
    wallet_id text NOT NULL,
    code_id text COLLATE "C" NOT NULL,
    digest bytea NOT NULL,
    payer_id text NOT NULL,
    country_code text NOT NULL,
    number text COLLATE "C" NOT NULL CONSTRAINT a_number_names_one_code UNIQUE,
    text text NOT NULL,
    create_time timestamptz NOT NULL,
    expire_time timestamptz NOT NULL,
    cancel_time timestamptz,
    PRIMARY KEY (wallet_id, code_id)
);
CREATE INDEX payment_codes_of_payers ON payment_codes (wallet_id, payer_id, expire_time);

-- Secrets that phones make codes with, sealed with the key of the setting.
CREATE TABLE offline_keys (
    wallet_id text NOT NULL,
    offline_key_id text COLLATE "C" NOT NULL,
    digest bytea NOT NULL,
    key_number text COLLATE "C" NOT NULL CONSTRAINT a_number_names_one_key UNIQUE,
    payer_id text NOT NULL,
    secret bytea NOT NULL,
    code_count int NOT NULL CHECK (code_count > 0),
    failed_count int NOT NULL DEFAULT 0,
    create_time timestamptz NOT NULL,
    expire_time timestamptz NOT NULL,
    revoke_time timestamptz,
    PRIMARY KEY (wallet_id, offline_key_id)
);
CREATE INDEX offline_keys_of_payers ON offline_keys (wallet_id, payer_id, expire_time);

-- What uses a code up: a row per charge, written in the transaction that makes its payment.
CREATE TABLE code_charges (
    acquirer_id text NOT NULL,
    payment_id text COLLATE "C" NOT NULL,
    digest bytea NOT NULL,
    merchant_id text NOT NULL,
    wallet_id text NOT NULL,
    wallet_payment_id text COLLATE "C" NOT NULL,
    reference text COLLATE "C" NOT NULL
        CONSTRAINT a_payment_has_one_charge UNIQUE REFERENCES payments (reference),
    waits_for_payer boolean NOT NULL,
    create_time timestamptz NOT NULL,
    code_id text COLLATE "C",
    offline_key_id text COLLATE "C",
    counter int,
    PRIMARY KEY (acquirer_id, payment_id),
    CONSTRAINT a_code_is_charged_once UNIQUE (wallet_id, code_id),
    CONSTRAINT a_counter_is_charged_once UNIQUE (wallet_id, offline_key_id, counter),
    CONSTRAINT a_charge_uses_one_code CHECK (
        (code_id IS NULL) = (offline_key_id IS NOT NULL)
        AND (offline_key_id IS NULL) = (counter IS NULL)
    ),
    FOREIGN KEY (wallet_id, code_id) REFERENCES payment_codes,
    FOREIGN KEY (wallet_id, offline_key_id) REFERENCES offline_keys
);

GRANT SELECT ON code_lifetimes TO service_login;
GRANT SELECT, INSERT, UPDATE ON presenting_policies, payment_codes, offline_keys TO service_login;
GRANT SELECT, INSERT ON code_charges TO service_login;
