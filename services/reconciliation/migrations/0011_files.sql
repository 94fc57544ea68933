-- A document a partner names itself, such as a settlement batch or the statement of an account: it
-- is taken in once for a day, whatever the format and the bytes. Null: it has no name.
ALTER TABLE files ADD COLUMN document_id text;
ALTER TABLE files
    ADD CONSTRAINT a_document_is_taken_in_once UNIQUE (partner_id, day, document_id);

-- Rows come by the million in the transaction that writes their file, and neither is ever deleted:
-- looking the file up for each row would double the time of an import.
ALTER TABLE their_rows DROP CONSTRAINT their_rows_file_id_fkey;
