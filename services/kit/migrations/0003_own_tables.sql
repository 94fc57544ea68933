-- What runs as its owner looks for temporary tables last. Where pg_temp is not named they come
-- first, and a login could put a table of its own, with a trigger, in the place of `outbox`: it
-- would run as the owner.
DO $$
BEGIN
    EXECUTE format(
        'ALTER FUNCTION drop_old_messages SET search_path = %I, pg_temp', current_schema()
    );
END
$$;
