-- Whose shops are, as the gateway's facts tell: of payments, and of accounts that were approved.
CREATE TABLE shops (
    merchant_id text COLLATE "C" PRIMARY KEY,
    acquirer_id text NOT NULL
);
GRANT SELECT, INSERT ON shops TO service_login;

-- The agreement also pays from payables of all shops of its participant that no other names.
ALTER TABLE agreements ADD every_shop boolean NOT NULL DEFAULT false;
CREATE UNIQUE INDEX one_agreement_pays_for_every_shop ON agreements (participant_id, currency_code)
    WHERE every_shop;
-- Joined with the first window in which it has moved, not named by hand: another agreement that
-- names it takes it over.
ALTER TABLE agreement_accounts ADD joined boolean NOT NULL DEFAULT false;
