-- Payees are kept sealed; of the number the last digits stay beside it, and no name. Empty: the row
-- is of before, or has no payee.
ALTER TABLE agreements ADD sealed_payee bytea NOT NULL DEFAULT '';
ALTER TABLE payouts ADD sealed_payee bytea NOT NULL DEFAULT '';
