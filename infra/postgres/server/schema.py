"""docs/schema.sql: the roles, tables, functions and rights that the migrations create.

`python -m infra.postgres.server.schema` writes it, from a database that it creates and removes.
"""

from __future__ import annotations

import fcntl
import tempfile
import textwrap
import time
from contextlib import closing
from pathlib import Path

import psycopg

from infra.keys import ROLES, Secrets
from infra.postgres.server import embedded
from infra.postgres.server.database import migrate
from infra.postgres.server.keeper import try_lock

FILE = Path(__file__).parents[3] / "docs" / "schema.sql"

_INTRODUCTION = """\
-- Generated from infra/postgres/migrations by `make schemas`. Do not edit.
--
-- For each view the projector creates a table projection.<view>_v<version>, from the fields of the
-- view's row, and on it the SQL view view.<view>: infra/postgres/views/tables.py.
"""
_WIDTH = 100
_ROLES = [f"ordermade_{role}" for role in ROLES]
_ROLE_SETTINGS = "SELECT unnest(rolconfig) FROM pg_roles WHERE rolname = %s"
_SCHEMAS = """
SELECT n.oid, n.nspname, n.nspowner::regrole::text, obj_description(n.oid, 'pg_namespace')
FROM pg_namespace n WHERE n.nspname IN ('store', 'consumer', 'projection', 'view') ORDER BY n.oid
"""
_SCHEMA_RIGHTS = """
SELECT a.grantee::regrole::text, string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type)
FROM pg_namespace n, aclexplode(n.nspacl) a
WHERE n.oid = %s AND a.grantee <> n.nspowner GROUP BY a.grantee
"""
_TABLES = """
SELECT c.oid, c.oid::regclass::text, obj_description(c.oid, 'pg_class'), c.reloptions
FROM pg_class c WHERE c.relnamespace = %s AND c.relkind = 'r' ORDER BY c.oid
"""
_COLUMNS = """
SELECT a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
       || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
       || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), ''),
       col_description(a.attrelid, a.attnum)
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_CONSTRAINTS = """
SELECT CASE contype WHEN 'c' THEN 'CONSTRAINT ' || conname || ' ' ELSE '' END
       || pg_get_constraintdef(oid), NULL
FROM pg_constraint WHERE conrelid = %s AND contype <> 'n' ORDER BY strpos('pufc', contype), conname
"""
_INDEXES = """
SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i
WHERE i.indrelid = %s AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
ORDER BY 1
"""
_TABLE_RIGHTS = """
SELECT grantee::regrole::text, string_agg(privilege, ', ' ORDER BY privilege)
FROM (
    SELECT a.grantee, a.privilege_type AS privilege
    FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = %(table)s
    UNION ALL
    SELECT a.grantee,
           a.privilege_type || ' (' || string_agg(t.attname, ', ' ORDER BY t.attnum) || ')'
    FROM pg_attribute t, aclexplode(t.attacl) a WHERE t.attrelid = %(table)s
    GROUP BY a.grantee, a.privilege_type
) r WHERE grantee::regrole::text = ANY(%(roles)s) GROUP BY grantee
"""
_FUNCTIONS = """
SELECT pg_get_functiondef(p.oid), obj_description(p.oid, 'pg_proc')
FROM pg_proc p WHERE p.pronamespace = %s ORDER BY p.proname
"""


def schema_sql(db: psycopg.Connection) -> str:
    """The schema of a database in SQL, without the tables of views. The same for each database
    of a release."""
    parts = [_INTRODUCTION, _roles(db)]
    for schema, name, owner, comment in db.execute(_SCHEMAS).fetchall():
        authorization = f" AUTHORIZATION {owner}" if owner in _ROLES else ""
        rights: dict[str, str] = dict(db.execute(_SCHEMA_RIGHTS, [schema]).fetchall())
        parts.append(_comment(comment) + f"CREATE SCHEMA {name}{authorization};\n")
        parts[-1] += _grants(rights, f"SCHEMA {name}")
        parts += [_table(db, *row) for row in db.execute(_TABLES, [schema]).fetchall()]
        for definition, description in db.execute(_FUNCTIONS, [schema]).fetchall():
            function = definition.rstrip().replace("CREATE OR REPLACE", "CREATE", 1)
            parts.append(f"{_comment(description)}{function};\n")
    return "\n".join(parts).replace("timestamp with time zone", "timestamptz")


def _roles(db: psycopg.Connection) -> str:
    lines = []
    for role in _ROLES:
        lines.append(f"CREATE ROLE {role} LOGIN;")
        for (setting,) in db.execute(_ROLE_SETTINGS, [role]):
            name, _, value = setting.partition("=")
            lines.append(f"ALTER ROLE {role} SET {name} = {value};")
    return "\n".join(lines) + "\n"


def _table(
    db: psycopg.Connection, oid: int, name: str, comment: str | None, options: list[str] | None
) -> str:
    parts = [*db.execute(_COLUMNS, [oid]).fetchall(), *db.execute(_CONSTRAINTS, [oid]).fetchall()]
    lines: list[str] = []
    for n, (text, remark) in enumerate(parts, 1):
        line = f"    {text}{',' if n < len(parts) else ''}"
        beside = f"{line}  -- {remark}"
        if remark and len(beside) > _WIDTH:
            lines += [f"    -- {remark}", line]
        else:
            lines.append(beside if remark else line)
    storage = f" WITH ({', '.join(options)})" if options else ""
    statements = [f"CREATE TABLE {name} (", *lines, f"){storage};"]
    statements += [f"{definition};" for (definition,) in db.execute(_INDEXES, [oid])]
    query = db.execute(_TABLE_RIGHTS, {"table": oid, "roles": _ROLES})
    rights: dict[str, str] = dict(query.fetchall())
    return _comment(comment) + "\n".join(statements) + "\n" + _grants(rights, name)


def _grants(rights: dict[str, str], target: str) -> str:
    """A GRANT for each set of rights, to all roles that have it."""
    roles: dict[str, list[str]] = {}
    for role in _ROLES:
        if role in rights:
            roles.setdefault(rights[role], []).append(role)
    return "".join(
        f"GRANT {granted} ON {target} TO {', '.join(names)};\n" for granted, names in roles.items()
    )


def _comment(text: str | None) -> str:
    return "".join(f"-- {line}\n" for line in textwrap.wrap(text or "", _WIDTH - 3))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        with closing(embedded.start(home, linger_s=0)) as server:
            url = migrate(server.url(), Secrets.load(home))
            with psycopg.connect(url) as db:
                FILE.write_text(schema_sql(db), encoding="utf-8")
        while try_lock(home / "postgres" / "server.lock", fcntl.LOCK_EX) is None:
            time.sleep(0.05)


if __name__ == "__main__":
    main()
