"""What the shell's `\\l` and `\\d` show: the catalogues, as psql shows them, in fewer columns."""

from __future__ import annotations

_RELATIONS = """
select n.nspname as "Schema", c.relname as "Name",
    case c.relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'v' then 'view'
        when 'm' then 'materialized view' when 'S' then 'sequence' when 'f' then 'foreign table'
        when 'i' then 'index' when 'I' then 'partitioned index' end as "Type",
    pg_catalog.pg_get_userbyid(c.relowner) as "Owner"{more}
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ({kinds}) and n.nspname !~ '^pg_toast'
    and n.nspname not in ('pg_catalog', 'information_schema')
    and {{name}} and ({{is_named}} or pg_catalog.pg_table_is_visible(c.oid))
order by 1, 2"""
_TABLE_OF_INDEX = """,
    (select relname from pg_catalog.pg_class t join pg_catalog.pg_index on indrelid = t.oid
        where indexrelid = c.oid) as "Table\""""

_DATABASES = """
select datname as "Name", pg_catalog.pg_get_userbyid(datdba) as "Owner",
    pg_catalog.pg_encoding_to_char(encoding) as "Encoding", datcollate as "Collate"
from pg_catalog.pg_database where {name} order by 1"""

_SCHEMAS = """
select nspname as "Name", pg_catalog.pg_get_userbyid(nspowner) as "Owner"
from pg_catalog.pg_namespace
where nspname !~ '^pg_' and nspname <> 'information_schema' and {name} order by 1"""

_ROLES = """
select rolname as "Role name", concat_ws(', ', case when rolsuper then 'Superuser' end,
    case when rolcreaterole then 'Create role' end, case when rolcreatedb then 'Create DB' end,
    case when not rolcanlogin then 'Cannot login' end) as "Attributes"
from pg_catalog.pg_roles where rolname !~ '^pg_' and {name} order by 1"""

_EXTENSIONS = """
select extname as "Name", extversion as "Version", nspname as "Schema"
from pg_catalog.pg_extension join pg_catalog.pg_namespace n on n.oid = extnamespace
where {name} order by 1"""

_FUNCTIONS = """
select n.nspname as "Schema", p.proname as "Name",
    pg_catalog.pg_get_function_result(p.oid) as "Result data type",
    pg_catalog.pg_get_function_arguments(p.oid) as "Argument data types"
from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where n.nspname not in ('pg_catalog', 'information_schema') and {name} order by 1, 2"""


def _relations(*kinds: str, more: str = "") -> str:
    return _RELATIONS.format(kinds=", ".join(f"'{kind}'" for kind in kinds), more=more)


# By command: the query, and the column that a pattern is for.
LISTINGS = {
    "\\d": (_relations("r", "p", "v", "m", "S", "f"), "c.relname"),
    "\\dt": (_relations("r", "p"), "c.relname"),
    "\\dv": (_relations("v"), "c.relname"),
    "\\dm": (_relations("m"), "c.relname"),
    "\\ds": (_relations("S"), "c.relname"),
    "\\di": (_relations("i", "I", more=_TABLE_OF_INDEX), "c.relname"),
    "\\dn": (_SCHEMAS, "nspname"),
    "\\du": (_ROLES, "rolname"),
    "\\dx": (_EXTENSIONS, "extname"),
    "\\df": (_FUNCTIONS, "p.proname"),
    "\\l": (_DATABASES, "datname"),
}

# Of one relation, whose name is looked up as SQL has it: with its schema or by search_path.
DESCRIPTION = (
    """
select a.attname as "Column", pg_catalog.format_type(a.atttypid, a.atttypmod) as "Type",
    case when a.attnotnull then 'not null' else '' end as "Nullable",
    case when a.attidentity <> '' then 'generated as identity'
        else coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), '') end as "Default"
from pg_catalog.pg_attribute a
left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attrelid = {name}::pg_catalog.regclass and a.attnum > 0 and not a.attisdropped
order by a.attnum""",
    """
select pg_catalog.pg_get_indexdef(indexrelid) as "Indexes and constraints"
from pg_catalog.pg_index where indrelid = {name}::pg_catalog.regclass
union all
select conname || ': ' || pg_catalog.pg_get_constraintdef(oid)
from pg_catalog.pg_constraint where conrelid = {name}::pg_catalog.regclass and contype in ('c', 'f')
order by 1""",
)


def listing(command: str, pattern: str) -> str:
    """Return the query of a command, for all that there is or what a pattern (`*`, `?`) finds."""
    query, column = LISTINGS[command]
    like = pattern.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%")
    like = like.replace("*", "%").replace("?", "_")
    condition = f"{column} like {literal(like)}" if pattern else "true"
    return query.format(name=condition, is_named="true" if pattern else "false")


def description(name: str) -> list[str]:
    """Return the queries that describe a relation."""
    return [query.format(name=literal(name)) for query in DESCRIPTION]


def literal(text: str) -> str:
    """Write a string for SQL."""
    escape = "e" if "\\" in text else ""
    return f"{escape}'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
