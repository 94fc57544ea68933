-- Every sheet that was published, whole, under its sequence in the outbox. Append-only.
CREATE TABLE rate_sheets (
    sequence bigint PRIMARY KEY,
    sheet_id text NOT NULL UNIQUE CHECK (length(sheet_id) = 26),
    source text NOT NULL,
    source_time timestamptz NOT NULL,
    publish_time timestamptz NOT NULL,
    expire_time timestamptz NOT NULL,
    bases text[] NOT NULL,
    quotes text[] NOT NULL,
    mids numeric(24, 12)[] NOT NULL,
    corridor_ids text[] NOT NULL,
    spreads int[] NOT NULL,
    CONSTRAINT a_sheet_has_a_life CHECK (expire_time > publish_time),
    CONSTRAINT every_pair_has_a_mid CHECK (
        cardinality(bases) = cardinality(mids) AND cardinality(quotes) = cardinality(mids)
    ),
    CONSTRAINT mids_are_positive CHECK (0 < ALL (mids)),
    CONSTRAINT every_corridor_has_a_spread CHECK (cardinality(corridor_ids) = cardinality(spreads))
);

-- The house's margin per corridor, in basis points: what the next sheet will say.
CREATE TABLE spreads (
    corridor_id text PRIMARY KEY,
    basis_points int NOT NULL,
    CONSTRAINT a_spread_is_at_most_a_fifth CHECK (basis_points BETWEEN 0 AND 2000)
);

-- Who changed a spread, and why. Append-only.
CREATE TABLE spread_changes (
    change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    corridor_id text NOT NULL,
    basis_points_before int,
    basis_points int NOT NULL,
    operator text NOT NULL CHECK (operator <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    change_time timestamptz NOT NULL
);

GRANT SELECT, INSERT ON rate_sheets, spread_changes TO service_login;
GRANT SELECT, INSERT, UPDATE ON spreads TO service_login;
