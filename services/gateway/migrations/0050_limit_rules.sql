-- Whose law limits a wallet's payers; ISO 3166-1 letters, empty where no rule asks for it.
ALTER TABLE participants ADD COLUMN country_code text NOT NULL DEFAULT '';

-- Limits by law and by partners' contracts. What is empty fits every payment.
CREATE TABLE limit_rules (
    limit_rule_id text PRIMARY KEY,
    period text NOT NULL CHECK (period IN ('payment', 'day', 'year')),
    wallet_country text NOT NULL,
    wallet_id text NOT NULL,
    acceptance_partner_id text NOT NULL,
    collect_partner_id text NOT NULL,
    currency text NOT NULL,
    maximum_minor bigint NOT NULL CHECK (maximum_minor >= 0),
    minimum_minor bigint NOT NULL CHECK (minimum_minor >= 0),
    source text NOT NULL CHECK (source <> ''),
    active boolean NOT NULL,
    CONSTRAINT a_rule_limits_something CHECK (maximum_minor > 0 OR minimum_minor > 0),
    CONSTRAINT an_amount_fits_the_rule CHECK (maximum_minor = 0 OR minimum_minor <= maximum_minor),
    CONSTRAINT a_period_has_no_minimum CHECK (period = 'payment' OR minimum_minor = 0)
);

-- What rules per day and per year have been used by is in limit_usages, a year's under its first
-- of January: rows of years have to be kept until their year is over everywhere.
COMMENT ON TABLE limit_usages IS
    'Used of limits per local day, and per local year under its first of January';

GRANT SELECT, INSERT, UPDATE ON limit_rules TO service_login;
