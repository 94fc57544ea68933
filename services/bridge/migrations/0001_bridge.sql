-- What partners are asked to move, and where each stands. The states are in domain/charge.py.
CREATE TABLE charges (
    charge_id text PRIMARY KEY CHECK (length(charge_id) BETWEEN 1 AND 64),
    resource_id text NOT NULL,
    kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 3),
    partner_id text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
    currency_code text NOT NULL CHECK (currency_code ~ '^[A-Z]{3}$'),
    merchant_code text NOT NULL,
    payer_reference text NOT NULL,
    description text NOT NULL,
    expire_time timestamptz,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    state smallint NOT NULL CHECK (state BETWEEN 1 AND 6),
    operation text CHECK (operation IN ('start', 'approve', 'inquire', 'cancel')),
    due_time timestamptz,
    leased boolean NOT NULL,
    asked boolean NOT NULL,
    turn integer NOT NULL,
    version integer NOT NULL,
    closing smallint NOT NULL CHECK (closing BETWEEN 0 AND 2),
    inquiries integer NOT NULL,
    captured_minor bigint NOT NULL CHECK (captured_minor IN (0, amount_minor)),
    late boolean NOT NULL,
    partner_reference text NOT NULL,
    reason text NOT NULL,
    message text NOT NULL,
    partner_code text NOT NULL,
    action_url text NOT NULL,
    approval_token text NOT NULL,
    CONSTRAINT work_has_a_time CHECK ((operation IS NULL) = (due_time IS NULL)),
    CONSTRAINT an_accepted_charge_has_captured CHECK (state <> 4 OR captured_minor = amount_minor),
    CONSTRAINT a_late_charge_was_closed CHECK (NOT late OR state IN (5, 6))
) WITH (fillfactor = 70);

CREATE INDEX charges_due ON charges (partner_id, due_time) WHERE due_time IS NOT NULL;
CREATE INDEX charges_unknown ON charges (create_time) WHERE state = 3 OR closing <> 0;

CREATE TABLE refunds (
    refund_id text PRIMARY KEY CHECK (length(refund_id) BETWEEN 1 AND 64),
    charge_id text NOT NULL,
    resource_id text NOT NULL,
    amount_minor bigint NOT NULL,
    currency_code text NOT NULL,
    wish text NOT NULL,
    partner_id text NOT NULL,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    state smallint NOT NULL CHECK (state IN (1, 4, 5)),
    due_time timestamptz,
    leased boolean NOT NULL,
    turn integer NOT NULL,
    calls integer NOT NULL,
    partner_reference text NOT NULL,
    refusal text NOT NULL,
    message text NOT NULL,
    partner_code text NOT NULL,
    CONSTRAINT an_open_refund_is_due CHECK ((state = 1) = (due_time IS NOT NULL)),
    CONSTRAINT an_open_refund_has_an_amount CHECK (state = 5 OR amount_minor > 0)
);

CREATE INDEX refunds_of_charge ON refunds (charge_id);
CREATE INDEX refunds_due ON refunds (partner_id, due_time) WHERE due_time IS NOT NULL;

-- One row per call to a partner, or per word of an operator; never changed. refund_id is empty
-- for calls about the charge itself.
CREATE TABLE attempts (
    charge_id text NOT NULL,
    refund_id text NOT NULL,
    turn integer NOT NULL,
    operation text NOT NULL,
    call_time timestamptz NOT NULL,
    outcome text NOT NULL,
    detail text NOT NULL,
    request text NOT NULL CHECK (length(request) <= 2000),
    response text NOT NULL CHECK (length(response) <= 2000),
    PRIMARY KEY (charge_id, refund_id, turn)
);

-- Bank accounts that payers have linked. The account's number is not kept, only a digest of what
-- was asked, so that a repeat can be told from other content.
CREATE TABLE links (
    link_id text PRIMARY KEY,
    partner_id text NOT NULL,
    content_digest bytea NOT NULL,
    payer_reference text NOT NULL,
    display_name text NOT NULL,
    create_time timestamptz NOT NULL
);

GRANT SELECT, INSERT, UPDATE ON charges, refunds TO service_login;
GRANT SELECT, INSERT ON attempts, links TO service_login;
