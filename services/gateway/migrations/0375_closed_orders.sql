-- When its acquirer took an order back: no payment may take it from then on.
ALTER TABLE orders ADD close_time timestamptz;

-- An operator's people may put how long codes of payers live.
GRANT INSERT, UPDATE ON code_lifetimes TO service_login;
