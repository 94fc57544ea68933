-- Who takes part. A wallet has a funding, a home currency and a time zone for its limits per day.
CREATE TABLE participants (
    participant_id text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('wallet', 'acquirer', 'operator')),
    display_name text NOT NULL,
    funding text CHECK (funding IN ('prefund', 'hosted', 'partner')),
    home_currency text NOT NULL,
    time_zone text NOT NULL,
    collect_partner_id text NOT NULL,
    net_debit_limit bigint NOT NULL CHECK (net_debit_limit >= 0),
    CONSTRAINT a_wallet_is_funded CHECK ((kind = 'wallet') = (funding IS NOT NULL)),
    CONSTRAINT a_wallet_has_a_home CHECK (kind <> 'wallet' OR home_currency <> ''),
    CONSTRAINT a_collector_is_named CHECK ((funding = 'partner') IS NOT TRUE OR collect_partner_id <> '')
);

-- Only the SHA-256 of a key's random secret is kept.
CREATE TABLE api_keys (
    key_id text PRIMARY KEY,
    participant_id text NOT NULL REFERENCES participants,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    create_time timestamptz NOT NULL,
    expire_time timestamptz,
    revoke_time timestamptz
);

CREATE TABLE fee_plans (
    fee_plan_id text PRIMARY KEY,
    payer text NOT NULL CHECK (payer IN ('merchant', 'house')),
    rate_basis_points int NOT NULL CHECK (rate_basis_points BETWEEN 0 AND 10000),
    currency text NOT NULL,
    fixed_minor bigint NOT NULL CHECK (fixed_minor >= 0),
    minimum_minor bigint NOT NULL CHECK (minimum_minor >= 0),
    rounding text NOT NULL CHECK (rounding IN ('up', 'down', 'half_up'))
);

CREATE TABLE schemes (
    scheme text PRIMARY KEY,
    acceptance_partner_id text NOT NULL,
    currency text NOT NULL,
    country_code text NOT NULL,
    resolved_by_partner boolean NOT NULL,
    CONSTRAINT a_resolver_is_named CHECK (NOT resolved_by_partner OR acceptance_partner_id <> '')
);

CREATE TABLE merchants (
    merchant_id text PRIMARY KEY,
    acquirer_id text NOT NULL REFERENCES participants,
    name text NOT NULL,
    city text NOT NULL,
    country_code text NOT NULL,
    category_code text NOT NULL,
    currency text NOT NULL,
    scheme text NOT NULL REFERENCES schemes,
    scheme_account_id text NOT NULL,
    fee_plan_id text NOT NULL REFERENCES fee_plans,
    net_debit_limit bigint NOT NULL CHECK (net_debit_limit >= 0),
    CONSTRAINT a_code_names_one_merchant UNIQUE (scheme, scheme_account_id)
);

-- Limits in minor units of the home currency; zero is no limit.
CREATE TABLE corridors (
    corridor_id text PRIMARY KEY,
    wallet_id text NOT NULL REFERENCES participants,
    acceptance_partner_id text NOT NULL,
    home_currency text NOT NULL,
    target_currency text NOT NULL,
    fee_plan_id text NOT NULL REFERENCES fee_plans,
    quote_seconds int NOT NULL CHECK (quote_seconds > 0),
    payment_minimum bigint NOT NULL CHECK (payment_minimum >= 0),
    payment_limit bigint NOT NULL CHECK (payment_limit >= 0),
    payer_day_limit bigint NOT NULL CHECK (payer_day_limit >= 0),
    corridor_day_limit bigint NOT NULL CHECK (corridor_day_limit >= 0),
    open boolean NOT NULL,
    CONSTRAINT a_way_has_one_corridor UNIQUE (wallet_id, acceptance_partner_id, target_currency)
);

-- Who changed what: append-only. `content` is the thing after the change.
CREATE TABLE reference_changes (
    change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    change_time timestamptz NOT NULL,
    key_id text NOT NULL,
    operation text NOT NULL,
    subject_id text NOT NULL,
    content jsonb NOT NULL
);

GRANT SELECT, INSERT, UPDATE ON participants, api_keys, fee_plans, schemes, merchants, corridors
    TO service_login;
GRANT SELECT, INSERT ON reference_changes TO service_login;
