-- How long an authorised payment of the corridor may wait for its capture; zero: none are taken.
ALTER TABLE corridors
    ADD authorisation_days int NOT NULL DEFAULT 0
        CONSTRAINT authorisations_last_a_month_at_most CHECK (authorisation_days BETWEEN 0 AND 30);

-- Payments that were confirmed to be captured later: written once, never changed. Ordinary payments
-- have no row here.
CREATE TABLE authorisations (
    reference text COLLATE "C" PRIMARY KEY REFERENCES payments (reference),
    -- By the service's clock; `payments.open_until` repeats it while the funds are held.
    expire_time timestamptz NOT NULL,
    create_time timestamptz NOT NULL,
    CONSTRAINT authorisations_expire_later CHECK (expire_time > create_time)
);
GRANT SELECT, INSERT ON authorisations TO service_login;

-- What was captured where it is less than was authorised: mid, spread, payable, fee.
ALTER TABLE payments
    ADD captured bigint[],
    DROP CONSTRAINT steps_fit_states,
    DROP CONSTRAINT only_quotes_expire,
    DROP CONSTRAINT what_is_outstanding_is_swept,
    ADD CONSTRAINT steps_fit_states CHECK (
        CASE state
            WHEN 'quoted' THEN step = 'quote'
            WHEN 'confirmed' THEN step IN ('reserve', 'authorise', 'collect', 'deliver')
            WHEN 'action_required' THEN step IN ('collect', 'deliver')
            WHEN 'authorised' THEN step = 'capture'
            WHEN 'completed' THEN step IN ('post', 'done')
            WHEN 'declined' THEN step IN ('undo', 'void', 'done')
            WHEN 'cancelled' THEN step IN ('void', 'done')
            ELSE state = 'expired' AND step IN ('expire', 'done')
        END
    ),
    ADD CONSTRAINT only_quotes_and_holds_expire
        CHECK ((open_until IS NOT NULL) = (state IN ('quoted', 'authorised'))),
    ADD CONSTRAINT what_is_outstanding_is_swept CHECK (
        (next_sweep_time IS NOT NULL) = (step NOT IN ('quote', 'capture', 'done'))
    ),
    ADD CONSTRAINT a_part_is_captured_of_what_completes CHECK (
        captured IS NULL
        OR (state = 'completed' AND cardinality(captured) = 4 AND 0 <= ALL (captured))
    );
