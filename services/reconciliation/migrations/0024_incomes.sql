-- Which fact of the wallet has posted it: reports read from its legs what it has earned.
ALTER TABLE booked ADD COLUMN stripe smallint, ADD COLUMN sequence bigint;
CREATE INDEX booked_deals ON booked (post_time) WHERE starts_with(resource_id, 'deal-');
