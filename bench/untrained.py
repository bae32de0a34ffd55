"""Statements whose functions the AOT tier's training mostly does not call: docs/AOT.md."""

UNTRAINED = {
    "numeric functions": "select sum(ln(n::numeric) + sqrt(n::numeric) + exp((n % 10)::numeric))"
    " from generate_series(1, 1500) n",
    "float functions": "select sum(sin(n) * cos(n) + atan2(n, 2)) from generate_series(1, 20000) n",
    "regexp_replace": "select count(regexp_replace('abc' || n || 'def', '[0-9]+', 'x', 'g'))"
    " from generate_series(1, 10000) n",
    "arrays": "select sum(cardinality(array_append(array_remove(array[n, n + 1], n), 7)))"
    " from generate_series(1, 30000) n",
    "inet": "select count(*) from generate_series(1, 30000) n"
    " where ('10.0.' || (n % 256) || '.' || (n % 200))::inet << '10.0.0.0/17'",
    "ranges": "select count(*) from generate_series(1, 30000) n"
    " where int4range(n, n + 10) && int4range(100, 200)",
    "jsonpath": "select count(*) from generate_series(1, 8000) n,"
    " jsonb_path_query(jsonb_build_object('a', jsonb_build_array(n, n + 1)), '$.a[*] ? (@ > 3)')",
    "sha256": "select count(sha256(n::text::bytea)) from generate_series(1, 20000) n",
    "format": "select count(format('%s-%L-%I', n, n, 'a')) from generate_series(1, 20000) n",
    "geometry": "select count(*) from generate_series(1, 30000) n"
    " where point(n, n) <@ box(point(0, 0), point(500, 500))",
    "grouping sets": "select count(*) from (select n % 10 a, n % 7 b, sum(n)"
    " from generate_series(1, 30000) n group by cube(1, 2)) s",
    "window functions": "select count(*) from (select ntile(10) over (order by n) t,"
    " sum(n) over (order by n rows between 5 preceding and current row)"
    " from generate_series(1, 20000) n) s where t > 0",
    "set operations": "select count(*) from (select generate_series(1, 30000)"
    " except select generate_series(1, 15000) * 2) s",
    "to_char": "select count(to_char(timestamp '2026-01-01' + n * interval '1 s',"
    " 'YYYY-MM-DD HH24:MI:SS')) from generate_series(1, 15000) n",
    "text functions": "select"
    " count(translate(reverse(initcap(concat_ws(' ', 'hello', n))), 'ol', 'x'))"
    " from generate_series(1, 20000) n",
    "gist": "drop table if exists points; create table points as select point(n % 100, n / 100) p"
    " from generate_series(1, 6000) n; create index on points using gist (p)",
    "merge": "drop table if exists goal; create table goal as select generate_series(1, 8000) n;"
    " merge into goal using generate_series(4000, 12000) s on n = s"
    " when matched then update set n = s when not matched then insert values (s)",
    "partitions": "drop table if exists whole; create table whole (a int) partition by hash (a);"
    " create table half partition of whole for values with (modulus 2, remainder 0);"
    " create table rest partition of whole for values with (modulus 2, remainder 1);"
    " insert into whole select generate_series(1, 15000)",
    "percentiles": "select percentile_cont(0.5) within group (order by n),"
    " mode() within group (order by n % 10), corr(n, n * 2) from generate_series(1, 30000) n",
}
