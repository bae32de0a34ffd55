-- SELECT in all its clauses, and the planner's view of it.

--- select-list-forms
SELECT 1, 'a' AS x, 2 AS "Y z", t.*, t, (t).a, count(*) OVER () FROM (VALUES (1, 'p'), (2, 'q')) t(a, b);

SELECT;

SELECT FROM generate_series(1, 2);

VALUES (1, 'a'), (2, null);

TABLE pg_am LIMIT 0;

--- joins
CREATE TABLE a (id int, x text);
CREATE TABLE b (id int, y text);
INSERT INTO a VALUES (1, 'a1'), (2, 'a2'), (null, 'an');
INSERT INTO b VALUES (2, 'b2'), (3, 'b3'), (null, 'bn');

SELECT * FROM a JOIN b USING (id);

SELECT * FROM a LEFT JOIN b ON a.id = b.id ORDER BY x;

SELECT * FROM a FULL JOIN b USING (id) ORDER BY id, x, y;

SELECT * FROM a NATURAL RIGHT JOIN b ORDER BY y;

SELECT count(*) FROM a CROSS JOIN b;

SELECT x, z FROM a, LATERAL (SELECT a.id * 10 AS z) l ORDER BY x;

SELECT j.* FROM a JOIN b USING (id) AS j;

SELECT id FROM a, b;

SELECT a.nope FROM a;

SELECT * FROM a JOIN a ON true;

SELECT * FROM a FULL JOIN b ON a.id < b.id;

--- grouping
SELECT k, count(*), sum(v) FROM (VALUES ('a', 1), ('b', 2), ('a', 3)) t(k, v) GROUP BY k HAVING sum(v) > 2 ORDER BY 1;

SELECT a, b, sum(v), grouping(a, b) FROM (VALUES (1, 'x', 10), (1, 'y', 20), (2, 'x', 30)) t(a, b, v) GROUP BY ROLLUP (a, b) ORDER BY a, b;

SELECT a, b, sum(v) FROM (VALUES (1, 'x', 10), (1, 'y', 20), (2, 'x', 30)) t(a, b, v) GROUP BY CUBE (a, b) ORDER BY a, b;

SELECT a, b, count(*) FROM (VALUES (1, 'x'), (1, 'y')) t(a, b) GROUP BY GROUPING SETS ((a), (b), ()) ORDER BY a, b;

SELECT a, sum(b) FROM (VALUES (1, 2)) t(a, b) GROUP BY DISTINCT ROLLUP (a), ROLLUP (a) ORDER BY 1;

SELECT a, b FROM (VALUES (1, 2)) t(a, b) GROUP BY a;

SELECT sum(count(*)) FROM (VALUES (1)) t(a);

SELECT a FROM (VALUES (1)) t(a) WHERE sum(a) > 1;

SELECT 1 GROUP BY 2;

--- aggregates-ordered-and-filtered
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY v), percentile_disc(ARRAY[0.25, 0.75]) WITHIN GROUP (ORDER BY v), mode() WITHIN GROUP (ORDER BY v), rank(3) WITHIN GROUP (ORDER BY v), count(*) FILTER (WHERE v > 2), bool_and(v > 0), bool_or(v > 3), every(v < 9), bit_and(v), bit_or(v), bit_xor(v), string_agg(DISTINCT v::text, ''), any_value(1), min(ARRAY[v]), max(row(v)) FROM (VALUES (1), (2), (2), (4)) t(v);

SELECT percentile_cont(1.5) WITHIN GROUP (ORDER BY v) FROM (VALUES (1.0)) t(v);

SELECT string_agg(v::text, ',' ORDER BY v) WITHIN GROUP (ORDER BY v) FROM (VALUES (1)) t(v);

--- ordering-and-limits
SELECT v FROM (VALUES (3), (1), (null), (2)) t(v) ORDER BY v DESC NULLS LAST LIMIT 2 OFFSET 1;

SELECT v FROM (VALUES (1), (2), (2), (3)) t(v) ORDER BY v FETCH FIRST 2 ROWS WITH TIES;

SELECT v FROM (VALUES (1), (2)) t(v) ORDER BY -v, 1 USING <;

SELECT v FROM (VALUES (1)) t(v) LIMIT -1;

SELECT v FROM (VALUES (1)) t(v) OFFSET -1;

SELECT v FROM (VALUES (1)) t(v) LIMIT null;

SELECT v FROM (VALUES (1)) t(v) ORDER BY 2;

SELECT DISTINCT v FROM (VALUES (1)) t(v) ORDER BY v + 1;

SELECT DISTINCT ON (k) k, v FROM (VALUES ('a', 2), ('a', 1), ('b', 3)) t(k, v) ORDER BY k, v;

--- set-operations
SELECT 1 UNION SELECT 1 UNION ALL SELECT 2 ORDER BY 1;

(VALUES (1), (2), (2)) INTERSECT ALL (VALUES (2), (2), (3));

(VALUES (1), (2), (2)) EXCEPT (VALUES (2));

SELECT 1 UNION SELECT 'x';

SELECT 1, 2 UNION SELECT 1;

SELECT '1' UNION SELECT 2 ORDER BY 1;

SELECT null UNION SELECT null UNION SELECT 1.5;

--- subqueries
SELECT (SELECT max(v) FROM (VALUES (1), (2)) t(v)), 2 IN (SELECT 2), 3 NOT IN (SELECT null::int), EXISTS (SELECT 1 WHERE false), 5 > ALL (SELECT 4), ARRAY(SELECT 1 UNION SELECT 2 ORDER BY 1), row(1, 2) = (SELECT 1, 2), (1, 2) IN (VALUES (1, 2));

SELECT (SELECT 1 UNION SELECT 2);

SELECT (SELECT 1, 2);

SELECT 1 IN (SELECT 1, 2);

--- common-table-expressions
WITH a AS (SELECT 1 AS x), b(y) AS (SELECT x + 1 FROM a) SELECT * FROM a, b;

WITH a AS MATERIALIZED (SELECT 1 AS x) SELECT * FROM a JOIN a b USING (x);

WITH a AS (SELECT 1), a AS (SELECT 2) SELECT 1;

--- recursive-queries
WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 100) SELECT sum(n) FROM t;

WITH RECURSIVE fib(a, b) AS (SELECT 0::numeric, 1::numeric UNION ALL SELECT b, a + b FROM fib WHERE b < 1000) SELECT array_agg(a) FROM fib;

CREATE TABLE edge (a int, b int);
INSERT INTO edge VALUES (1, 2), (2, 3), (3, 1), (3, 4);

WITH RECURSIVE walk AS (SELECT a, b, 1 AS d FROM edge WHERE a = 1 UNION ALL SELECT e.a, e.b, d + 1 FROM walk w JOIN edge e ON e.a = w.b) CYCLE a SET looped TO 'yes' DEFAULT 'no' USING path SELECT a, b, d, looped, path FROM walk ORDER BY d, a, b;

WITH RECURSIVE walk AS (SELECT a, b FROM edge WHERE a = 1 UNION ALL SELECT e.a, e.b FROM walk w JOIN edge e ON e.a = w.b AND e.b <> 1) SEARCH BREADTH FIRST BY a, b SET ord SELECT a, b FROM walk ORDER BY ord;

WITH RECURSIVE t AS (SELECT 1 UNION ALL SELECT * FROM t LIMIT 3) SELECT * FROM t;

WITH RECURSIVE t(n) AS (SELECT n FROM t UNION SELECT 1) SELECT 1;

WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT 'x' FROM t) SELECT 1;

--- window-functions
SELECT v, row_number() OVER w, rank() OVER w, dense_rank() OVER w, percent_rank() OVER w, cume_dist() OVER w, ntile(2) OVER w, lag(v) OVER w, lead(v, 2, -1) OVER w, first_value(v) OVER w, last_value(v) OVER w, nth_value(v, 2) OVER w FROM (VALUES (1), (2), (2), (3)) t(v) WINDOW w AS (ORDER BY v);

--- window-frames
SELECT v, sum(v) OVER (ORDER BY v ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING), sum(v) OVER (ORDER BY v RANGE BETWEEN 1 PRECEDING AND CURRENT ROW), sum(v) OVER (ORDER BY v GROUPS 1 PRECEDING), sum(v) OVER (ORDER BY v ROWS UNBOUNDED PRECEDING EXCLUDE CURRENT ROW), array_agg(v) OVER (ORDER BY v RANGE UNBOUNDED PRECEDING EXCLUDE TIES), count(*) FILTER (WHERE v > 1) OVER (PARTITION BY v % 2) FROM (VALUES (1), (2), (2), (4)) t(v) ORDER BY v;

SELECT d, sum(v) OVER (ORDER BY d RANGE BETWEEN '1 day' PRECEDING AND '1 day' FOLLOWING) FROM (VALUES ('2024-01-01'::date, 1), ('2024-01-02', 2), ('2024-01-05', 4)) t(d, v);

SELECT sum(v) OVER (ROWS BETWEEN 1 FOLLOWING AND 1 PRECEDING) FROM (VALUES (1)) t(v);

SELECT sum(v) OVER (ORDER BY v ROWS -1 PRECEDING) FROM (VALUES (1)) t(v);

SELECT v FROM (VALUES (1)) t(v) WHERE row_number() OVER () = 1;

SELECT row_number() FROM (VALUES (1)) t(v);

SELECT sum(v) OVER nosuch FROM (VALUES (1)) t(v);

--- conditional-expressions
SELECT CASE WHEN v = 1 THEN 'one' WHEN v > 1 THEN 'more' END, CASE v WHEN 1 THEN 1.5 ELSE 2 END, coalesce(null, v), nullif(v, 1), greatest(v, 2, null), least(v, 2), v BETWEEN 1 AND 2, v BETWEEN SYMMETRIC 2 AND 1, v IN (1, 3) FROM (VALUES (1), (2)) t(v);

SELECT CASE WHEN true THEN 1 ELSE 1/0 END;

SELECT CASE WHEN 1 THEN 2 END;

SELECT coalesce(1, 'x');

--- set-returning-functions
SELECT generate_series(1, 3), generate_series(1, 2);

SELECT * FROM ROWS FROM (generate_series(1, 3), unnest(ARRAY['a', 'b'])) WITH ORDINALITY AS t(n, s, o);

SELECT * FROM generate_series('2024-01-01'::timestamp, '2024-01-02', '6 hours') AS g(t);

SELECT CASE WHEN true THEN generate_series(1, 2) END;

SELECT * FROM json_each('{"a":1}') AS t(k int);

--- table-sampling
CREATE TABLE t AS SELECT g FROM generate_series(1, 1000) g;

SELECT count(*) FROM t TABLESAMPLE BERNOULLI (20) REPEATABLE (7);

SELECT count(*) FROM t TABLESAMPLE SYSTEM (100);

SELECT * FROM t TABLESAMPLE BERNOULLI (200);

SELECT * FROM t TABLESAMPLE nosuch (1);

--- row-locking-clauses
CREATE TABLE t (a int PRIMARY KEY);
INSERT INTO t VALUES (1), (2);

SELECT * FROM t WHERE a = 1 FOR UPDATE;

SELECT * FROM t FOR SHARE SKIP LOCKED;

SELECT * FROM t FOR NO KEY UPDATE OF t NOWAIT;

SELECT count(*) FROM t FOR UPDATE;

SELECT DISTINCT a FROM t FOR UPDATE;

SELECT * FROM t FOR UPDATE OF nosuch;

--- explain-plans
CREATE TABLE t (a int PRIMARY KEY, b int, c text);
INSERT INTO t SELECT g, g % 10, 'c' || g FROM generate_series(1, 1000) g;
CREATE INDEX t_b ON t (b);
ANALYZE t;

EXPLAIN (COSTS OFF) SELECT * FROM t WHERE a = 5;

EXPLAIN (COSTS OFF) SELECT b, count(*) FROM t WHERE c LIKE 'c1%' GROUP BY b ORDER BY 2 DESC LIMIT 3;

EXPLAIN (COSTS OFF) SELECT * FROM t x JOIN t y ON x.a = y.b WHERE y.c > 'c5';

EXPLAIN (COSTS OFF, VERBOSE) UPDATE t SET b = b + 1 WHERE a < 10;

EXPLAIN (COSTS OFF, FORMAT JSON) SELECT a FROM t WHERE b IN (1, 2) AND a > 990;

EXPLAIN (COSTS OFF, FORMAT YAML) SELECT count(*) FROM t;

EXPLAIN (COSTS OFF, FORMAT XML) SELECT 1;

EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) SELECT sum(a) FROM t WHERE a <= 100;

EXPLAIN (GENERIC_PLAN, COSTS OFF) SELECT * FROM t WHERE a = $1;

EXPLAIN (NOSUCH) SELECT 1;

EXPLAIN (TIMING) SELECT 1;

--- explain-costs
CREATE TABLE t (a int, b text);
INSERT INTO t SELECT g, repeat('x', g % 50) FROM generate_series(1, 5000) g;
CREATE INDEX t_a ON t (a);
VACUUM ANALYZE t;

VACUUM ANALYZE t;

EXPLAIN SELECT * FROM t WHERE a < 100;

EXPLAIN SELECT count(*) FROM t;

EXPLAIN SELECT * FROM t ORDER BY b LIMIT 10;

EXPLAIN SELECT * FROM t x, t y WHERE x.a = y.a;

--- planner-settings
CREATE TABLE t AS SELECT g AS a FROM generate_series(1, 1000) g;
CREATE INDEX ON t (a);
ANALYZE t;

SET enable_indexscan = off;
SET enable_bitmapscan = off;
SET enable_indexonlyscan = off;

EXPLAIN (COSTS OFF) SELECT a FROM t WHERE a = 1;

SET enable_seqscan = off;

EXPLAIN (COSTS OFF) SELECT a FROM t WHERE a = 1;

SET enable_hashjoin = off;
SET enable_nestloop = off;
EXPLAIN (COSTS OFF) SELECT * FROM t JOIN t u USING (a);

--- external-sort-and-hash
SET work_mem = '64kB';

SELECT count(*), min(x), max(x) FROM (SELECT md5(g::text) AS x FROM generate_series(1, 5000) g ORDER BY 1) s;

SELECT count(*) FROM (SELECT md5(g::text) AS x FROM generate_series(1, 5000) g) a JOIN (SELECT md5(g::text) AS x FROM generate_series(1, 5000, 3) g) b USING (x);

SELECT count(*) FROM (SELECT DISTINCT md5((g % 3000)::text) FROM generate_series(1, 5000) g) s;

--- syntax-errors
SELEC 1;

SELECT * FROM;

SELECT 1 +;

SELECT (1;

SELECT 'unterminated;

SELECT "unterminated;

SELECT $$unterminated;

SELECT /* unterminated;

SELECT 1 1;

SELECT 1a;

SELECT $1;

SELECT 1; SELEC 2;

--- name-resolution-errors
SELECT x;

SELECT f(1);

SELECT lower(1, 2);

SELECT lower(1);

SELECT 1 + 'x'::text;

SELECT * FROM nosuch;

SELECT * FROM nosuch.t;

SELECT * FROM other.public.t;

SELECT pg_class.nosuch FROM pg_class;

SELECT relnam FROM pg_class;

SELECT c.relname FROM pg_class;

SELECT @@ 'x';

SELECT '{1}'::int[] + 1;

SELECT max('a'::json);

--- error-position-counts-characters
SELECT 'ünïcödé ☃', nosuch;

SELECT 1,
       2,
       'é' || nosuch;
