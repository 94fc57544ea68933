-- What the screening decided at confirmation: refusals always, passes while a list is configured.
-- Append-only. Passes are also what velocity rules count.
CREATE TABLE screenings (
    screening_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reference text COLLATE "C" NOT NULL REFERENCES payments (reference)
        CONSTRAINT a_payment_is_screened_once UNIQUE,
    participant_id text COLLATE "C" NOT NULL,
    payment_id text NOT NULL,
    payer_id text COLLATE "C" NOT NULL,
    refused boolean NOT NULL,
    rule text NOT NULL,
    detail text NOT NULL,
    list_digest text NOT NULL,
    decide_time timestamptz NOT NULL,
    CONSTRAINT a_refusal_names_its_rule CHECK (refused = (rule <> ''))
);
CREATE INDEX refused_screenings ON screenings (screening_id) WHERE refused;
CREATE INDEX passed_screenings ON screenings (participant_id, payer_id, decide_time)
    WHERE NOT refused;

GRANT SELECT, INSERT ON screenings TO service_login;
