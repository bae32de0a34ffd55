"""What there is to be moved, by the source's catalog."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from pglite_native.database.quoting import identifier
from pglite_native.migrate.notes import SCHEMA
from pglite_native.migrate.side import Connection, rows

# The user's own: not the system's, not an extension's, not the notes of a move.
_OWN = f"""
    n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '{SCHEMA}')
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
        WHERE d.classid = 'pg_catalog.{{catalog}}'::pg_catalog.regclass
        AND d.objid = {{object}}.oid AND d.deptype = 'e')"""

# A leaf of a tree that is partitioned by hash may not be loaded by itself: an enum's hash, say, is
# that of its OID, which is another one in the target. Such a tree is loaded through its root.
_TABLES = f"""
WITH hashed AS (
    SELECT DISTINCT pg_catalog.pg_partition_root(partrelid) AS root
    FROM pg_catalog.pg_partitioned_table WHERE partstrat = 'h'
)
SELECT n.nspname, c.relname, c.relkind = 'p',
    ARRAY(SELECT attname::pg_catalog.text FROM pg_catalog.pg_attribute
        WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
        ORDER BY attnum),
    CASE c.relkind WHEN 'r' THEN pg_catalog.pg_table_size(c.oid)
        ELSE (SELECT pg_catalog.sum(pg_catalog.pg_table_size(relid))::pg_catalog.int8
            FROM pg_catalog.pg_partition_tree(c.oid) WHERE isleaf) END
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relpersistence <> 't' AND {_OWN.format(catalog="pg_class", object="c")}
    AND CASE c.relkind
        WHEN 'r' THEN NOT c.relispartition
            OR pg_catalog.pg_partition_root(c.oid) NOT IN (SELECT root FROM hashed)
        WHEN 'p' THEN c.oid IN (SELECT root FROM hashed)
        ELSE false END
ORDER BY 1, 2"""

_SEQUENCES = f"""
SELECT n.nspname, c.relname
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S' AND c.relpersistence <> 't'
    AND {_OWN.format(catalog="pg_class", object="c")}
ORDER BY 1, 2"""

_OBJECTS = f"""
SELECT 'relation ' || n.nspname || '.' || c.relname
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND c.relpersistence <> 't'
    AND {_OWN.format(catalog="pg_class", object="c")}
UNION ALL
SELECT 'function ' || n.nspname || '.' || p.proname
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE {_OWN.format(catalog="pg_proc", object="p")}
UNION ALL
SELECT 'type ' || n.nspname || '.' || t.typname
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE t.typtype IN ('d', 'e', 'r') AND {_OWN.format(catalog="pg_type", object="t")}
UNION ALL
SELECT 'large object ' || oid FROM pg_catalog.pg_largeobject_metadata
ORDER BY 1"""

_EXTENSIONS = "SELECT extname FROM pg_catalog.pg_extension WHERE extname <> 'plpgsql' ORDER BY 1"

# Policies name roles (deptype r); privileges (a) only if they move, and these name owners (o), too.
# What belongs to the source's user will belong to the target's.
_ROLES = """
SELECT DISTINCT pg_catalog.pg_get_userbyid(d.refobjid)
FROM pg_catalog.pg_shdepend d
WHERE d.dbid = (SELECT oid FROM pg_catalog.pg_database
        WHERE datname = pg_catalog.current_database())
    AND d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
    AND (d.deptype = 'r' OR (%s AND d.deptype IN ('o', 'a')))
    AND pg_catalog.pg_get_userbyid(d.refobjid) <> CURRENT_USER
ORDER BY 1"""


@dataclass(frozen=True)
class Table:
    """A table with rows of its own, or a partitioned one that is moved as a whole (`is_tree`).

    `columns` are those that hold data: not generated ones. `size` is bytes on disk, about.
    """

    schema: str
    name: str
    is_tree: bool
    columns: tuple[str, ...]
    size: int

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def key(self) -> str:
        """Its name as no other table is called: a name may have dots."""
        return f"{identifier(self.schema)}.{identifier(self.name)}"

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)

    @property
    def alone(self) -> sql.Composable:
        """It as a FROM item: not with the tables that inherit from it, which are moved themselves;
        with its partitions, if they are not.
        """
        return self.identifier if self.is_tree else sql.SQL("ONLY {}").format(self.identifier)


def tables(connection: Connection) -> list[Table]:
    """Return the tables whose rows are to be moved."""
    return [
        Table(schema, name, is_tree, tuple(columns), size)
        for schema, name, is_tree, columns, size in rows(connection, _TABLES)
    ]


def sequences(connection: Connection) -> list[sql.Identifier]:
    """Return the sequences, those of identity columns too."""
    return [sql.Identifier(*names) for names in rows(connection, _SEQUENCES)]


def objects(connection: Connection) -> list[str]:
    """Describe all that a database has of its user's; an empty one has nothing."""
    return [name for (name,) in rows(connection, _OBJECTS)]


def extensions(connection: Connection) -> list[str]:
    """Return the names of the extensions that are created, but for plpgsql, which always is."""
    return [name for (name,) in rows(connection, _EXTENSIONS)]


def roles(connection: Connection, *, privileges: bool) -> list[str]:
    """Return the roles that the schema names: in policies, and if wanted in privileges."""
    return [name for (name,) in rows(connection, _ROLES, privileges)]
