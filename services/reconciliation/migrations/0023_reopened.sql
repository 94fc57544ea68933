-- A closed day that is opened again: one person asks for it, another one agrees. What it was closed
-- with stays, and its next close adds a version beside it.
ALTER TABLE closings ADD COLUMN version int NOT NULL DEFAULT 1 CHECK (version > 0);
ALTER TABLE closed_breaks ADD COLUMN version int NOT NULL DEFAULT 1;
ALTER TABLE reports ADD COLUMN version int NOT NULL DEFAULT 1;
ALTER TABLE report_pieces ADD COLUMN version int NOT NULL DEFAULT 1;

ALTER TABLE report_pieces DROP CONSTRAINT report_pieces_partner_id_day_format_fkey;
ALTER TABLE reports DROP CONSTRAINT reports_partner_id_day_fkey;
ALTER TABLE closed_breaks DROP CONSTRAINT closed_breaks_partner_id_day_fkey;
ALTER TABLE report_pieces DROP CONSTRAINT report_pieces_pkey,
    ADD PRIMARY KEY (partner_id, day, version, format, piece);
ALTER TABLE reports DROP CONSTRAINT reports_pkey, ADD PRIMARY KEY (partner_id, day, version, format);
ALTER TABLE closed_breaks DROP CONSTRAINT closed_breaks_pkey,
    ADD PRIMARY KEY (partner_id, day, version, break_id);
ALTER TABLE closings DROP CONSTRAINT closings_pkey, ADD PRIMARY KEY (partner_id, day, version);
ALTER TABLE report_pieces
    ADD FOREIGN KEY (partner_id, day, version, format) REFERENCES reports;
ALTER TABLE reports ADD FOREIGN KEY (partner_id, day, version) REFERENCES closings;
ALTER TABLE closed_breaks ADD FOREIGN KEY (partner_id, day, version) REFERENCES closings;

-- `version`: of the close that is undone.
CREATE TABLE reopenings (
    partner_id text NOT NULL,
    day date NOT NULL,
    version int NOT NULL,
    reason text NOT NULL CHECK (reason <> ''),
    proposed_by text NOT NULL CHECK (proposed_by <> ''),
    propose_time timestamptz NOT NULL,
    -- Empty until another person has agreed.
    approved_by text NOT NULL DEFAULT '',
    approve_time timestamptz,
    PRIMARY KEY (partner_id, day, version),
    FOREIGN KEY (partner_id, day, version) REFERENCES closings,
    CONSTRAINT who_proposes_does_not_approve CHECK (approved_by <> proposed_by)
);

GRANT SELECT, INSERT ON reopenings TO service_login;
GRANT UPDATE (approved_by, approve_time) ON reopenings TO service_login;
