"""An export to a server that is a service's: as far as a native one, without superuser, is like it.

Of managed services their documentation says: the customer's role may create roles and databases,
and is no superuser; extensions come from a list, or are created for the customer; there are limits
on time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from pglite_native import PGlite
from pglite_native.migrate import Side
from tests.migrate.test_moving import dumped, dumped_directory, execute, export, query
from tests.migrate.test_roles import SOURCE

CUSTOMER = """
CREATE ROLE customer LOGIN CREATEROLE CREATEDB;
ALTER ROLE customer SET statement_timeout = '1h';
ALTER ROLE customer SET lock_timeout = '1h';
ALTER ROLE customer SET transaction_timeout = '1h';
ALTER ROLE customer SET idle_session_timeout = '1h';
ALTER ROLE customer SET search_path = nowhere;
ALTER ROLE customer SET datestyle = 'German'"""


@pytest.fixture
def service(new_database: Callable[[], str]) -> Iterator[tuple[str, str]]:
    """The addresses of an empty database for its customer, and for the administrator."""
    administrator = new_database()
    for statement in CUSTOMER.split(";"):
        execute(administrator, statement)
    name = query(administrator, "SELECT current_database()")[0][0]
    execute(administrator, f"ALTER DATABASE {name} OWNER TO customer")
    try:
        yield administrator.replace("postgres@", "customer@"), administrator
    finally:
        left = query(
            administrator,
            "SELECT rolname FROM pg_roles WHERE oid >= 16384 AND rolname <> 'customer'",
        )
        for (role,) in left:
            execute(administrator, f"REASSIGN OWNED BY {role} TO postgres; DROP OWNED BY {role}")
            execute(administrator, f"DROP ROLE {role}")
        execute(administrator, f"ALTER DATABASE {name} OWNER TO postgres")
        execute(administrator, "DROP OWNED BY customer CASCADE; DROP ROLE customer")


def test_everything_moves_without_a_superuser(
    everything: Path, service: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    customer, administrator = service
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        execute(customer, "SET session_replication_role = replica")
    assert export(everything, customer, "--checksum") == 1
    error = capsys.readouterr().err
    assert 'permission denied to create extension "vector"' in error
    assert "If it is created there by a user who may" in error
    execute(administrator, "CREATE EXTENSION vector")
    assert export(everything, customer, "--checksum") == 0
    assert dumped(administrator) == dumped_directory(everything)


def test_a_service_s_limits_end_no_copy(service: tuple[str, str]) -> None:
    limits = [line.split()[4] for line in CUSTOMER.splitlines() if "timeout" in line]
    with Side(service[0]).connect() as connection:
        for limit in limits:
            assert connection.execute(f"SHOW {limit}".encode()).fetchone() == ("0",), limit
        assert connection.execute("SHOW datestyle").fetchone() == ("ISO, DMY",)
    assert len(limits) == 4


def test_privileges_and_roles_move_without_a_superuser(
    small: Path, service: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    customer, administrator = service
    with PGlite(small) as db:
        db.exec(SOURCE)
        db.exec("REVOKE pg_monitor FROM app; ALTER ROLE keeper BYPASSRLS REPLICATION")
    assert export(small, customer, "--with-owners", "--with-roles") == 1
    error = capsys.readouterr().err
    assert "making the schema: 42501: permission denied for schema public" in error
    assert query(administrator, "SELECT to_regrole('keeper')") == [(None,)]  # nothing has changed
    assert export(small, customer, "--with-privileges", "--with-roles") == 0
    assert query(administrator, "SELECT has_column_privilege('reader', 't', 'a', 'SELECT')") == [
        (True,)
    ]
    assert query(
        administrator,
        "SELECT rolcreatedb, rolbypassrls, rolreplication FROM pg_roles WHERE rolname = 'keeper'",
    ) == [(True, False, False)]
    assert query(administrator, "SELECT pg_has_role('customer', 'keeper', 'SET')") == [(True,)]


@pytest.mark.long
def test_owners_move_where_they_may_create(small: Path, service: tuple[str, str]) -> None:
    customer, administrator = service
    with PGlite(small) as db:
        db.exec("CREATE ROLE keeper; CREATE SCHEMA shop AUTHORIZATION keeper")
        db.exec("SET ROLE keeper; CREATE TABLE shop.item AS SELECT 1 AS a")
    assert export(small, customer, "--with-owners", "--with-roles") == 0
    found = (
        "SELECT relname::text, relowner::regrole::text FROM pg_class WHERE relname IN ('t', 'item')"
    )
    assert query(administrator, f"{found} ORDER BY 1") == [("item", "keeper"), ("t", "customer")]
