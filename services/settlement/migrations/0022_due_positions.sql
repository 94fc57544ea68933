-- What is due is looked for every second; reserves that are due in weeks are passed over.
CREATE INDEX due_positions ON positions (due_date) WHERE payout_id IS NULL;
