-- Rebalancing deals. Terms are written once; state and the two sides move forward.
CREATE TABLE fx_deals (
    -- Chosen by the operator.
    deal_id text PRIMARY KEY,
    reference text COLLATE "C" NOT NULL UNIQUE CHECK (length(reference) = 26),
    counterparty_id text NOT NULL,
    sold_minor bigint NOT NULL CHECK (sold_minor > 0),
    sold_currency text NOT NULL,
    bought_minor bigint NOT NULL CHECK (bought_minor > 0),
    bought_currency text NOT NULL,
    -- Bought currency for one of the sold one, at the time of recording.
    mid numeric(24, 12) NOT NULL CHECK (mid > 0),
    mid_value_minor bigint NOT NULL CHECK (mid_value_minor >= 0),
    trade_date date NOT NULL,
    value_date date NOT NULL,
    operator text NOT NULL,
    create_time timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('booking', 'recorded', 'settled', 'refused')),
    reason text NOT NULL DEFAULT '',
    -- Who or what has seen each side on the bank's statement; empty: nobody yet.
    sold_seen text NOT NULL DEFAULT '',
    bought_seen text NOT NULL DEFAULT '',
    -- When the command of the present step was last given.
    ask_time timestamptz NOT NULL,
    CONSTRAINT a_deal_is_of_two_currencies CHECK (sold_currency <> bought_currency)
) WITH (fillfactor = 80);
CREATE INDEX fx_deals_in_work ON fx_deals (ask_time) WHERE state IN ('booking', 'recorded');
CREATE INDEX fx_deals_by_time ON fx_deals (create_time DESC, deal_id);

GRANT SELECT, INSERT, UPDATE ON fx_deals TO service_login;
