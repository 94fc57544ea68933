-- What is needed to pay to a linked account, sealed by the gateway's secrets key. Null for links
-- that were made before, or by a gateway without such a key: they are good for top-ups only.
ALTER TABLE bank_links ADD sealed_payee bytea;
GRANT UPDATE (sealed_payee) ON bank_links TO service_login;

-- What a rule limits.
ALTER TABLE limit_rules ADD flow text NOT NULL DEFAULT 'payment'
    CONSTRAINT a_rule_limits_a_known_flow CHECK (flow IN ('payment', 'withdrawal', 'personal'));

-- What was asked to be paid to a bank account: written once, never changed.
CREATE TABLE withdrawal_asks (
    reference text COLLATE "C" PRIMARY KEY,
    participant_id text NOT NULL,
    withdrawal_id text COLLATE "C" NOT NULL,
    digest bytea NOT NULL,
    bank_link_id text COLLATE "C" NOT NULL,
    payer_id text NOT NULL,
    partner_id text NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    create_time timestamptz NOT NULL,
    -- The limits per day and year that it took from, and the wallet's day it was.
    limit_day date NOT NULL,
    limit_keys text[] NOT NULL,
    FOREIGN KEY (participant_id, bank_link_id) REFERENCES bank_links,
    CONSTRAINT withdrawal_references_have_26_characters CHECK (length(reference) = 26),
    CONSTRAINT withdrawal_ids_are_unique_per_participant UNIQUE (participant_id, withdrawal_id),
    CONSTRAINT a_withdrawal_is_positive CHECK (amount_minor > 0)
);
CREATE INDEX withdrawals_of_a_payer ON withdrawal_asks (participant_id, payer_id, withdrawal_id);

-- Where each withdrawal stands.
CREATE TABLE withdrawals (
    reference text COLLATE "C" PRIMARY KEY REFERENCES withdrawal_asks,
    state text NOT NULL,
    step text NOT NULL,
    update_time timestamptz NOT NULL,
    reason text NOT NULL DEFAULT '',
    message text NOT NULL DEFAULT '',
    repeat_count int NOT NULL DEFAULT 0,
    attempt int NOT NULL DEFAULT 0,
    stuck_at text,
    -- By Postgres's clock; null while nothing is outstanding.
    next_sweep_time timestamptz,
    CONSTRAINT withdrawal_steps_fit_states CHECK (
        CASE state
            WHEN 'pending' THEN step IN ('reserve', 'order')
            WHEN 'completed' THEN
                step IN ('post', 'post_back', 'give_back', 'write_off', 'operator', 'done')
            WHEN 'declined' THEN step IN ('void', 'take', 'write_off', 'operator', 'done')
            ELSE state = 'returned' AND step = 'done'
        END
    ),
    CONSTRAINT withdrawal_cases_say_where_they_are_stuck
        CHECK (step <> 'operator' OR stuck_at IS NOT NULL),
    CONSTRAINT outstanding_withdrawals_are_swept CHECK (
        (next_sweep_time IS NOT NULL) = (step NOT IN ('operator', 'done'))
    )
) WITH (fillfactor = 70);
CREATE INDEX outstanding_withdrawals ON withdrawals (next_sweep_time)
    WHERE next_sweep_time IS NOT NULL;
CREATE INDEX withdrawal_cases ON withdrawals (update_time) WHERE step = 'operator';

GRANT SELECT, INSERT ON withdrawal_asks TO service_login;
GRANT SELECT, INSERT, UPDATE ON withdrawals TO service_login;
