-- How often an operator has had a deal settled anew that the ledger had refused to settle: part of the
-- ledger's link from the first on.
ALTER TABLE fx_deals ADD COLUMN attempt int NOT NULL DEFAULT 0;
