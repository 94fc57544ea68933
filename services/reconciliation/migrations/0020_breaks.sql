-- What a run has found not to match, from its first sight to its end. Its rows are its identity.
CREATE TABLE breaks (
    break_id text PRIMARY KEY,
    partner_id text NOT NULL,
    -- The day whose run has opened it last: that day is not closed before it is resolved.
    day date NOT NULL,
    kind text NOT NULL,
    our_row bigint REFERENCES our_rows,
    their_row bigint REFERENCES their_rows,
    -- Minor units, ours less theirs.
    size bigint NOT NULL,
    currency text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'assigned', 'proposed', 'resolved')),
    assignee text NOT NULL,
    open_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    reopen_count int NOT NULL CHECK (reopen_count >= 0),
    note_count int NOT NULL CHECK (note_count > 0),
    -- The resolution that holds or is asked for; null: none.
    resolution_number int,
    -- The break that tells of its rows since a run has seen two breaks to be one; empty: itself.
    joined_to text NOT NULL,
    CONSTRAINT a_break_has_a_row CHECK (our_row IS NOT NULL OR their_row IS NOT NULL),
    CONSTRAINT a_joined_break_is_resolved CHECK (joined_to = '' OR state = 'resolved'),
    CONSTRAINT a_proposed_break_has_a_resolution
        CHECK (state <> 'proposed' OR resolution_number IS NOT NULL)
);
CREATE INDEX breaks_of_a_day ON breaks (partner_id, day);
CREATE INDEX unresolved_breaks ON breaks (partner_id) WHERE state <> 'resolved';
CREATE INDEX breaks_of_our_row ON breaks (our_row) WHERE our_row IS NOT NULL;
CREATE INDEX breaks_of_their_row ON breaks (their_row) WHERE their_row IS NOT NULL;

-- Every step of a break's life, numbered from 1. Append-only.
CREATE TABLE break_notes (
    break_id text NOT NULL REFERENCES breaks,
    number int NOT NULL CHECK (number > 0),
    -- Who; `reconciliation` for what a run or the ledger has done.
    person text NOT NULL,
    what text NOT NULL CHECK (what IN ('opened', 'assigned', 'commented', 'proposed', 'approved',
        'rejected', 'resolved', 'reopened')),
    text text NOT NULL,
    note_time timestamptz NOT NULL,
    PRIMARY KEY (break_id, number)
);

-- How a break was to be put right: what was proposed stays as it was proposed.
CREATE TABLE resolutions (
    break_id text NOT NULL REFERENCES breaks,
    number int NOT NULL CHECK (number > 0),
    kind text NOT NULL CHECK (kind IN ('correcting_transfer', 'write_off', 'partner_corrected',
        'explained')),
    proposed_by text NOT NULL,
    propose_time timestamptz NOT NULL,
    reason text NOT NULL,
    debit_account_id text NOT NULL,
    credit_account_id text NOT NULL,
    -- Minor units; zero where no money moves.
    amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
    currency text NOT NULL,
    -- What the break was when it was proposed.
    size bigint NOT NULL,
    -- The ledger's link of the transfer; empty where no money moves.
    link_id text NOT NULL,
    -- The last day by which the partner's files hold the correction.
    correct_by date,
    approved_by text NOT NULL,
    -- asked, approved (the ledger has not answered yet), done, dropped.
    outcome text NOT NULL CHECK (outcome IN ('asked', 'approved', 'done', 'dropped')),
    PRIMARY KEY (break_id, number),
    CONSTRAINT what_is_approved_names_who CHECK (outcome IN ('asked', 'dropped')
        OR approved_by <> ''),
    CONSTRAINT only_transfers_move_money CHECK ((link_id <> '') = (amount_minor > 0)
        AND (link_id <> '') = (kind IN ('correcting_transfer', 'write_off')))
);
CREATE UNIQUE INDEX a_link_resolves_one_break ON resolutions (link_id) WHERE link_id <> '';
CREATE INDEX promised_corrections ON resolutions (correct_by) WHERE correct_by IS NOT NULL;
ALTER TABLE breaks ADD CONSTRAINT a_break_has_its_own_resolution
    FOREIGN KEY (break_id, resolution_number) REFERENCES resolutions;

GRANT SELECT, INSERT, UPDATE ON breaks TO service_login;
GRANT SELECT, INSERT ON break_notes, resolutions TO service_login;
GRANT UPDATE (approved_by, outcome) ON resolutions TO service_login;
