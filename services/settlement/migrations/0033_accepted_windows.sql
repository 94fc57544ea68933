-- Who has had a window closed in spite of its difference from the ledger, and why; empty: nobody.
ALTER TABLE windows
    ADD COLUMN accepted_by text NOT NULL DEFAULT '',
    ADD COLUMN accept_reason text NOT NULL DEFAULT '',
    ADD CONSTRAINT only_a_closed_window_is_accepted CHECK (accepted_by = '' OR state = 'closed');
