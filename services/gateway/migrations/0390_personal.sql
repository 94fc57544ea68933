-- What a payer of a hosted wallet is paid by. `token` is what the code carries, and the merchant id
-- of payments by it. The name is what payers are shown, masked where it was a real one.
CREATE TABLE personal_codes (
    token text COLLATE "C" PRIMARY KEY,
    participant_id text NOT NULL REFERENCES participants,
    code_id text COLLATE "C" NOT NULL,
    payer_id text COLLATE "C" NOT NULL,
    shown_name text NOT NULL CHECK (shown_name <> ''),
    currency text NOT NULL,
    code text NOT NULL,
    create_time timestamptz NOT NULL,
    revoke_time timestamptz,
    CONSTRAINT personal_code_ids_are_unique_per_participant UNIQUE (participant_id, code_id),
    CONSTRAINT tokens_have_26_characters CHECK (length(token) = 26)
);
CREATE INDEX personal_codes_of_a_payer ON personal_codes (participant_id, payer_id, code_id);

GRANT SELECT, INSERT ON personal_codes TO service_login;
-- A code never leads to another person, nor comes back.
GRANT UPDATE (revoke_time) ON personal_codes TO service_login;

-- Whose codes these are is in the table above: no merchant stands under this scheme.
INSERT INTO schemes (scheme, acceptance_partner_id, currency, country_code, resolved_by_partner)
VALUES ('kawase-person', '', '', '', false);

-- What a person was paid.
CREATE INDEX payments_to_persons ON payment_terms (payable_account_id, reference)
    WHERE payable_account_id LIKE 'customer:%';

-- A corridor to persons of a wallet stands beside one to a partner of the same name.
ALTER TABLE corridors ADD personal boolean NOT NULL DEFAULT false,
    DROP CONSTRAINT a_way_has_one_corridor,
    ADD CONSTRAINT a_way_has_one_corridor
        UNIQUE (wallet_id, acceptance_partner_id, target_currency, personal);

ALTER TABLE limit_rules DROP CONSTRAINT a_rule_limits_a_known_flow,
    ADD CONSTRAINT a_rule_limits_a_known_flow
        CHECK (flow IN ('payment', 'withdrawal', 'personal', 'receipt')),
    DROP CONSTRAINT limit_rules_period_check,
    ADD CONSTRAINT limit_rules_period_check CHECK (period IN ('payment', 'day', 'month', 'year'));
