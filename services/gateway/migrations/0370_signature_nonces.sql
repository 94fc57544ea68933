-- Nonces of signed requests, so that no gateway process takes a signature that another one took.

CREATE TABLE signature_nonces (
    participant_id text COLLATE "C" NOT NULL,
    nonce text COLLATE "C" NOT NULL CHECK (length(nonce) <= 128),
    -- By the service's clock.
    expire_time timestamptz NOT NULL,
    PRIMARY KEY (participant_id, nonce)
);
CREATE INDEX old_signature_nonces ON signature_nonces (expire_time);

GRANT SELECT, INSERT, DELETE ON signature_nonces TO service_login;
-- Nothing updates it, but rows about to be deleted are locked, so that deletions pass each other by.
GRANT UPDATE (expire_time) ON signature_nonces TO service_login;
