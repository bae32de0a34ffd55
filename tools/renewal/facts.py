"""What SQL sees of the PostgreSQL of whichever package is imported: a program of its own."""

from __future__ import annotations

from pglite_native import PGlite

STATEMENTS = (
    "select 'version: ' || version()",
    """select format('control data: %s, catalogs %s', pg_control_version, catalog_version_no)
        from pg_control_system()""",
    "select 'format: ' || i::text from pg_control_init() i",
    """select format('setting %s = %s (%s, %s)', name, boot_val, vartype, context) from pg_settings
        where name not in ('server_version', 'server_version_num')""",
    """select format('extension %s %s', name, version) from pg_available_extension_versions""",
    """select format('function %s returns %s, %s', oid::regprocedure, prorettype::regtype, prosrc)
        from pg_proc where oid < 16384""",
    "select format('operator %s %s', oid::regoperator, oprcode) from pg_operator where oid < 16384",
    "select format('type %s %s', oid, typname) from pg_type where oid < 16384",
    """select format('column %s.%s %s', attrelid::regclass, attname, atttypid::regtype)
        from pg_attribute where attrelid < 16384 and attnum > 0 and not attisdropped""",
    "select format('cast %s to %s', castsource::regtype, casttarget::regtype) from pg_cast",
    "select format('collation %s', collname) from pg_collation",
    "select format('time zone %s', name) from pg_timezone_names",
    "select format('text search configuration %s', cfgname) from pg_ts_config",
)


def main() -> None:
    with PGlite() as db:
        for statement in STATEMENTS:
            result = db.query(statement)
            for (line,) in sorted(tuple(row.values()) for row in result.rows):
                print(" ".join(str(line).split()))


if __name__ == "__main__":
    main()
