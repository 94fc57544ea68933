-- Of calls whose answer is a secret for who makes them: that an approved one has been made.
CREATE TABLE proposal_claims (
    proposal_id text PRIMARY KEY REFERENCES proposals,
    key_id text NOT NULL,
    claim_time timestamptz NOT NULL
);
GRANT SELECT, INSERT ON proposal_claims TO service_login;
