"""The roles that a schema names, made in the target, as pg_dumpall would.

Without a superuser there some attributes cannot be given; they are left out. From PostgreSQL 16 on
a role's maker may act as it only as far as createrole_self_grant says.

Reference: PostgreSQL documentation, "CREATE ROLE"; pg_dumpall.c, dumpRoles and dumpRoleMembership.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from psycopg import sql

from pglite_native.migrate.side import Connection, major, rows, value

GRANTED_APART = 16
"""Since then each membership says whether it is inherited, and a role's maker is no member."""

# Those that are named, and in either direction all that are members of each other: who logs in is a
# member of who may write. The system's own, below the first OID of a user's, are everywhere.
_MEANT = """
WITH RECURSIVE meant (oid) AS (
    SELECT oid FROM pg_catalog.pg_roles
    WHERE rolname = ANY (%s::pg_catalog.text[]) AND oid >= 16384
    UNION
    SELECT CASE m.member WHEN meant.oid THEN m.roleid ELSE m.member END
    FROM meant, pg_catalog.pg_auth_members m
    WHERE meant.oid IN (m.member, m.roleid) AND m.member >= 16384 AND m.roleid >= 16384
)"""

_ROLES = f"""{_MEANT}
SELECT r.rolname, r.rolsuper, r.rolreplication, r.rolbypassrls, r.rolcreaterole, r.rolcreatedb,
    r.rolcanlogin, r.rolinherit, r.rolconnlimit, r.rolvaliduntil::pg_catalog.text,
    pg_catalog.shobj_description(r.oid, 'pg_authid'), {{password}}
FROM meant JOIN pg_catalog.{{catalog}} r USING (oid)
ORDER BY r.rolname"""

_MEMBERSHIPS = f"""{_MEANT}
SELECT pg_catalog.pg_get_userbyid(m.roleid), pg_catalog.pg_get_userbyid(m.member),
    pg_catalog.bool_or(m.admin_option), {{inherit}}, {{set}}
FROM pg_catalog.pg_auth_members m WHERE m.member IN (SELECT oid FROM meant)
GROUP BY m.roleid, m.member ORDER BY 1, 2"""


class Role(NamedTuple):
    """A row of pg_roles, as far as it is moved; no `password` where it cannot be read."""

    name: str
    superuser: bool
    replication: bool
    bypassrls: bool
    createrole: bool
    createdb: bool
    login: bool
    inherit: bool
    limit: int
    until: str | None
    comment: str | None
    password: str | None


class _Membership(NamedTuple):
    role: str
    member: str
    admin: bool
    inherit: bool
    can_set: bool


def missing(source: Connection, target: Connection, named: Sequence[str]) -> list[Role]:
    """Return the roles that are to be made in the target: those named, and what belongs to them."""
    may_read = value(
        source, "SELECT pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT')"
    )
    query = _ROLES.format(
        password="r.rolpassword" if may_read else "NULL",
        catalog="pg_authid" if may_read else "pg_roles",
    )
    there = {name for (name,) in rows(target, "SELECT rolname FROM pg_catalog.pg_roles")}
    found = [Role(*row) for row in rows(source, query, list(named))]
    return [role for role in found if role.name not in there]


def make(source: Connection, target: Connection, wanted: Sequence[Role]) -> None:
    """Make roles with their memberships; to be called in a transaction of the target."""
    ((is_superuser, replication, bypassrls),) = rows(
        target,
        "SELECT rolsuper, rolsuper OR rolreplication, rolsuper OR rolbypassrls"
        " FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER",
    )
    if not is_superuser and major(target) >= GRANTED_APART:
        target.execute("SET LOCAL createrole_self_grant = 'set, inherit'")
    for role in wanted:
        allowed = role._replace(
            superuser=role.superuser and is_superuser,
            replication=role.replication and replication,
            bypassrls=role.bypassrls and bypassrls,
        )
        for statement in _statements(allowed):
            target.execute(statement)
        if not is_superuser and major(target) < GRANTED_APART:
            target.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(role.name)))
    for membership in _memberships(source, [role.name for role in wanted]):
        target.execute(_grant(membership, major(target)))


def _statements(role: Role) -> Iterator[sql.Composed]:
    attributes = {
        "SUPERUSER": role.superuser,
        "REPLICATION": role.replication,
        "BYPASSRLS": role.bypassrls,
        "CREATEROLE": role.createrole,
        "CREATEDB": role.createdb,
        "LOGIN": role.login,
    }
    words = [sql.SQL(word) for word, given in attributes.items() if given]
    words += [] if role.inherit else [sql.SQL("NOINHERIT")]
    name = sql.Identifier(role.name)
    parts = [sql.SQL("CREATE ROLE {}").format(name), *words]
    if role.limit >= 0:
        parts.append(sql.SQL("CONNECTION LIMIT {}").format(sql.Literal(role.limit)))
    if role.password is not None:
        parts.append(sql.SQL("PASSWORD {}").format(sql.Literal(role.password)))
    if role.until is not None:
        parts.append(sql.SQL("VALID UNTIL {}").format(sql.Literal(role.until)))
    yield sql.SQL(" ").join(parts)
    if role.comment is not None:
        yield sql.SQL("COMMENT ON ROLE {} IS {}").format(name, sql.Literal(role.comment))


def _memberships(source: Connection, names: Sequence[str]) -> Iterator[_Membership]:
    apart = major(source) >= GRANTED_APART
    query = _MEMBERSHIPS.format(
        inherit="pg_catalog.bool_or(m.inherit_option)" if apart else "true",
        set="pg_catalog.bool_or(m.set_option)" if apart else "true",
    )
    made = set(names)
    for row in rows(source, query, list(names)):
        membership = _Membership(*row)
        if {membership.role, membership.member} & made:  # others are the target's own affair
            yield membership


def _grant(membership: _Membership, target_major: int) -> sql.Composed:
    role, member = sql.Identifier(membership.role), sql.Identifier(membership.member)
    grant = sql.SQL("GRANT {} TO {}").format(role, member)
    if target_major >= GRANTED_APART:
        options = (membership.admin, membership.inherit, membership.can_set)
        words = sql.SQL(" WITH ADMIN {}, INHERIT {}, SET {}")
        return grant + words.format(*(sql.SQL(str(option)) for option in options))
    return grant + sql.SQL(" WITH ADMIN OPTION" if membership.admin else "")
