"""What each service's login may do in Postgres is what `grants.txt` says, and no more.

Where this fails by your own change: read what is new as an attacker would who has that login, then
put the lines that the failure shows into the file.
"""

from pathlib import Path

import asyncpg

from services.kit.postgres import SERVICES, role_of
from tests.conftest import Database

GOLDEN = Path(__file__).with_name("grants.txt")
# Of tables, views and sequences of all schemas but Postgres's own; columns where not the whole.
_GRANTS = """
SELECT n.nspname || '.' || c.relname AS name,
    string_agg(DISTINCT lower(a.privilege_type), ' ') AS rights
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL aclexplode(c.relacl) AS a
JOIN pg_roles AS r ON r.oid = a.grantee AND r.rolname = $1
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') GROUP BY 1
UNION ALL
SELECT n.nspname || '.' || c.relname || ' (' || string_agg(t.attname, ', ' ORDER BY t.attname)
    || ')', lower(a.privilege_type)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS t ON t.attrelid = c.oid
CROSS JOIN LATERAL aclexplode(t.attacl) AS a
JOIN pg_roles AS r ON r.oid = a.grantee AND r.rolname = $1
GROUP BY n.nspname, c.relname, a.privilege_type
UNION ALL
SELECT n.nspname || '.' || p.proname || ' runs as its owner by '
    || array_to_string(p.proconfig, ' '), lower(a.privilege_type)
FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
CROSS JOIN LATERAL aclexplode(p.proacl) AS a
JOIN pg_roles AS r ON r.oid = a.grantee AND r.rolname = $1
WHERE p.prosecdef
UNION ALL
SELECT 'schema ' || n.nspname, string_agg(DISTINCT lower(a.privilege_type), ' ')
FROM pg_namespace AS n CROSS JOIN LATERAL aclexplode(n.nspacl) AS a
JOIN pg_roles AS r ON r.oid = a.grantee AND r.rolname = $1 GROUP BY 1
ORDER BY 1, 2
"""
_ROLES = """
SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolinherit,
    (SELECT count(*) FROM pg_auth_members AS m WHERE m.member = r.oid),
    (SELECT count(*) FROM pg_class AS c WHERE c.relowner = r.oid),
    (SELECT count(*) FROM pg_proc AS p WHERE p.proowner = r.oid)
FROM pg_roles AS r WHERE rolname = $1
"""
# To everybody: nothing but what Postgres itself gives on its own catalogues.
_PUBLIC = """
SELECT n.nspname || '.' || c.relname FROM pg_class AS c JOIN pg_namespace AS n
    ON n.oid = c.relnamespace CROSS JOIN LATERAL aclexplode(c.relacl) AS a
WHERE a.grantee = 0 AND n.nspname NOT IN ('pg_catalog', 'information_schema')
UNION ALL
SELECT n.nspname || '.' || p.proname FROM pg_proc AS p JOIN pg_namespace AS n
    ON n.oid = p.pronamespace
WHERE p.prosecdef AND n.nspname <> 'pg_catalog'
    AND (p.proacl IS NULL OR has_function_privilege('public', p.oid, 'EXECUTE'))
"""
# A login's own table, with a trigger, where a function that runs as its owner might find it.
_SEIZING = """
CREATE TEMPORARY TABLE outbox_stripes AS SELECT 1::smallint AS stripe;
CREATE TEMPORARY TABLE outbox AS SELECT 1::smallint AS stripe, 1::bigint AS sequence,
    'x'::text AS topic, now() - interval '9 days' AS create_time;
GRANT ALL ON outbox, outbox_stripes TO PUBLIC;
CREATE FUNCTION pg_temp.seize() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'seized as %', current_user; END $$;
CREATE TRIGGER seize BEFORE DELETE ON outbox FOR EACH ROW EXECUTE FUNCTION pg_temp.seize();
"""


async def test_a_login_may_do_what_is_listed_and_no_more(database: Database) -> None:
    told = []
    connection = await asyncpg.connect(database.owner)
    try:
        for service in SERVICES:
            told.append(f"[{service}]")
            for row in await connection.fetch(_GRANTS, role_of(service)):
                told.append(f"{row['name']}: {row['rights']}")
            told.append("")
    finally:
        await connection.close()

    assert told == GOLDEN.read_text(encoding="utf-8").splitlines()


async def test_a_login_is_nothing_but_a_login(database: Database) -> None:
    connection = await asyncpg.connect(database.owner)
    try:
        for service in SERVICES:
            row = await connection.fetchrow(_ROLES, role_of(service))
            assert row is not None
            assert not any(row), service
        assert await connection.fetch(_PUBLIC) == []
    finally:
        await connection.close()


async def test_what_runs_as_its_owner_looks_into_no_table_of_the_logins_own(
    database: Database,
) -> None:
    for service in SERVICES:
        connection = await asyncpg.connect(database.dsn(service))
        try:
            await connection.execute(_SEIZING)
            drop = f"SELECT {service}.drop_old_messages('2 days', 10, '{{}}', '{{}}')"
            assert await connection.fetchval(drop) == 0
        finally:
            await connection.close()


def test_nobody_may_take_a_table_away_or_look_into_anothers_schema() -> None:
    service = ""
    for line in GOLDEN.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            service = line.strip("[]")
        elif line:
            name, _, rights = line.rpartition(": ")
            assert name.removeprefix("schema ").partition(".")[0] == service
            assert not {"truncate", "trigger", "references", "create"} & set(rights.split())
