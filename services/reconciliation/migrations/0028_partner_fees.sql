-- What a partner has kept as its fee when it settled; minor units of the resolution's currency.
ALTER TABLE resolutions ADD COLUMN fee_minor bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT a_fee_comes_with_a_transfer
        CHECK (fee_minor = 0 OR (fee_minor > 0 AND kind = 'correcting_transfer'));
