-- How refunds of a corridor are reckoned; by default at the original rate, all of it given back.
ALTER TABLE corridors
    ADD refund_rate text NOT NULL DEFAULT 'original' CHECK (refund_rate IN ('original', 'day')),
    ADD refund_keeps_fee boolean NOT NULL DEFAULT false,
    ADD refund_keeps_spread boolean NOT NULL DEFAULT false,
    ADD refund_within_days int NOT NULL DEFAULT 0 CHECK (refund_within_days >= 0);

-- The policy by which a refund was reckoned, and what of mid and spread its payer gets by it; the
-- columns there were say what of each leg counts as given back.
ALTER TABLE refund_asks
    ADD rate text NOT NULL DEFAULT 'original' CHECK (rate IN ('original', 'day')),
    ADD keeps_fee boolean NOT NULL DEFAULT false,
    ADD keeps_spread boolean NOT NULL DEFAULT false,
    ADD day_mid numeric(24, 12),
    ADD paid_mid_minor bigint,
    ADD paid_spread_minor bigint;
UPDATE refund_asks SET paid_mid_minor = mid_minor, paid_spread_minor = spread_minor;
ALTER TABLE refund_asks
    ALTER rate DROP DEFAULT,
    ALTER keeps_fee DROP DEFAULT,
    ALTER keeps_spread DROP DEFAULT,
    ALTER paid_mid_minor SET NOT NULL,
    ALTER paid_spread_minor SET NOT NULL,
    ADD CONSTRAINT a_kept_spread_is_not_paid CHECK (
        paid_mid_minor >= 0 AND paid_spread_minor >= 0
        AND (NOT keeps_spread OR paid_spread_minor = 0)
    ),
    ADD CONSTRAINT a_day_s_rate_is_known CHECK (day_mid IS NULL OR rate = 'day');
