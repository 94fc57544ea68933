-- Accounts of shops are kept sealed; of the number `account_number` keeps the last digits. What was
-- stored before is sealed by the gateway when it starts.
ALTER TABLE merchant_versions
    ADD sealed_payee bytea,
    -- Of an approved version with an account: nothing is paid to it before.
    ADD account_effective_time timestamptz;
CREATE INDEX accounts_to_seal ON merchant_versions (merchant_id, version)
    WHERE sealed_payee IS NULL AND bank_code <> '';
