-- Accounts that shops are paid to, as the gateway told that they were approved: sealed. One without
-- a sealed payee says that the shop has none any more.
CREATE TABLE payee_accounts (
    merchant_id text COLLATE "C" NOT NULL,
    version int NOT NULL,
    sealed_payee bytea NOT NULL,
    -- For people: the bank and the last digits.
    shown text NOT NULL,
    approve_time timestamptz NOT NULL,
    effective_time timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, version),
    CONSTRAINT an_account_is_approved_before_it_is_paid CHECK (effective_time >= approve_time)
);
-- Instead of bank data: the shop whose account is paid. Empty: the bank data stand here.
ALTER TABLE agreements ADD payee_merchant_id text NOT NULL DEFAULT '';

GRANT SELECT, INSERT ON payee_accounts TO service_login;
