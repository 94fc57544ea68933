-- What a closed day was closed with. Append-only: what comes later belongs to later days.
CREATE TABLE closings (
    partner_id text NOT NULL,
    day date NOT NULL,
    operator text NOT NULL CHECK (operator <> ''),
    close_time timestamptz NOT NULL,
    -- Rows that come later have higher numbers, and are in no number of its report.
    last_our_row bigint NOT NULL,
    last_their_row bigint NOT NULL,
    PRIMARY KEY (partner_id, day),
    FOREIGN KEY (partner_id, day) REFERENCES days
);

-- The breaks of a closed day as its report tells them.
CREATE TABLE closed_breaks (
    partner_id text NOT NULL,
    day date NOT NULL,
    break_id text NOT NULL REFERENCES breaks,
    kind text NOT NULL,
    age_class text NOT NULL,
    our_row bigint,
    their_row bigint,
    size bigint NOT NULL,
    currency text NOT NULL,
    PRIMARY KEY (partner_id, day, break_id),
    FOREIGN KEY (partner_id, day) REFERENCES closings
);

-- The reports of a closed day, byte by byte, in every format.
CREATE TABLE reports (
    partner_id text NOT NULL,
    day date NOT NULL,
    format text NOT NULL,
    file_name text NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    byte_count bigint NOT NULL CHECK (byte_count >= 0),
    PRIMARY KEY (partner_id, day, format),
    FOREIGN KEY (partner_id, day) REFERENCES closings
);

-- In pieces of a megabyte, zlib.
CREATE TABLE report_pieces (
    partner_id text NOT NULL,
    day date NOT NULL,
    format text NOT NULL,
    piece int NOT NULL CHECK (piece >= 0),
    data bytea NOT NULL,
    PRIMARY KEY (partner_id, day, format, piece),
    FOREIGN KEY (partner_id, day, format) REFERENCES reports
);

-- What others have been told to be on a bank's statement: each entry of a resource once.
CREATE TABLE told_entries (
    resource_id text NOT NULL,
    entry_reference text NOT NULL,
    credit boolean NOT NULL,
    tell_time timestamptz NOT NULL,
    PRIMARY KEY (resource_id, entry_reference, credit)
);

GRANT SELECT, INSERT ON closings, closed_breaks, reports, report_pieces, told_entries
    TO service_login;

-- A row of ours goes when its payment turns out to be cancelled, whatever break it had; and looking
-- rows up for each break gains nothing, for those of a file never go.
ALTER TABLE breaks DROP CONSTRAINT breaks_our_row_fkey, DROP CONSTRAINT breaks_their_row_fkey;

-- Reports find what a payment has earned by its spread.
CREATE INDEX completed_payments ON facts (key)
    WHERE source = 'gateway' AND type = 'PaymentCompleted';
