-- Later transfers of a payout that the ledger has refused, by what follows the payout's id in their
-- link; those of them that two people have had asked for anew; and who has proposed so.
ALTER TABLE payouts
    ADD COLUMN refused text[] NOT NULL DEFAULT '{}',
    ADD COLUMN released text[] NOT NULL DEFAULT '{}',
    ADD COLUMN release_proposed_by text NOT NULL DEFAULT '',
    ADD CONSTRAINT only_what_was_refused_is_released CHECK (released <@ refused);
