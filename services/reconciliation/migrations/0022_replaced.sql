-- A file that its partner has corrected: the later one holds, and the bytes of both stay.
ALTER TABLE files
    ADD COLUMN replaces text REFERENCES files,
    ADD COLUMN replaced_by text REFERENCES files DEFERRABLE INITIALLY DEFERRED,
    -- What the format itself counts its corrections by: the statement, and which sending of it.
    ADD COLUMN series text,
    ADD COLUMN series_number bigint,
    ADD CONSTRAINT a_file_is_replaced_once UNIQUE (replaces),
    DROP CONSTRAINT a_document_is_taken_in_once;
CREATE UNIQUE INDEX a_document_is_taken_in_once ON files (partner_id, day, document_id)
    WHERE replaced_by IS NULL;

-- The rows of replaced files, as they were. `new_row` is the row that says the same event in the file
-- that holds now; null: it has none. `changed`: it says something else of it, or nothing.
CREATE TABLE replaced_rows (
    LIKE their_rows,
    PRIMARY KEY (row),
    new_row bigint,
    changed boolean NOT NULL
);
CREATE INDEX replaced_rows_of_a_file ON replaced_rows (file_id, record);
CREATE INDEX replaced_rows_by_new_row ON replaced_rows (new_row) WHERE new_row IS NOT NULL;

-- Every row a partner has ever given, whether it holds or not.
CREATE VIEW told_rows AS
SELECT row, partner_id, file_id, record, reference, partner_reference, kind, currency, minor, fee,
    state, day, bundle, text
FROM their_rows
UNION ALL
SELECT row, partner_id, file_id, record, reference, partner_reference, kind, currency, minor, fee,
    state, day, bundle, text
FROM replaced_rows;

CREATE INDEX our_rows_of_a_file ON our_rows (file_id) WHERE file_id IS NOT NULL;

-- A file has been replaced since the last run of the day: it is to be run again.
ALTER TABLE days ADD COLUMN outdated boolean NOT NULL DEFAULT false;

GRANT SELECT, INSERT ON replaced_rows TO service_login;
GRANT UPDATE (new_row, changed) ON replaced_rows TO service_login;
GRANT SELECT ON told_rows TO service_login;
GRANT DELETE ON their_rows TO service_login;
GRANT UPDATE (replaced_by) ON files TO service_login;
