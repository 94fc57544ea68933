-- What goes to banks by file: records gathered for a file, files as they were written before they
-- were sent, and which of the banks' files were taken. The states are in partners/zengin_bank_rules.
CREATE TABLE bank_mandates (
    partner_id text NOT NULL,
    mandate_id text NOT NULL CHECK (length(mandate_id) BETWEEN 1 AND 64),
    bank_code text NOT NULL,
    branch_code text NOT NULL,
    account_type text NOT NULL,
    account_number text NOT NULL,
    holder_name text NOT NULL,
    PRIMARY KEY (partner_id, mandate_id)
);

-- The very bytes that are sent are kept: what is sent again is the same file.
CREATE TABLE bank_files (
    partner_id text NOT NULL,
    file_id text NOT NULL CHECK (length(file_id) BETWEEN 1 AND 64),
    kind text NOT NULL CHECK (kind IN ('transfer', 'debit')),
    send_date date NOT NULL,
    value_date date NOT NULL,
    record_count integer NOT NULL CHECK (record_count > 0),
    total_minor bigint NOT NULL CHECK (total_minor > 0),
    content bytea NOT NULL,
    digest text NOT NULL,
    create_time timestamptz NOT NULL,
    state smallint NOT NULL CHECK (state BETWEEN 1 AND 6),
    perhaps_sent boolean NOT NULL,
    searches integer NOT NULL,
    due_time timestamptz NOT NULL,
    bank_number text NOT NULL,
    code text NOT NULL,
    PRIMARY KEY (partner_id, file_id)
);

CREATE INDEX bank_files_under_way ON bank_files (partner_id, due_time) WHERE state < 5;

CREATE TABLE bank_records (
    partner_id text NOT NULL,
    item_id text NOT NULL CHECK (length(item_id) BETWEEN 1 AND 80),
    kind text NOT NULL CHECK (kind IN ('transfer', 'debit')),
    reference text NOT NULL,
    bank_code text NOT NULL,
    branch_code text NOT NULL,
    account_type text NOT NULL,
    account_number text NOT NULL,
    holder_name text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    create_time timestamptz NOT NULL,
    send_date date NOT NULL,
    value_date date NOT NULL,
    state smallint NOT NULL CHECK (state BETWEEN 1 AND 6),
    file_id text,
    code text NOT NULL,
    PRIMARY KEY (partner_id, item_id),
    FOREIGN KEY (partner_id, file_id) REFERENCES bank_files,
    CONSTRAINT a_reference_names_one_record UNIQUE (partner_id, reference),
    CONSTRAINT a_waiting_record_is_in_no_file CHECK (state <> 1 OR file_id IS NULL)
);

CREATE INDEX bank_records_waiting ON bank_records (partner_id, send_date) WHERE state = 1;
CREATE INDEX bank_records_of_a_file ON bank_records (partner_id, file_id);

-- The banks' result files that were read whole and applied; a file is applied once.
CREATE TABLE bank_results (
    partner_id text NOT NULL,
    result_id text NOT NULL CHECK (length(result_id) BETWEEN 1 AND 128),
    file_id text NOT NULL,
    digest text NOT NULL,
    take_time timestamptz NOT NULL,
    PRIMARY KEY (partner_id, result_id)
);

GRANT SELECT, INSERT ON bank_mandates, bank_results TO service_login;
GRANT SELECT, INSERT, UPDATE ON bank_files, bank_records TO service_login;
