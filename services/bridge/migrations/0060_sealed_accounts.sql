-- Accounts are kept sealed; of the number `account_number` keeps the last digits, and no name stays.
-- Empty: the row is of before, and its account is in the other columns.
ALTER TABLE payouts ADD sealed_payee bytea NOT NULL DEFAULT '';
ALTER TABLE bank_mandates ADD sealed_account bytea NOT NULL DEFAULT '';
ALTER TABLE bank_records ADD sealed_account bytea NOT NULL DEFAULT '';
-- Of files that were written before, `content` is what is sent; of others it is sealed.
ALTER TABLE bank_files ADD sealed boolean NOT NULL DEFAULT false;
