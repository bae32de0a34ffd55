-- Functions, PL/pgSQL and triggers.

--- sql-functions
CREATE FUNCTION one(a int, b int DEFAULT 10) RETURNS int LANGUAGE sql AS 'SELECT a + b';
CREATE FUNCTION pairs(n int, OUT x int, OUT y text) RETURNS SETOF record LANGUAGE sql BEGIN ATOMIC SELECT g, 'v' || g FROM generate_series(1, n) g; END;
CREATE FUNCTION total(VARIADIC v int[]) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT sum(x) FROM unnest(v) x $$;
CREATE FUNCTION t() RETURNS TABLE (a int, b int) LANGUAGE sql AS 'VALUES (1, 2), (3, 4)';

SELECT one(1), one(1, 2), one(b => 5, a => 1), one(a := 2), total(1, 2, 3), total(VARIADIC '{4,5}');

SELECT * FROM pairs(2), t();

SELECT (pairs(2)).*;

SELECT one();

SELECT one(1, c => 2);

SELECT total();

SELECT pg_get_functiondef('pairs'::regproc);

CREATE FUNCTION one(a int, b int) RETURNS text LANGUAGE sql AS 'SELECT 1';

CREATE FUNCTION bad() RETURNS int LANGUAGE sql AS 'SELECT nosuch';

CREATE FUNCTION bad() RETURNS int LANGUAGE sql AS 'SELECT ''x''::text';

CREATE FUNCTION bad() RETURNS int LANGUAGE nosuch AS '';

DROP FUNCTION one;

CREATE FUNCTION t(int) RETURNS int LANGUAGE sql AS 'SELECT 1';

DROP FUNCTION t;

--- sql-function-error-context
CREATE FUNCTION inner_one(int) RETURNS int LANGUAGE sql AS 'SELECT 10 / $1';
CREATE FUNCTION outer_one(int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1; SELECT inner_one($1) + random()::int * 0';

SELECT outer_one(2);

SELECT outer_one(0);

--- polymorphic-functions
CREATE FUNCTION first_of(anyarray) RETURNS anyelement LANGUAGE sql AS 'SELECT $1[1]';
CREATE FUNCTION same(anycompatible, anycompatible) RETURNS anycompatible LANGUAGE sql AS 'SELECT $1';

SELECT first_of(ARRAY[1, 2]), first_of(ARRAY['a']), pg_typeof(same(1, 2.5));

SELECT first_of('{1}');

SELECT first_of(1);

--- procedures
CREATE TABLE t (a int);
CREATE PROCEDURE fill(n int, INOUT done int DEFAULT 0) LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1..n LOOP
    INSERT INTO t VALUES (i);
    done := done + 1;
    IF i % 2 = 0 THEN COMMIT; ELSE ROLLBACK; END IF;
  END LOOP;
END $$;

CALL fill(4);

SELECT * FROM t;

BEGIN;

CALL fill(1);

ROLLBACK;

SELECT fill(1);

CALL nosuch();

DO $$ DECLARE d int := 5; BEGIN CALL fill(2, d); RAISE NOTICE 'd = %', d; END $$;

--- plpgsql-control-flow
CREATE FUNCTION collatz(n bigint) RETURNS int LANGUAGE plpgsql AS $$
DECLARE steps int := 0;
BEGIN
  WHILE n <> 1 LOOP
    n := CASE WHEN n % 2 = 0 THEN n / 2 ELSE 3 * n + 1 END;
    steps := steps + 1;
  END LOOP;
  RETURN steps;
END $$;

SELECT collatz(27), collatz(97);

DO $$
DECLARE
  i int; total int := 0; a int[] := '{1,2,3}'; r record; s text := '';
BEGIN
  FOR i IN REVERSE 10..1 BY 3 LOOP s := s || i || ' '; END LOOP;
  FOREACH i IN ARRAY a LOOP total := total + i; END LOOP;
  FOR r IN SELECT g, g * g AS sq FROM generate_series(1, 3) g LOOP s := s || r.sq || ','; END LOOP;
  <<outer>>
  LOOP
    LOOP
      total := total + 1;
      CONTINUE outer WHEN total < 10;
      EXIT outer;
    END LOOP;
  END LOOP;
  CASE total WHEN 1, 2 THEN s := s || 'low'; WHEN 10 THEN s := s || 'ten'; END CASE;
  IF total > 100 THEN s := 'x'; ELSIF total = 10 THEN s := s || '!'; ELSE s := 'y'; END IF;
  RAISE NOTICE '% %', s, total;
END $$;

DO $$ BEGIN CASE 5 WHEN 1 THEN NULL; END CASE; END $$;

--- plpgsql-exceptions
CREATE TABLE t (a int UNIQUE);
CREATE FUNCTION try(sql text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE state text; msg text; det text; hint text; con text; tab text; ctx text;
BEGIN
  EXECUTE sql;
  RETURN 'ok';
EXCEPTION
  WHEN unique_violation OR check_violation THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, msg = MESSAGE_TEXT, det = PG_EXCEPTION_DETAIL, con = CONSTRAINT_NAME, tab = TABLE_NAME;
    RETURN concat_ws(' | ', state, msg, det, con, tab);
  WHEN division_by_zero THEN
    RETURN 'zero: ' || SQLERRM;
  WHEN SQLSTATE '42P01' THEN
    RETURN 'no table';
  WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS ctx = PG_EXCEPTION_CONTEXT, hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || ' ' || ctx || ' ' || hint;
END $$;

SELECT try('INSERT INTO t VALUES (1)'), try('INSERT INTO t VALUES (1)'), try('SELECT 1/0'), try('TABLE nosuch'), try('SELECT nosuch(1)'), try('nonsense');

SELECT * FROM t;

--- plpgsql-exception-rolls-back-block
CREATE TABLE t (a int);

DO $$
BEGIN
  INSERT INTO t VALUES (1);
  FOR i IN 1..50 LOOP
    BEGIN
      INSERT INTO t VALUES (100 + i);
      PERFORM 1 / (i % 2);
    EXCEPTION WHEN division_by_zero THEN NULL;
    END;
  END LOOP;
END $$;

SELECT count(*), min(a), max(a) FROM t;

--- plpgsql-raise-every-level
SET client_min_messages = debug1;

DO $$
BEGIN
  RAISE DEBUG 'debugging %', 1;
  RAISE LOG 'logged';
  RAISE INFO 'information';
  RAISE NOTICE 'noticed % %%', 'x' USING HINT = 'a hint', DETAIL = 'a detail', ERRCODE = '01ABC';
  RAISE WARNING USING MESSAGE = 'warned', COLUMN = 'c', TABLE = 't', SCHEMA = 's', DATATYPE = 'd', CONSTRAINT = 'k';
END $$;

SET client_min_messages = error;

DO $$ BEGIN RAISE WARNING 'not seen'; RAISE INFO 'always seen'; END $$;

--- plpgsql-raise-exception
DO $$ BEGIN RAISE EXCEPTION 'broken: %', 42 USING ERRCODE = 'P0042', HINT = 'fix it', DETAIL = 'the details'; END $$;

DO $$ BEGIN RAISE division_by_zero; END $$;

DO $$ BEGIN RAISE SQLSTATE 'ABCDE'; END $$;

DO $$ BEGIN RAISE; END $$;

DO $$ BEGIN RAISE EXCEPTION '% %', 1; END $$;

DO $$ BEGIN BEGIN RAISE EXCEPTION 'first'; EXCEPTION WHEN OTHERS THEN RAISE; END; END $$;

DO $$ BEGIN BEGIN RAISE EXCEPTION 'first'; EXCEPTION WHEN OTHERS THEN RAISE EXCEPTION 'second'; END; END $$;

DO $$ BEGIN ASSERT 1 = 2, 'one is not two'; END $$;

--- plpgsql-assignments-and-types
CREATE TABLE t (a int, b text);
INSERT INTO t VALUES (1, 'x'), (2, 'y');

DO $$
DECLARE
  r t%ROWTYPE; v t.b%TYPE; rec record; arr int[] := '{}'; c CONSTANT int := 3; n numeric(4,2) := 1.239; d date NOT NULL := '2024-01-01'; nested int[][];
BEGIN
  SELECT * INTO STRICT r FROM t WHERE a = 1;
  SELECT b INTO v FROM t WHERE a = 99;
  arr[3] := 7; arr := arr || 8;
  rec := (1, 'two'::text);
  r.b := upper(r.b);
  GET DIAGNOSTICS c_rows = ROW_COUNT;
END $$;

DO $$
DECLARE r t%ROWTYPE; v text := 'unset'; arr int[] := '{}'; n numeric(4,2) := 1.239; rows int;
BEGIN
  SELECT * INTO STRICT r FROM t WHERE a = 1;
  SELECT b INTO v FROM t WHERE a = 99;
  arr[3] := 7; arr := arr || 8;
  r.b := upper(r.b);
  UPDATE t SET a = a + 1;
  GET DIAGNOSTICS rows = ROW_COUNT;
  RAISE NOTICE '% % % % % %', r, v, arr, n, rows, FOUND;
END $$;

DO $$ DECLARE c CONSTANT int := 3; BEGIN c := 4; END $$;

DO $$ DECLARE d date NOT NULL := null; BEGIN END $$;

DO $$ DECLARE i int; BEGIN i := 'x'; END $$;

DO $$ DECLARE r record; BEGIN RAISE NOTICE '%', r.a; END $$;

DO $$ DECLARE a int; BEGIN SELECT a INTO STRICT a FROM t; END $$;

DO $$ DECLARE x int; BEGIN SELECT a INTO STRICT x FROM t; END $$;

DO $$ DECLARE x int; BEGIN SELECT a INTO STRICT x FROM t WHERE false; END $$;

--- plpgsql-compile-errors
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN; END $$;

CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN x := 1; END $$;

CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN IF true RETURN 1; END $$;

CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ DECLARE x int; x text; BEGIN END $$;

CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;

CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN EXIT; END $$;

CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN END $$;

SELECT f();

CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN SELECT 1; RETURN 1; END $$;

SELECT f();

--- plpgsql-cursors
CREATE TABLE t AS SELECT g AS a FROM generate_series(1, 10) g;

DO $$
DECLARE c CURSOR (lim int) FOR SELECT a FROM t WHERE a <= lim ORDER BY a; r record; cur refcursor; x int;
BEGIN
  FOR r IN c(3) LOOP RAISE NOTICE 'loop %', r.a; END LOOP;
  OPEN c(lim => 5);
  FETCH c INTO x; RAISE NOTICE 'first %', x;
  MOVE FORWARD 2 FROM c;
  FETCH RELATIVE 1 FROM c INTO x; RAISE NOTICE 'then %', x;
  FETCH LAST FROM c INTO x; RAISE NOTICE 'last %', x;
  FETCH c INTO x; RAISE NOTICE 'end % %', x, FOUND;
  CLOSE c;
  OPEN cur FOR EXECUTE 'SELECT a FROM t WHERE a > $1 ORDER BY a' USING 8;
  LOOP FETCH cur INTO x; EXIT WHEN NOT FOUND; RAISE NOTICE 'dynamic %', x; END LOOP;
  UPDATE t SET a = a WHERE CURRENT OF cur;
END $$;

CREATE FUNCTION give(refcursor) RETURNS refcursor LANGUAGE plpgsql AS $$ BEGIN OPEN $1 FOR SELECT a FROM t ORDER BY a; RETURN $1; END $$;

BEGIN;

SELECT give('mine');

FETCH 2 FROM mine;

COMMIT;

FETCH 2 FROM mine;

--- plpgsql-set-returning
CREATE FUNCTION evens(n int) RETURNS SETOF int LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1..n LOOP IF i % 2 = 0 THEN RETURN NEXT i; END IF; END LOOP;
  RETURN QUERY SELECT 100 WHERE n > 4;
  RETURN QUERY EXECUTE 'SELECT $1 * 1000' USING n;
END $$;

SELECT * FROM evens(5);

SELECT evens(2), 'x';

CREATE FUNCTION tab(OUT a int, OUT b text) RETURNS SETOF record LANGUAGE plpgsql AS $$ BEGIN a := 1; b := 'x'; RETURN NEXT; a := 2; RETURN NEXT; END $$;

SELECT * FROM tab();

--- plpgsql-dynamic-sql
DO $$
DECLARE n int; t text := 'weird "name"';
BEGIN
  EXECUTE format('CREATE TABLE %I (v int)', t);
  EXECUTE format('INSERT INTO %I SELECT * FROM generate_series(1, $1)', t) USING 3;
  EXECUTE format('SELECT count(*) FROM %I', t) INTO n;
  RAISE NOTICE '%', n;
  EXECUTE null;
END $$;

DO $$ BEGIN EXECUTE 'SELECT nosuch'; END $$;

DO $$ BEGIN EXECUTE 'COMMIT'; END $$;

--- plpgsql-call-stack
CREATE FUNCTION c() RETURNS text LANGUAGE plpgsql AS $$ DECLARE s text; BEGIN GET DIAGNOSTICS s = PG_CONTEXT; RETURN s; END $$;
CREATE FUNCTION b() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN c(); END $$;
CREATE FUNCTION a() RETURNS text LANGUAGE plpgsql AS $$ DECLARE x text; BEGIN SELECT b() INTO x; RETURN x; END $$;

SELECT a();

CREATE OR REPLACE FUNCTION c() RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM 1 / 0; END $$;

SELECT a();

--- infinite-recursion
CREATE FUNCTION forever(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN forever(n + 1); END $$;
SET max_stack_depth = '200kB';
SET client_min_messages = error;

DO $$ BEGIN PERFORM forever(0); EXCEPTION WHEN statement_too_complex THEN RAISE INFO '%', SQLSTATE; END $$;

SELECT 1;

--- triggers-row-and-statement
CREATE TABLE t (id int, v text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '% % % % old=% new=% args=%', tg_name, tg_when, tg_op, tg_level, old, new, tg_argv;
  IF tg_when = 'BEFORE' AND tg_op = 'INSERT' AND new.v = 'skip' THEN RETURN NULL; END IF;
  IF tg_when = 'BEFORE' AND tg_op <> 'DELETE' AND tg_level = 'ROW' THEN new.v := upper(new.v); END IF;
  RETURN CASE WHEN tg_op = 'DELETE' THEN old ELSE new END;
END $$;
CREATE TRIGGER b_row BEFORE INSERT OR UPDATE OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION note('a', 1);
CREATE TRIGGER a_row AFTER INSERT OR UPDATE OF v ON t FOR EACH ROW WHEN (new.id > 1) EXECUTE FUNCTION note();
CREATE TRIGGER a_stmt AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON t FOR EACH STATEMENT EXECUTE FUNCTION note();

INSERT INTO t VALUES (1, 'one'), (2, 'skip'), (3, 'three');

UPDATE t SET v = 'x' WHERE id = 3 RETURNING *;

DELETE FROM t WHERE id = 1;

TRUNCATE t;

ALTER TABLE t DISABLE TRIGGER b_row;

INSERT INTO t VALUES (9, 'quiet');

SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname;

CREATE TRIGGER b_row BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION note();

CREATE TRIGGER x BEFORE INSERT ON t EXECUTE FUNCTION lower();

--- trigger-transition-tables
CREATE TABLE t (a int);
CREATE FUNCTION sums() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '% -> %', (SELECT sum(a) FROM old_rows), (SELECT sum(a) FROM new_rows); RETURN NULL; END $$;
CREATE TRIGGER s AFTER UPDATE ON t REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION sums();
INSERT INTO t VALUES (1), (2);

UPDATE t SET a = a * 10;

--- trigger-instead-of-on-view
CREATE TABLE t (a int);
CREATE VIEW v AS SELECT a FROM t;
CREATE FUNCTION divert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t VALUES (-new.a); RETURN new; END $$;
CREATE TRIGGER d INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION divert();

INSERT INTO v VALUES (5) RETURNING *;

TABLE t;

--- trigger-raises
CREATE TABLE t (a int);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused %', new.a USING ERRCODE = 'check_violation', TABLE = tg_table_name; END $$;
CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION refuse();

INSERT INTO t VALUES (1);

CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN END $$;

INSERT INTO t VALUES (1);

--- trigger-deferred-constraint
CREATE TABLE t (a int);
CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'late'; END $$;
CREATE CONSTRAINT TRIGGER l AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION late();

BEGIN;

INSERT INTO t VALUES (1);

COMMIT;

SELECT count(*) FROM t;

--- functions-with-settings
CREATE FUNCTION zone() RETURNS text LANGUAGE sql SET timezone = 'Asia/Tokyo' AS $$ SELECT current_setting('timezone') $$;

SELECT zone(), current_setting('timezone');

CREATE FUNCTION bad() RETURNS text LANGUAGE sql SET nosuch = 1 AS $$ SELECT 1 $$;

--- security-definer
CREATE ROLE weak;
CREATE TABLE secret (a int);
INSERT INTO secret VALUES (42);
CREATE FUNCTION peek() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT a FROM secret';
GRANT USAGE ON SCHEMA public TO weak;
SET ROLE weak;

SELECT peek();

SELECT a FROM secret;

RESET ROLE;
