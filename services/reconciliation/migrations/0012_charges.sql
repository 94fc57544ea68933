-- What the facts say of a charge, whatever the order they are read in: the rows of `our_rows` follow
-- from it. A fact that is said again keeps its first time.
CREATE TABLE charges (
    charge_id text PRIMARY KEY,
    resource_id text NOT NULL,
    -- The rest is empty until an acceptance is read.
    partner_id text NOT NULL DEFAULT '',
    -- payment or top_up.
    kind text NOT NULL DEFAULT '',
    currency text NOT NULL DEFAULT '',
    minor bigint NOT NULL DEFAULT 0,
    partner_reference text NOT NULL DEFAULT '',
    accept_time timestamptz,
    cancel_time timestamptz,
    cancel_reference text NOT NULL DEFAULT '',
    -- Accepted after it had been reported rejected or cancelled.
    late_time timestamptz
);

CREATE TABLE charge_refunds (
    refund_id text PRIMARY KEY,
    charge_id text NOT NULL,
    resource_id text NOT NULL,
    minor bigint NOT NULL CHECK (minor > 0),
    partner_reference text NOT NULL,
    accept_time timestamptz NOT NULL
);
CREATE INDEX refunds_of_a_charge ON charge_refunds (charge_id);

-- What the ledger has posted for a resource: a row of ours without it was never booked.
CREATE TABLE booked (
    resource_id text PRIMARY KEY,
    post_time timestamptz NOT NULL
);

GRANT SELECT, INSERT, UPDATE ON charges, charge_refunds TO service_login;
GRANT SELECT, INSERT ON booked TO service_login;
-- A payment that was cancelled on its own day, and that its partner's file leaves out, has no row.
GRANT DELETE ON our_rows TO service_login;
