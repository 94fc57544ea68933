-- Charges contested at a partner. The states are in disputes/domain.py.
CREATE TABLE disputes (
    dispute_id text PRIMARY KEY CHECK (length(dispute_id) BETWEEN 1 AND 84),
    partner_id text NOT NULL,
    case_reference text NOT NULL,
    charge_id text NOT NULL,
    resource_id text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency_code text NOT NULL CHECK (currency_code ~ '^[A-Z]{3}$'),
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    reason text NOT NULL,
    message text NOT NULL,
    answer_until_time timestamptz,
    state smallint NOT NULL CHECK (state BETWEEN 1 AND 8),
    accept boolean NOT NULL,
    evidence text NOT NULL,
    due_time timestamptz,
    leased boolean NOT NULL,
    turn integer NOT NULL,
    calls integer NOT NULL,
    CONSTRAINT a_case_is_one_dispute UNIQUE (partner_id, case_reference),
    CONSTRAINT an_open_dispute_is_due CHECK ((state IN (5, 6, 8)) = (due_time IS NULL))
);

CREATE INDEX disputes_due ON disputes (due_time) WHERE due_time IS NOT NULL;

-- Each call to a partner about a dispute; never changed.
CREATE TABLE dispute_attempts (
    dispute_id text NOT NULL,
    turn integer NOT NULL,
    operation text NOT NULL,
    call_time timestamptz NOT NULL,
    outcome text NOT NULL,
    detail text NOT NULL,
    request text NOT NULL,
    response text NOT NULL,
    PRIMARY KEY (dispute_id, turn)
);

GRANT SELECT, INSERT, UPDATE ON disputes TO service_login;
GRANT SELECT, INSERT ON dispute_attempts TO service_login;
