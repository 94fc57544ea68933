-- When the ledger was last asked for the transfer of a resolution, and how often again: what it does
-- not answer is repeated ever more seldom.
ALTER TABLE resolutions
    ADD COLUMN ask_time timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN repeat_count int NOT NULL DEFAULT 0;
CREATE INDEX unanswered_corrections ON resolutions (ask_time) WHERE outcome = 'approved';

GRANT UPDATE (ask_time, repeat_count) ON resolutions TO service_login;
