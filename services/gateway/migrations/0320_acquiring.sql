-- What acquirers say of their shops, a row for each version. Accounts are at Japanese banks; of a
-- sub-merchant that is paid out with its parent they are empty.
CREATE TABLE merchant_versions (
    merchant_id text COLLATE "C" NOT NULL,
    version int NOT NULL,
    acquirer_id text NOT NULL REFERENCES participants,
    state text NOT NULL CHECK (state IN ('pending', 'approved', 'rejected', 'replaced')),
    name text NOT NULL,
    local_name text NOT NULL,
    kana_name text NOT NULL,
    category_code text NOT NULL,
    postal_code text NOT NULL,
    city text NOT NULL,
    country_code text NOT NULL,
    currency text NOT NULL,
    scheme text NOT NULL,
    scheme_account_id text NOT NULL,
    parent_merchant_id text NOT NULL,
    fee_plan_id text NOT NULL,
    net_debit_limit bigint NOT NULL CHECK (net_debit_limit >= 0),
    refund_day_limit bigint NOT NULL CHECK (refund_day_limit >= 0),
    bank_code text NOT NULL,
    branch_code text NOT NULL,
    account_type text NOT NULL,
    account_number text NOT NULL,
    holder_name text NOT NULL,
    findings text[] NOT NULL,
    -- Of a plan for small merchants: until when it holds, and what follows.
    fee_plan_expire_time timestamptz,
    fee_plan_after_id text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    -- Who proposed: the key, and the person who made that key.
    key_id text NOT NULL,
    maker_id text NOT NULL,
    decider_id text NOT NULL DEFAULT '',
    propose_time timestamptz NOT NULL,
    decide_time timestamptz,
    PRIMARY KEY (merchant_id, version),
    CONSTRAINT what_is_pending_is_undecided CHECK (state <> 'pending' OR decide_time IS NULL),
    CONSTRAINT a_plan_that_ends_has_a_next_one CHECK (
        (fee_plan_expire_time IS NOT NULL) = (fee_plan_after_id <> '')
    )
);
CREATE UNIQUE INDEX one_version_is_in_force ON merchant_versions (merchant_id)
    WHERE state = 'approved';
CREATE UNIQUE INDEX one_version_is_pending ON merchant_versions (merchant_id)
    WHERE state = 'pending';
CREATE INDEX merchants_of_an_acquirer ON merchant_versions (acquirer_id, merchant_id);
CREATE INDEX plans_that_end ON merchant_versions (fee_plan_expire_time)
    WHERE state = 'approved' AND fee_plan_expire_time IS NOT NULL;

-- Codes that were given out: written once.
CREATE TABLE merchant_codes (
    acquirer_id text NOT NULL REFERENCES participants,
    code_id text COLLATE "C" NOT NULL,
    merchant_id text NOT NULL REFERENCES merchants,
    amount_minor bigint CHECK (amount_minor > 0),
    currency text NOT NULL,
    terminal_label text NOT NULL,
    code text NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (acquirer_id, code_id)
);

-- Orders to be paid once. `label` is what their codes carry; `payment_reference` the payment that
-- has taken the order, which another one may only take over where that one has failed.
CREATE TABLE orders (
    acquirer_id text NOT NULL REFERENCES participants,
    order_id text COLLATE "C" NOT NULL,
    label text COLLATE "C" NOT NULL CONSTRAINT a_label_names_one_order UNIQUE,
    merchant_id text NOT NULL REFERENCES merchants,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency text NOT NULL,
    note text NOT NULL,
    valid_seconds int NOT NULL CHECK (valid_seconds > 0),
    code text NOT NULL,
    create_time timestamptz NOT NULL,
    expire_time timestamptz NOT NULL,
    payment_reference text COLLATE "C" REFERENCES payments (reference)
        CONSTRAINT a_payment_pays_one_order UNIQUE,
    PRIMARY KEY (acquirer_id, order_id)
);

-- Empty where the code belonged to no order.
ALTER TABLE payment_terms ADD order_label text NOT NULL DEFAULT '';

-- What an acquirer has given back today.
CREATE INDEX refunds_of_a_participant ON refund_asks (participant_id, create_time);

GRANT SELECT, INSERT, UPDATE ON merchant_versions, orders TO service_login;
GRANT SELECT, INSERT ON merchant_codes TO service_login;
