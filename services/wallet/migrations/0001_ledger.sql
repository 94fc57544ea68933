-- A place where money of one currency is. Only the totals ever change. A striped account has a row
-- per stripe; any other has one row, at the stripe of its id.
CREATE TABLE accounts (
    account_id text NOT NULL CONSTRAINT account_id_is_short CHECK (length(account_id) <= 200),
    stripe smallint NOT NULL CONSTRAINT stripe_is_known CHECK (stripe BETWEEN 0 AND 63),
    currency_code text NOT NULL CONSTRAINT currency_has_three_letters
        CHECK (currency_code ~ '^[A-Z]{3}$'),
    kind text NOT NULL,
    owner_id text NOT NULL,
    striped boolean NOT NULL,
    net_debit_limit bigint CONSTRAINT limit_is_not_negative CHECK (net_debit_limit >= 0),
    debits_pending bigint NOT NULL DEFAULT 0 CONSTRAINT debits_pending_are_not_negative
        CHECK (debits_pending >= 0),
    debits_posted bigint NOT NULL DEFAULT 0 CONSTRAINT debits_posted_are_not_negative
        CHECK (debits_posted >= 0),
    credits_pending bigint NOT NULL DEFAULT 0 CONSTRAINT credits_pending_are_not_negative
        CHECK (credits_pending >= 0),
    credits_posted bigint NOT NULL DEFAULT 0 CONSTRAINT credits_posted_are_not_negative
        CHECK (credits_posted >= 0),
    create_time timestamptz NOT NULL,
    PRIMARY KEY (account_id, stripe),
    CONSTRAINT striped_accounts_have_no_limit CHECK (NOT striped OR net_debit_limit IS NULL),
    CONSTRAINT debits_stay_within_the_limit
        CHECK (debits_pending + debits_posted - credits_posted <= net_debit_limit)
) WITH (
    -- Room on the page for the next versions: totals change without touching the indexes.
    fillfactor = 40,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 500,
    autovacuum_analyze_scale_factor = 0.2
);
CREATE INDEX accounts_of_owner ON accounts (owner_id, account_id);

-- The first command under a link id, and what it said. Whoever begins a link, or leaves a tombstone
-- for one, inserts here: the primary key lets one of two racing writers through.
CREATE TABLE links (
    link_id text PRIMARY KEY CONSTRAINT link_id_is_short CHECK (length(link_id) <= 200),
    command text NOT NULL CONSTRAINT command_begins_a_link
        CHECK (command IN ('reserve', 'transfer', 'void', 'expire')),
    funding_account_id text NOT NULL,
    stripe smallint NOT NULL CONSTRAINT stripe_is_known CHECK (stripe BETWEEN 0 AND 63),
    -- Of funding account and legs; empty for a tombstone, which has none.
    digest bytea NOT NULL,
    create_time timestamptz NOT NULL
) WITH (autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_analyze_scale_factor = 0.1);

-- Legs of links that were let through. The stripes say which rows of the two accounts they moved.
CREATE TABLE transfers (
    link_id text NOT NULL,
    leg_number smallint NOT NULL CONSTRAINT legs_are_few CHECK (leg_number BETWEEN 1 AND 64),
    debit_account_id text NOT NULL,
    debit_stripe smallint NOT NULL,
    credit_account_id text NOT NULL,
    credit_stripe smallint NOT NULL,
    amount bigint NOT NULL CONSTRAINT amount_is_positive
        CHECK (amount BETWEEN 1 AND 1000000000000000),
    currency_code text NOT NULL,
    purpose text NOT NULL,
    -- The order of their making, which lists follow.
    number bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (link_id, leg_number),
    CONSTRAINT accounts_differ CHECK (debit_account_id <> credit_account_id)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_analyze_scale_factor = 0.1);
CREATE INDEX transfers_of_debit_account ON transfers (debit_account_id, number);
CREATE INDEX transfers_of_credit_account ON transfers (credit_account_id, number);

-- How a link ended: once, which the primary key holds. Without legs it is a tombstone.
CREATE TABLE resolutions (
    link_id text PRIMARY KEY,
    outcome text NOT NULL CONSTRAINT outcome_is_known
        CHECK (outcome IN ('posted', 'voided', 'expired')),
    stripe smallint NOT NULL,
    -- The outbox sequence, within the stripe, of the fact that says it was posted.
    sequence bigint,
    resolve_time timestamptz NOT NULL,
    CONSTRAINT postings_have_a_sequence CHECK ((outcome = 'posted') = (sequence IS NOT NULL))
) WITH (autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_analyze_scale_factor = 0.1);
CREATE UNIQUE INDEX postings_are_numbered_once ON resolutions (stripe, sequence)
    WHERE sequence IS NOT NULL;
CREATE INDEX resolutions_by_time ON resolutions USING brin (resolve_time)
    WITH (pages_per_range = 32, autosummarize = on);

-- Refusals that another day could have answered differently; the command gets them again for ever.
CREATE TABLE refusals (
    link_id text NOT NULL,
    command text NOT NULL,
    clause text NOT NULL,
    account_id text NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (link_id, command)
);

-- Accounts as the outside sees them: the sum of their rows.
CREATE VIEW balances AS
SELECT
    account_id, currency_code, kind, owner_id, striped, net_debit_limit, create_time,
    sum(debits_pending) AS debits_pending, sum(debits_posted) AS debits_posted,
    sum(credits_pending) AS credits_pending, sum(credits_posted) AS credits_posted
FROM accounts
GROUP BY account_id, currency_code, kind, owner_id, striped, net_debit_limit, create_time;

-- Transfers with what became of them; without an outcome they are pending.
CREATE VIEW transfer_states AS
SELECT
    t.number, t.link_id, t.leg_number, t.debit_account_id, t.credit_account_id, t.amount,
    t.currency_code, t.purpose, l.stripe, l.create_time, r.outcome, r.sequence, r.resolve_time
FROM transfers AS t JOIN links AS l USING (link_id) LEFT JOIN resolutions AS r USING (link_id);

GRANT SELECT ON balances, transfer_states TO service_login;
GRANT SELECT, INSERT ON accounts, links, transfers, resolutions, refusals TO service_login;
GRANT UPDATE (debits_pending, debits_posted, credits_pending, credits_posted) ON accounts
    TO service_login;
