-- Every change of a partner's availability; the last version of a partner holds. Append-only, so a
-- change is stored by whoever has read the version before it, and an operator's word stays on record.
CREATE TABLE partner_changes (
    partner_id text NOT NULL,
    version bigint NOT NULL CHECK (version > 0),
    available boolean NOT NULL,
    reason text NOT NULL CHECK (reason IN ('', 'FAILING', 'SLOW', 'CLOSED_HOURS', 'OPERATOR')),
    retry_time timestamptz,
    held_until timestamptz,
    holder text NOT NULL,
    operator text NOT NULL,
    note text NOT NULL,
    change_time timestamptz NOT NULL,
    PRIMARY KEY (partner_id, version),
    CONSTRAINT only_the_unavailable_has_a_reason CHECK (available = (reason = '')),
    CONSTRAINT a_hold_has_a_holder CHECK ((held_until IS NULL) = (holder = ''))
);

GRANT SELECT, INSERT ON partner_changes TO service_login;
