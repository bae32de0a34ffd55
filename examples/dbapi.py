"""DB-API 2.0 without a socket: connections and cursors on a database in this process."""

from __future__ import annotations

import io

from pglite_native import dbapi

with dbapi.connect() as connection:
    cursor = connection.cursor()
    cursor.execute("create table reading (sensor text, celsius numeric)")
    cursor.execute(
        "copy reading from stdin with (format csv)",
        stream=io.StringIO("cellar,11.5\ncellar,12.0\nroof,21.75\n"),
    )
    connection.commit()

    cursor.execute(
        "select sensor, avg(celsius) from reading where celsius > %s group by 1 order by 1", (5,)
    )
    for sensor, average in cursor:
        print(sensor, round(average, 2))

    try:
        cursor.execute("insert into reading values ('roof', 'warm')")
    except dbapi.DataError as error:
        print(error)
    connection.rollback()

# prints:
#   cellar 11.75
#   roof 21.75
#   22P02: invalid input syntax for type numeric: "warm"
#   LINE 1: insert into reading values ('roof', 'warm')
#                                               ^
