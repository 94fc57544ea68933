-- A file a partner or bank has given us, taken in whole. The same bytes are taken in once.
CREATE TABLE files (
    file_id text PRIMARY KEY,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    file_name text NOT NULL,
    format text NOT NULL,
    -- Whose file it is: the counterpart of its rows.
    partner_id text NOT NULL,
    -- The partner's own day.
    day date NOT NULL,
    byte_count bigint NOT NULL CHECK (byte_count > 0),
    row_count bigint NOT NULL CHECK (row_count >= 0),
    import_time timestamptz NOT NULL,
    operator text NOT NULL,
    CONSTRAINT the_same_bytes_are_taken_in_once UNIQUE (partner_id, digest)
);
CREATE INDEX files_of_a_day ON files (partner_id, day);

-- Sums of a file's rows per currency, minor units.
CREATE TABLE file_totals (
    file_id text NOT NULL REFERENCES files,
    currency_code text NOT NULL,
    total_minor bigint NOT NULL,
    PRIMARY KEY (file_id, currency_code)
);

-- A file as it came, in pieces of a megabyte, zlib.
CREATE TABLE file_bytes (
    file_id text NOT NULL REFERENCES files,
    piece int NOT NULL CHECK (piece >= 0),
    data bytea NOT NULL,
    PRIMARY KEY (file_id, piece)
);

-- Both sides have the columns of `matching/rows.py`. `partner_id` is the counterpart.
-- What we say, from the facts: written once, but for the state.
CREATE TABLE our_rows (
    row bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    partner_id text NOT NULL,
    reference text NOT NULL,
    partner_reference text NOT NULL,
    kind text NOT NULL,
    currency text NOT NULL,
    minor bigint NOT NULL,
    fee bigint,
    state text NOT NULL,
    -- In the partner's time zone.
    day date NOT NULL,
    bundle text NOT NULL,
    text text NOT NULL,
    -- payment-…, refund-…, payout-…, topup-…; empty for what we expect because of a file.
    resource_id text NOT NULL,
    -- The fact it is from; for what we expect because of a file, that file and its record.
    source text NOT NULL,
    stripe smallint,
    sequence bigint,
    file_id text REFERENCES files,
    CONSTRAINT our_row_is_said_once UNIQUE (partner_id, kind, reference)
);
CREATE INDEX our_rows_of_a_day ON our_rows (partner_id, day);

-- What a file says: written once, with its file.
CREATE TABLE their_rows (
    row bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    partner_id text NOT NULL,
    file_id text NOT NULL REFERENCES files,
    -- From 1, as the file's findings count them.
    record bigint NOT NULL,
    reference text NOT NULL,
    partner_reference text NOT NULL,
    kind text NOT NULL,
    currency text NOT NULL,
    minor bigint NOT NULL,
    fee bigint,
    state text NOT NULL,
    day date NOT NULL,
    bundle text NOT NULL,
    text text NOT NULL
);
CREATE INDEX their_rows_of_a_day ON their_rows (partner_id, day);
CREATE INDEX their_rows_of_a_file ON their_rows (file_id, record);

-- A partner's days.
CREATE TABLE days (
    partner_id text NOT NULL,
    day date NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'closed')),
    run_count int NOT NULL DEFAULT 0,
    run_time timestamptz,
    engine text NOT NULL DEFAULT '',
    closed_by text NOT NULL DEFAULT '',
    close_time timestamptz,
    report_digest bytea,
    PRIMARY KEY (partner_id, day)
);

-- What the run of a day has decided, each row of both sides once, but for the one row of a bundle.
-- A run replaces those of its day while the day is open; what an earlier day has matched stays.
CREATE TABLE pairs (
    partner_id text NOT NULL,
    day date NOT NULL,
    our_row bigint,
    their_row bigint,
    -- Empty for a break.
    rule text NOT NULL,
    -- Empty for a match.
    break_kind text NOT NULL,
    -- Minor units, ours less theirs.
    size bigint NOT NULL,
    currency text NOT NULL,
    FOREIGN KEY (partner_id, day) REFERENCES days,
    CONSTRAINT a_pair_is_a_match_or_a_break CHECK ((rule = '') <> (break_kind = '')),
    CONSTRAINT a_pair_has_a_side CHECK (our_row IS NOT NULL OR their_row IS NOT NULL)
);
CREATE INDEX pairs_of_a_day ON pairs (partner_id, day);
CREATE INDEX pairs_of_our_row ON pairs (our_row) WHERE our_row IS NOT NULL;
CREATE INDEX pairs_of_their_row ON pairs (their_row) WHERE their_row IS NOT NULL;

-- How far the facts of each stripe have been read into our rows.
CREATE TABLE projected (
    source text NOT NULL,
    stripe smallint NOT NULL,
    sequence bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (source, stripe)
) WITH (fillfactor = 20);
INSERT INTO projected (source, stripe)
SELECT source, stripe
FROM unnest(ARRAY['wallet', 'bridge', 'gateway']) AS source, generate_series(0, 63) AS stripe;

GRANT SELECT, INSERT ON files, file_totals, file_bytes, their_rows TO service_login;
GRANT SELECT, INSERT, UPDATE ON our_rows, days, projected TO service_login;
GRANT SELECT, INSERT, DELETE ON pairs TO service_login;
