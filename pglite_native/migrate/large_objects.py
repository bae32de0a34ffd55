"""Large objects from one side to the other, with their OIDs, which tables refer to."""

from __future__ import annotations

from psycopg import sql

from pglite_native.migrate.side import Connection, rows

PAGES = 128  # of 2 KiB, in one statement

_ALL = """
SELECT m.oid::pg_catalog.int8, pg_catalog.obj_description(m.oid, 'pg_largeobject'),
    NULLIF(pg_catalog.pg_get_userbyid(m.lomowner), CURRENT_USER)
FROM pg_catalog.pg_largeobject_metadata m ORDER BY 1"""

_PRIVILEGES = """
SELECT m.oid::pg_catalog.int8, a.privilege_type,
    CASE a.grantee WHEN 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(a.grantee) END, a.is_grantable
FROM pg_catalog.pg_largeobject_metadata m, pg_catalog.aclexplode(m.lomacl) a
WHERE a.grantee <> m.lomowner ORDER BY 1, 2, 3"""


def copy(
    source: Connection, target: Connection, *, with_owners: bool, with_privileges: bool
) -> int:
    """Copy them all with their comments, and what else is wanted; return how many there are.

    What belongs to the source's user belongs to the target's.
    """
    found = rows(source, _ALL)
    for number, comment, _ in found:
        target.execute("SELECT pg_catalog.lo_create(%s::pg_catalog.oid)", (number,))
        _copy_bytes(source, target, number)
        if comment is not None:
            comments = sql.SQL("COMMENT ON LARGE OBJECT {} IS {}")
            target.execute(comments.format(sql.Literal(number), sql.Literal(comment)))
    if with_privileges:
        for number, privilege, grantee, is_grantable in rows(source, _PRIVILEGES):
            grant = sql.SQL("GRANT {} ON LARGE OBJECT {} TO {}{}").format(
                sql.SQL(privilege),
                sql.Literal(number),
                sql.SQL("PUBLIC") if grantee is None else sql.Identifier(grantee),
                sql.SQL(" WITH GRANT OPTION" if is_grantable else ""),
            )
            target.execute(grant)
    if with_owners:
        for number, _, owner in found:
            if owner is not None:
                owns = sql.SQL("ALTER LARGE OBJECT {} OWNER TO {}")
                target.execute(owns.format(sql.Literal(number), sql.Identifier(owner)))
    return len(found)


def _copy_bytes(source: Connection, target: Connection, number: int) -> None:
    offset, size = 0, PAGES * 2048
    while True:
        ((part,),) = rows(
            source,
            "SELECT pg_catalog.lo_get(%s::pg_catalog.oid, %s::pg_catalog.int8, %s)",
            number,
            offset,
            size,
        )
        if not part:
            break
        target.execute(
            "SELECT pg_catalog.lo_put(%s::pg_catalog.oid, %s::pg_catalog.int8, %s)",
            (number, offset, part),
        )
        offset += len(part)
