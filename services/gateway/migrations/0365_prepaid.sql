-- Orders that are paid before they are picked up, one for a payment. A code names one open order at
-- an acquirer's shops.
CREATE TABLE prepaid_orders (
    payment_reference text COLLATE "C" PRIMARY KEY REFERENCES payments (reference),
    participant_id text NOT NULL,
    payment_id text COLLATE "C" NOT NULL,
    acquirer_id text NOT NULL REFERENCES participants,
    merchant_id text NOT NULL REFERENCES merchants,
    lines text NOT NULL,
    pick_up_code text COLLATE "C" NOT NULL,
    pick_up_until timestamptz NOT NULL,
    state text NOT NULL
        CHECK (state IN ('placed', 'accepted', 'picked_up', 'cancelled', 'expired')),
    redemption_id text NOT NULL DEFAULT '',
    -- Whether what was paid is still to be asked back.
    refund_due boolean NOT NULL DEFAULT false,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    CONSTRAINT a_code_names_one_order UNIQUE (acquirer_id, pick_up_code),
    CONSTRAINT who_picks_up_says_so CHECK ((state = 'picked_up') = (redemption_id <> '')),
    CONSTRAINT only_what_is_given_up_is_refunded CHECK (
        NOT refund_due OR state IN ('cancelled', 'expired')
    )
);
CREATE UNIQUE INDEX prepaid_orders_of_a_wallet ON prepaid_orders (participant_id, payment_id);
CREATE INDEX waiting_prepaid_orders ON prepaid_orders (acquirer_id, payment_reference)
    WHERE state IN ('placed', 'accepted');
CREATE INDEX open_prepaid_orders ON prepaid_orders (pick_up_until)
    WHERE state IN ('placed', 'accepted');
CREATE INDEX prepaid_orders_to_refund ON prepaid_orders (update_time) WHERE refund_due;

GRANT SELECT, INSERT, UPDATE ON prepaid_orders TO service_login;
