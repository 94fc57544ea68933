-- What the ledger refuses or does not answer: repeated ever more seldom, and listed for a person.
ALTER TABLE arrivals
    ADD COLUMN repeat_count int NOT NULL DEFAULT 0,
    -- How often a person has had it asked anew: part of the ledger's link from the first on.
    ADD COLUMN attempt int NOT NULL DEFAULT 0,
    -- Why the ledger has refused it; empty: it has not.
    ADD COLUMN refusal text NOT NULL DEFAULT '',
    ADD COLUMN retried_by text NOT NULL DEFAULT '',
    ADD COLUMN retry_reason text NOT NULL DEFAULT '',
    ADD CONSTRAINT what_is_booked_is_not_refused CHECK (NOT booked OR refusal = '');
