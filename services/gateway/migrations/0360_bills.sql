-- What has no scheme of codes: billers are found in a directory. No code decodes to this name.
INSERT INTO schemes (scheme, acceptance_partner_id, currency, country_code, resolved_by_partner)
VALUES ('bill', '', '', '', false);

-- Who sends bills, as acquirers say. One that was opened is a merchant too, of the scheme 'bill'.
-- `search_text` is name and reading as they are compared.
CREATE TABLE billers (
    biller_id text COLLATE "C" PRIMARY KEY,
    acquirer_id text NOT NULL REFERENCES participants,
    name text NOT NULL,
    kana_name text NOT NULL,
    search_text text NOT NULL,
    category_code text NOT NULL,
    city text NOT NULL,
    country_code text NOT NULL,
    currency text NOT NULL,
    time_zone text NOT NULL,
    minimum_length int NOT NULL CHECK (minimum_length > 0),
    maximum_length int NOT NULL,
    alphabet text NOT NULL CHECK (alphabet IN ('digits', 'alphanumeric')),
    check_method text NOT NULL CHECK (check_method IN ('none', 'luhn', 'mod11', 'mod97')),
    weights int[] NOT NULL,
    check_ten text NOT NULL CHECK (check_ten IN ('', 'letter_x', 'zero', 'unused')),
    due_position int NOT NULL CHECK (due_position >= 0),
    due_form text NOT NULL CHECK (due_form IN ('', 'yymmdd', 'yyyymmdd')),
    accepts_overdue boolean NOT NULL,
    fixed_minor bigint NOT NULL CHECK (fixed_minor >= 0),
    minimum_minor bigint NOT NULL CHECK (minimum_minor >= 0),
    maximum_minor bigint NOT NULL CHECK (maximum_minor >= 0),
    repeat_days int NOT NULL CHECK (repeat_days > 0),
    -- The operator's part; empty until it was opened for the first time.
    open boolean NOT NULL,
    fee_plan_id text NOT NULL,
    net_debit_limit bigint NOT NULL CHECK (net_debit_limit >= 0),
    update_time timestamptz NOT NULL,
    CONSTRAINT lengths_are_in_order CHECK (minimum_length <= maximum_length),
    CONSTRAINT who_is_open_has_a_plan CHECK (NOT open OR fee_plan_id <> ''),
    CONSTRAINT a_fixed_amount_has_no_range CHECK (
        fixed_minor = 0 OR (minimum_minor = 0 AND maximum_minor = 0)
    )
);
CREATE INDEX billers_of_an_acquirer ON billers (acquirer_id, biller_id);

-- A row for each bill somebody wanted to pay: what two who pay the same bill at once wait for.
-- Only its last payment may be confirmed.
CREATE TABLE bills (
    biller_id text COLLATE "C" NOT NULL REFERENCES billers,
    bill_reference text COLLATE "C" NOT NULL,
    last_payment_reference text COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (biller_id, bill_reference)
);

-- Of payments at our own acquirers' shops only those of bills have a code: the bill's reference.
CREATE INDEX payments_of_bills ON payment_terms (merchant_id, reference)
    WHERE acceptance_partner_id = '' AND merchant_code <> '';
CREATE INDEX payments_of_a_bill ON payment_terms (merchant_id, merchant_code, reference)
    WHERE acceptance_partner_id = '' AND merchant_code <> '';

GRANT SELECT, INSERT, UPDATE ON billers, bills TO service_login;
