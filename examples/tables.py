"""Rows as Python values: a table, a transaction that fails, and an instant copy."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from pglite_native import DatabaseError, PGlite

with PGlite() as db:
    db.exec("""
        create table account (name text primary key, balance numeric check (balance >= 0));
        create table payment (paid date, amount numeric, tags text[])
    """)
    for name, balance in [("Ada", Decimal("10.00")), ("Grace", Decimal("2.50"))]:
        db.query("insert into account values ($1, $2)", [name, balance])

    try:
        with db.transaction() as transaction:
            transaction.query(
                "insert into payment values ($1, $2, $3)",
                [date(2024, 2, 29), Decimal("99"), ["rent", None]],
            )
            transaction.query("update account set balance = balance - 99 where name = 'Ada'")
    except DatabaseError as error:
        print(error.sqlstate, error.constraint)
    print(db.query("select * from payment").rows)

    with db.clone() as scratch:  # to try things out, whatever the database's size
        scratch.query("delete from account")
    print(db.query("select * from account order by name").rows)

# prints:
#   23514 account_balance_check
#   []
#   [{'name': 'Ada', 'balance': Decimal('10.00')}, {'name': 'Grace', 'balance': Decimal('2.50')}]
