-- INSERT, UPDATE, DELETE, MERGE and what they return.

--- insert-forms
CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, a int DEFAULT 7, b text);

INSERT INTO t DEFAULT VALUES RETURNING *;

INSERT INTO t (b) VALUES ('x'), (DEFAULT), (null) RETURNING id, b;

INSERT INTO t (a, b) SELECT g, 'row ' || g FROM generate_series(1, 3) g;

INSERT INTO t OVERRIDING SYSTEM VALUE VALUES (100, 1, 'forced') RETURNING *;

INSERT INTO t VALUES (1, 1, 'x');

INSERT INTO t (a, b) VALUES (1);

INSERT INTO t (a) VALUES (1, 2);

INSERT INTO t (nosuch) VALUES (1);

INSERT INTO t (a, a) VALUES (1, 2);

INSERT INTO t (a) VALUES ('x');

INSERT INTO nosuch VALUES (1);

--- upsert
CREATE TABLE t (k text PRIMARY KEY, n int, UNIQUE (n));
INSERT INTO t VALUES ('a', 1), ('b', 2);

INSERT INTO t VALUES ('a', 10) ON CONFLICT (k) DO UPDATE SET n = t.n + excluded.n RETURNING *, old.n AS was, xmax <> 0 AS updated;

INSERT INTO t VALUES ('a', 10), ('c', 3) ON CONFLICT DO NOTHING RETURNING *;

INSERT INTO t VALUES ('b', 5) ON CONFLICT ON CONSTRAINT t_pkey DO UPDATE SET n = 0 WHERE t.n > 100;

INSERT INTO t VALUES ('z', 1), ('z', 2) ON CONFLICT (k) DO UPDATE SET n = excluded.n;

INSERT INTO t VALUES ('d', 2) ON CONFLICT (k) DO NOTHING;

INSERT INTO t VALUES ('d', 2) ON CONFLICT (nosuch) DO NOTHING;

INSERT INTO t VALUES ('d', 2) ON CONFLICT (n, k) DO NOTHING;

INSERT INTO t VALUES ('d', 2) ON CONFLICT DO UPDATE SET n = 1;

TABLE t ORDER BY k;

--- update-and-delete
CREATE TABLE t (id int, v int);
INSERT INTO t SELECT g, g * 10 FROM generate_series(1, 5) g;

UPDATE t SET v = v + 1 WHERE id <= 2 RETURNING *;

UPDATE t SET (id, v) = (SELECT 50, 51) WHERE id = 5 RETURNING old.id, new.id, old.*, new.*;

UPDATE t x SET v = y.v FROM t y WHERE y.id = x.id + 1 RETURNING x.id, x.v;

DELETE FROM t USING (VALUES (1), (2)) d(id) WHERE t.id = d.id RETURNING old.*, new.*, t.id;

DELETE FROM t WHERE id > 1000;

UPDATE t SET id = DEFAULT, v = 1 / 0;

UPDATE t SET nosuch = 1;

UPDATE t SET v = 1, v = 2;

DELETE FROM t RETURNING nosuch;

WITH gone AS (DELETE FROM t RETURNING *) SELECT count(*) FROM gone;

TABLE t;

TRUNCATE t;

TRUNCATE nosuch;

--- returning-aliases
CREATE TABLE t (a int);

INSERT INTO t VALUES (1) RETURNING WITH (OLD AS o, NEW AS n) o.a, n.a, a + 1 AS next;

UPDATE t SET a = 2 RETURNING WITH (OLD AS before) before.a AS was, a;

--- merge
CREATE TABLE target (id int PRIMARY KEY, n int);
CREATE TABLE source (id int, n int);
INSERT INTO target VALUES (1, 10), (2, 20), (3, 30);
INSERT INTO source VALUES (2, 5), (3, 0), (4, 40);

MERGE INTO target t USING source s ON t.id = s.id
  WHEN MATCHED AND s.n = 0 THEN DELETE
  WHEN MATCHED THEN UPDATE SET n = t.n + s.n
  WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.n)
  WHEN NOT MATCHED BY SOURCE THEN UPDATE SET n = -1
  RETURNING merge_action(), old.id, old.n, new.id, new.n, t.*;

TABLE target ORDER BY id;

MERGE INTO target t USING source s ON t.id = s.id WHEN MATCHED THEN DO NOTHING;

INSERT INTO source VALUES (2, 6);

MERGE INTO target t USING source s ON t.id = s.id WHEN MATCHED THEN UPDATE SET n = s.n;

MERGE INTO target t USING source s ON true WHEN NOT MATCHED THEN INSERT VALUES (1, 2, 3);

MERGE INTO target t USING nosuch s ON true WHEN MATCHED THEN DELETE;

SELECT merge_action();

--- data-modifying-ctes
CREATE TABLE t (a int);
CREATE TABLE log (what text, a int);

WITH ins AS (INSERT INTO t VALUES (1), (2) RETURNING a), l AS (INSERT INTO log SELECT 'insert', a FROM ins RETURNING *) SELECT * FROM l;

WITH upd AS (UPDATE t SET a = a + 10 RETURNING a) SELECT (SELECT sum(a) FROM t) AS seen_before, sum(a) FROM upd;

WITH m AS (MERGE INTO t USING (VALUES (11)) s(x) ON t.a = s.x WHEN MATCHED THEN DELETE RETURNING t.a) SELECT * FROM m;

SELECT * FROM (INSERT INTO t VALUES (1) RETURNING a) x;

--- copy-in-simple-query-needs-data
CREATE TABLE t (a int);

COPY t TO '/nosuch/place';

COPY nosuch TO STDOUT;

COPY t (nosuch) TO STDOUT;

COPY t TO STDOUT (FORMAT nosuch);

COPY t TO STDOUT (DELIMITER 'ab');

COPY t TO STDOUT (FORMAT csv, QUOTE 'ab');

COPY t TO STDOUT (FORMAT binary, HEADER);

--- copy-out-formats
CREATE TABLE t (a int, b text, c numeric, d bool);
INSERT INTO t VALUES (1, E'tab\there\nnewline\\back', 1.50, true), (null, '', null, false), (3, '"quoted", comma', 'NaN', null), (4, '\.', 0, true);

COPY t TO STDOUT;

COPY t TO STDOUT (FORMAT csv, HEADER, NULL 'NIL', FORCE_QUOTE (b));

COPY t TO STDOUT (FORMAT csv, FORCE_QUOTE *, QUOTE '''', ESCAPE '!');

COPY t (b, a) TO STDOUT (DELIMITER '|', NULL '-');

COPY t TO STDOUT (FORMAT binary);

COPY (SELECT a, b FROM t WHERE a IS NOT NULL ORDER BY a DESC) TO STDOUT (FORMAT csv, HEADER true);

COPY (INSERT INTO t VALUES (9, 'r') RETURNING a) TO STDOUT;

COPY (SELECT 1 / (a - 4) FROM t WHERE a > 2) TO STDOUT;

COPY t TO STDOUT (ENCODING 'LATIN1');
