-- When a refund that was refused is asked for again, by Postgres's clock; null: at the next pass.
ALTER TABLE prepaid_orders ADD refund_retry_time timestamptz;
