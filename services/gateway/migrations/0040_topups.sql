-- A payer's bank account as its partner knows it; the account's number is not kept.
CREATE TABLE bank_links (
    participant_id text NOT NULL REFERENCES participants,
    bank_link_id text COLLATE "C" NOT NULL,
    digest bytea NOT NULL,
    payer_id text NOT NULL,
    partner_id text NOT NULL,
    payer_reference text NOT NULL CHECK (payer_reference <> ''),
    display_name text NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (participant_id, bank_link_id)
);

-- What was asked to be drawn from a bank: written once, never changed.
CREATE TABLE top_up_asks (
    reference text COLLATE "C" PRIMARY KEY,
    participant_id text NOT NULL,
    top_up_id text COLLATE "C" NOT NULL,
    digest bytea NOT NULL,
    bank_link_id text COLLATE "C" NOT NULL,
    payer_id text NOT NULL,
    partner_id text NOT NULL,
    payer_reference text NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    create_time timestamptz NOT NULL,
    FOREIGN KEY (participant_id, bank_link_id) REFERENCES bank_links,
    CONSTRAINT top_up_references_have_26_characters CHECK (length(reference) = 26),
    CONSTRAINT top_up_ids_are_unique_per_participant UNIQUE (participant_id, top_up_id),
    CONSTRAINT a_top_up_is_positive CHECK (amount_minor > 0)
);

-- Where each top-up stands.
CREATE TABLE top_ups (
    reference text COLLATE "C" PRIMARY KEY REFERENCES top_up_asks,
    state text NOT NULL,
    step text NOT NULL,
    update_time timestamptz NOT NULL,
    reason text NOT NULL DEFAULT '',
    message text NOT NULL DEFAULT '',
    repeat_count int NOT NULL DEFAULT 0,
    -- By Postgres's clock; null while nothing is outstanding.
    next_sweep_time timestamptz,
    CONSTRAINT top_up_steps_fit_states CHECK (
        CASE state
            WHEN 'pending' THEN step IN ('charge', 'credit', 'operator')
            WHEN 'completed' THEN step = 'done'
            ELSE state = 'declined' AND step IN ('give_back', 'operator', 'done')
        END
    ),
    CONSTRAINT outstanding_top_ups_are_swept CHECK (
        (next_sweep_time IS NOT NULL) = (step NOT IN ('operator', 'done'))
    )
) WITH (fillfactor = 70);
CREATE INDEX outstanding_top_ups ON top_ups (next_sweep_time) WHERE next_sweep_time IS NOT NULL;

GRANT SELECT, INSERT ON bank_links, top_up_asks TO service_login;
GRANT SELECT, INSERT, UPDATE ON top_ups TO service_login;
