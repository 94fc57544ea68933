-- Top-ups whose money a bank's statement shows, and whether the ledger has booked its arrival.
CREATE TABLE arrivals (
    link_id text PRIMARY KEY,
    resource_id text NOT NULL,
    -- More than zero: it came in.
    amount_minor bigint NOT NULL CHECK (amount_minor <> 0),
    currency_code text NOT NULL,
    -- partner/entry: where it was seen.
    witness text NOT NULL,
    booked boolean NOT NULL DEFAULT false,
    ask_time timestamptz NOT NULL,
    CONSTRAINT money_arrives_once UNIQUE (resource_id, witness)
) WITH (fillfactor = 80);
CREATE INDEX arrivals_to_book ON arrivals (ask_time) WHERE NOT booked;

GRANT SELECT, INSERT, UPDATE ON arrivals TO service_login;
