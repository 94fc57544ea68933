-- Lives of late charges, refunds and top-ups get the same columns: how often an operator had
-- something asked anew, and the step at which ledger or partner refused.
ALTER TABLE refunds
    ADD attempt int NOT NULL DEFAULT 0,
    ADD stuck_at text,
    DROP CONSTRAINT refund_steps_fit_states,
    ADD CONSTRAINT refund_steps_fit_states CHECK (
        CASE state
            WHEN 'pending' THEN step IN ('reserve', 'deliver', 'collect', 'write_off', 'operator')
            WHEN 'completed' THEN step IN ('post', 'void', 'done')
            ELSE state = 'declined' AND step IN ('void', 'done')
        END
    );
UPDATE refunds SET stuck_at = 'collect' WHERE step = 'operator';
ALTER TABLE refunds ADD CONSTRAINT refund_cases_say_where_they_are_stuck
    CHECK (step <> 'operator' OR stuck_at IS NOT NULL);
CREATE INDEX refund_cases ON refunds (update_time) WHERE step = 'operator';

ALTER TABLE top_ups
    ADD attempt int NOT NULL DEFAULT 0,
    ADD stuck_at text,
    DROP CONSTRAINT top_up_steps_fit_states,
    ADD CONSTRAINT top_up_steps_fit_states CHECK (
        CASE state
            WHEN 'pending' THEN step IN ('charge', 'credit', 'write_off', 'operator')
            WHEN 'completed' THEN step = 'done'
            ELSE state = 'declined' AND step IN ('give_back', 'write_off', 'operator', 'done')
        END
    );
UPDATE top_ups SET stuck_at = CASE state WHEN 'pending' THEN 'credit' ELSE 'give_back' END
WHERE step = 'operator';
ALTER TABLE top_ups ADD CONSTRAINT top_up_cases_say_where_they_are_stuck
    CHECK (step <> 'operator' OR stuck_at IS NOT NULL);
CREATE INDEX top_up_cases ON top_ups (update_time) WHERE step = 'operator';

ALTER TABLE late_charges
    ADD participant_id text NOT NULL DEFAULT '',
    ADD step text,
    ADD reason text NOT NULL DEFAULT '',
    ADD attempt int NOT NULL DEFAULT 0,
    ADD stuck_at text,
    DROP CONSTRAINT late_charges_state_check;
UPDATE late_charges AS l
SET participant_id = (SELECT participant_id FROM payments AS p
        WHERE p.reference = l.payment_reference),
    step = CASE state WHEN 'booking' THEN 'book' WHEN 'refunding' THEN 'refund'
        WHEN 'returning' THEN 'return' WHEN 'case' THEN 'operator' ELSE 'done' END,
    -- Which of its questions was refused had not been kept: nearly always the partner's.
    stuck_at = CASE state WHEN 'case' THEN 'refund' END,
    state = CASE state WHEN 'refunded' THEN 'refunded' ELSE 'pending' END;
ALTER TABLE late_charges
    ALTER participant_id DROP DEFAULT,
    ALTER step SET NOT NULL,
    ADD CONSTRAINT late_steps_fit_states CHECK (
        CASE state
            WHEN 'pending' THEN step IN ('book', 'refund', 'return', 'write_off', 'operator')
            ELSE state IN ('refunded', 'settled', 'written_off') AND step = 'done'
        END
    ),
    ADD CONSTRAINT late_cases_say_where_they_are_stuck
        CHECK (step <> 'operator' OR stuck_at IS NOT NULL),
    ADD CONSTRAINT outstanding_late_charges_are_swept CHECK (
        (next_sweep_time IS NOT NULL) = (step NOT IN ('operator', 'done'))
    );
CREATE INDEX late_cases ON late_charges (update_time) WHERE step = 'operator';

-- What operators decided on cases: append-only.
CREATE TABLE case_resolutions (
    resource_id text COLLATE "C" NOT NULL,
    number int NOT NULL,
    resolution text NOT NULL CHECK (resolution IN ('retry', 'settled', 'write_off')),
    -- The step at which the resource was stuck.
    stuck_at text NOT NULL,
    operator text NOT NULL CHECK (operator <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    key_id text NOT NULL,
    resolve_time timestamptz NOT NULL,
    PRIMARY KEY (resource_id, number)
);
GRANT SELECT, INSERT ON case_resolutions TO service_login;
