"""A function that fills a database."""

from typing import Any

import psycopg


def load_database(**address: Any) -> None:
    with psycopg.connect(**address) as connection:
        connection.execute("create table stories (name text)")
        connection.execute("insert into stories values ('a'), ('b'), ('c'), ('d')")
