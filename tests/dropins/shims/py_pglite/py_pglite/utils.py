"""How a test asks whether there is an answer."""

import psycopg


def check_connection(dsn: str) -> bool:
    try:
        with psycopg.connect(dsn) as connection:
            return connection.execute("select 1").fetchone() == (1,)
    except psycopg.Error:
        return False
