-- Files are kept sealed, piece by piece; those of before are sealed where they lie.
ALTER TABLE file_bytes ADD sealed boolean NOT NULL DEFAULT false;
CREATE INDEX pieces_to_seal ON file_bytes (file_id, piece) WHERE NOT sealed;
GRANT UPDATE (data, sealed) ON file_bytes TO service_login;
