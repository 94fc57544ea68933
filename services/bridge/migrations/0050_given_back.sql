-- A cancel that was done as a refund of all: some partners go on saying of it that it is accepted.
ALTER TABLE charges ADD given_back boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT what_was_given_back_is_closed CHECK (NOT given_back OR state IN (5, 6));
