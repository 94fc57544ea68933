-- The operator's people. Roles: support, finance, risk, admin.
CREATE TABLE persons (
    person_id text PRIMARY KEY,
    display_name text NOT NULL,
    roles text[] NOT NULL,
    active boolean NOT NULL
);

-- Empty scopes: all that the participant's kind may do. Empty networks: from anywhere.
-- Last used is kept to the minute, and written for many keys at once.
ALTER TABLE api_keys
    ADD COLUMN person_id text REFERENCES persons,
    ADD COLUMN purpose text NOT NULL DEFAULT '',
    ADD COLUMN scopes text[] NOT NULL DEFAULT '{}',
    ADD COLUMN networks text[] NOT NULL DEFAULT '{}',
    ADD COLUMN maker_id text NOT NULL DEFAULT '',
    ADD COLUMN last_used_time timestamptz;

-- Public keys with which participants sign their HTTP requests.
CREATE TABLE signing_keys (
    signing_key_id text PRIMARY KEY,
    participant_id text NOT NULL REFERENCES participants,
    algorithm text NOT NULL,
    public_key text NOT NULL,
    create_time timestamptz NOT NULL,
    expire_time timestamptz,
    revoke_time timestamptz
);
CREATE INDEX signing_keys_of ON signing_keys (participant_id);

CREATE TABLE access_policies (
    participant_id text PRIMARY KEY REFERENCES participants,
    requires_signature boolean NOT NULL,
    tls_identities text[] NOT NULL,
    rates jsonb NOT NULL
);

-- Calls that wait for a second person, and what was decided: both append-only.
CREATE TABLE proposals (
    proposal_id text PRIMARY KEY,
    method text NOT NULL,
    object_id text NOT NULL,
    request bytea NOT NULL,
    participant_id text NOT NULL REFERENCES participants,
    person_id text NOT NULL,
    key_id text NOT NULL,
    propose_time timestamptz NOT NULL,
    expire_time timestamptz NOT NULL
);
CREATE INDEX proposals_of_a_person ON proposals (person_id, method);
CREATE TABLE proposal_decisions (
    proposal_id text PRIMARY KEY REFERENCES proposals,
    approved boolean NOT NULL,
    person_id text NOT NULL,
    key_id text NOT NULL,
    reason text NOT NULL,
    decide_time timestamptz NOT NULL
);

-- Who saw or changed what: append-only.
CREATE TABLE audit_entries (
    entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    call_time timestamptz NOT NULL,
    participant_id text NOT NULL,
    person_id text NOT NULL,
    key_id text NOT NULL,
    peer text NOT NULL,
    method text NOT NULL,
    object_id text NOT NULL,
    outcome text NOT NULL
);
CREATE INDEX audit_entries_of_a_participant ON audit_entries (participant_id, entry_id);
CREATE INDEX audit_entries_of_a_person ON audit_entries (person_id, entry_id);
CREATE INDEX audit_entries_of_an_object ON audit_entries (object_id, entry_id);

GRANT SELECT, INSERT, UPDATE ON persons, signing_keys, access_policies TO service_login;
GRANT SELECT, INSERT ON proposals, proposal_decisions, audit_entries TO service_login;
