-- Whether the payer's wallet may have refunds made, or the shop's side alone.
ALTER TABLE corridors ADD refund_by_shop_only boolean NOT NULL DEFAULT false;
