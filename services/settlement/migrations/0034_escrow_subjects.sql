-- Releases from escrow belong to their payment's corridor and merchant, as the gateway's fact of
-- each says.
ALTER TABLE subjects
    DROP CONSTRAINT subjects_kind_check,
    ADD CONSTRAINT subjects_are_of_known_kinds CHECK (kind IN ('payment', 'refund', 'escrow'));
