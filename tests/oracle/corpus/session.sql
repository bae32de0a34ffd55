-- What belongs to a session: transactions, cursors, prepared statements, settings, locks, notices.

--- transaction-states
BEGIN;

BEGIN;

SELECT 1;

COMMIT;

COMMIT;

ROLLBACK;

START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE;

SHOW transaction_isolation;

CREATE TABLE t (a int);

SELECT 1;

COMMIT AND CHAIN;

ROLLBACK;

COMMIT AND CHAIN;

ABORT;

--- failed-transaction
CREATE TABLE t (a int);

BEGIN;

INSERT INTO t VALUES (1);

SELECT 1 / 0;

INSERT INTO t VALUES (2);

COMMIT;

SELECT * FROM t;

--- transaction-chain
CREATE TABLE t (a int);

BEGIN ISOLATION LEVEL REPEATABLE READ;

INSERT INTO t VALUES (1);

COMMIT AND CHAIN;

SHOW transaction_isolation;

ROLLBACK AND CHAIN;

SHOW transaction_isolation;

ROLLBACK;

TABLE t;

--- isolation-after-first-query
BEGIN;

SELECT 1;

SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;

ROLLBACK;

SET TRANSACTION READ ONLY;

--- read-only-transaction
CREATE TABLE t (a int);
CREATE TEMP TABLE tt (a int);
CREATE SEQUENCE s;

BEGIN READ ONLY;

INSERT INTO tt VALUES (1);

INSERT INTO t VALUES (1);

ROLLBACK;

SET default_transaction_read_only = on;

SELECT nextval('s');

SET TRANSACTION READ WRITE;

--- savepoints
CREATE TABLE t (a int);

BEGIN;

INSERT INTO t VALUES (1);

SAVEPOINT a;

INSERT INTO t VALUES (2);

SAVEPOINT b;

INSERT INTO nosuch VALUES (3);

ROLLBACK TO b;

INSERT INTO t VALUES (4);

RELEASE b;

ROLLBACK TO SAVEPOINT a;

RELEASE SAVEPOINT nosuch;

ROLLBACK TO a;

COMMIT;

TABLE t;

SAVEPOINT outside;

ROLLBACK TO outside;

RELEASE outside;

--- savepoint-names-shadow
BEGIN;

SAVEPOINT s;

SAVEPOINT s;

RELEASE s;

ROLLBACK TO s;

RELEASE s;

ROLLBACK TO s;

ROLLBACK;

--- implicit-transaction-of-many-statements
CREATE TABLE t (a int);

INSERT INTO t VALUES (1); INSERT INTO t VALUES (2); SELECT 1 / 0; INSERT INTO t VALUES (3);

TABLE t;

INSERT INTO t VALUES (1); BEGIN; INSERT INTO t VALUES (2); ROLLBACK; INSERT INTO t VALUES (3);

TABLE t;

INSERT INTO t VALUES (4); COMMIT; INSERT INTO t VALUES (5); SELECT 1 / 0;

TABLE t;

SELECT 1; VACUUM;

SELECT 1; SAVEPOINT s; SELECT 2;

BEGIN; SELECT 1; COMMIT; SELECT 2; ; ;

--- two-phase-commit-disabled
BEGIN;

PREPARE TRANSACTION 'x';

COMMIT PREPARED 'x';

--- cursors
BEGIN;

DECLARE c SCROLL CURSOR FOR SELECT g FROM generate_series(1, 10) g;

FETCH c;

FETCH 3 FROM c;

FETCH BACKWARD 2 FROM c;

FETCH ABSOLUTE 8 FROM c;

FETCH ABSOLUTE -1 FROM c;

FETCH RELATIVE -3 FROM c;

MOVE FIRST IN c;

FETCH PRIOR c;

FETCH ALL c;

FETCH 0 FROM c;

MOVE BACKWARD ALL IN c;

SELECT name, statement, is_holdable, is_binary, is_scrollable FROM pg_cursors;

CLOSE c;

FETCH c;

ROLLBACK;

DECLARE c CURSOR FOR SELECT 1;

--- cursors-held-and-binary
BEGIN;

DECLARE held CURSOR WITH HOLD FOR SELECT g, 'x' || g FROM generate_series(1, 3) g;

DECLARE bin BINARY CURSOR FOR SELECT 1::int4, 'x'::text, 1.5::float8;

DECLARE once NO SCROLL CURSOR FOR SELECT generate_series(1, 2);

FETCH bin;

FETCH once;

FETCH BACKWARD once;

ROLLBACK;

BEGIN;

DECLARE held CURSOR WITH HOLD FOR SELECT g, 'x' || g FROM generate_series(1, 3) g;

COMMIT;

FETCH 2 FROM held;

DECLARE held CURSOR WITH HOLD FOR SELECT 1;

CLOSE ALL;

CLOSE held;

--- cursor-positioned-update
CREATE TABLE t (a int PRIMARY KEY, b text);
INSERT INTO t VALUES (1, 'x'), (2, 'y'), (3, 'z');

BEGIN;

DECLARE c CURSOR FOR SELECT * FROM t ORDER BY a FOR UPDATE;

FETCH 2 FROM c;

UPDATE t SET b = 'here' WHERE CURRENT OF c RETURNING *;

MOVE c;

DELETE FROM t WHERE CURRENT OF c RETURNING *;

UPDATE t SET b = 'x' WHERE CURRENT OF nosuch;

ROLLBACK;

--- prepared-statements
PREPARE plus(int, int) AS SELECT $1 + $2;

EXECUTE plus(1, 2);

EXECUTE plus(1);

EXECUTE plus('a', 2);

EXECUTE plus(1 + 1, (SELECT 3));

PREPARE plus AS SELECT 1;

PREPARE infer AS SELECT $1::date, $2 || 'x', $3 = 1;

SELECT name, statement, parameter_types, result_types, from_sql, generic_plans, custom_plans FROM pg_prepared_statements ORDER BY name;

DEALLOCATE plus;

EXECUTE plus(1, 2);

DEALLOCATE ALL;

PREPARE bad AS SELECT $2;

PREPARE bad AS CREATE TABLE t (a int);

CREATE TABLE made AS EXECUTE infer('2024-01-01', 'a', 1);

--- prepared-statement-after-table-changed
CREATE TABLE t (a int);
INSERT INTO t VALUES (1);

PREPARE p AS SELECT * FROM t;

EXECUTE p;

ALTER TABLE t ADD b int;

EXECUTE p;

DROP TABLE t;

EXECUTE p;

--- prepared-plan-cache-modes
CREATE TABLE t AS SELECT g AS a FROM generate_series(1, 100) g;
ANALYZE t;
SET plan_cache_mode = force_generic_plan;

PREPARE p(int) AS SELECT * FROM t WHERE a = $1;

EXPLAIN (COSTS OFF) EXECUTE p(5);

SET plan_cache_mode = force_custom_plan;

EXPLAIN (COSTS OFF) EXECUTE p(5);

EXECUTE p(5);

SELECT generic_plans, custom_plans FROM pg_prepared_statements;

--- settings
SHOW work_mem;

SET work_mem = '8MB';

SELECT current_setting('work_mem'), set_config('work_mem', '9MB', false), current_setting('nosuch', true);

RESET work_mem;

SET work_mem = '1 parsec';

SET nosuch = 1;

SHOW nosuch;

SELECT current_setting('nosuch');

SET my.custom = 'value';

SHOW my.custom;

SET my.bad-name = 1;

SET max_connections = 5;

SET fsync = off;

SET server_version = '1';

SET enable_seqscan = maybe;

SET "DateStyle" TO ISO, DMY;

--- settings-limit-of-memory
SET work_mem = 1;

--- settings-in-transactions
BEGIN;

SET LOCAL work_mem = '1MB';

SET maintenance_work_mem = '2MB';

SAVEPOINT s;

SET work_mem = '3MB';

ROLLBACK TO s;

SHOW work_mem;

ROLLBACK;

SHOW maintenance_work_mem;

SET LOCAL work_mem = '1MB';

--- settings-reported
SET application_name = 'oracle ☃';

SET IntervalStyle = iso_8601;

BEGIN;

SET TimeZone = 'Asia/Tokyo';

ROLLBACK;

SET SESSION AUTHORIZATION postgres;

SET application_name = 'a'; SET application_name = 'b';

SET standard_conforming_strings = off;

SET search_path = pg_catalog;

DISCARD ALL;

--- settings-catalog
SELECT name, setting, unit, category, vartype, enumvals, boot_val FROM pg_settings WHERE name IN ('DateStyle', 'bytea_output', 'lock_timeout', 'server_version_num', 'block_size', 'integer_datetimes', 'max_identifier_length', 'search_path') ORDER BY name;

--- notify-to-self
LISTEN ch;

NOTIFY ch;

NOTIFY ch, 'payload with ''quote'' ☃';

SELECT pg_notify('ch', 'x'), pg_notify('other', 'y');

BEGIN;

NOTIFY ch, 'in transaction';

NOTIFY ch, 'in transaction';

NOTIFY ch, 'second';

COMMIT;

BEGIN;

NOTIFY ch, 'lost';

ROLLBACK;

SELECT pg_listening_channels();

UNLISTEN ch;

NOTIFY ch, 'unheard';

SELECT pg_notify('', 'x');

SELECT pg_notify('ch', repeat('x', 8000));

LISTEN a_channel_name_that_is_longer_than_sixty_three_bytes_which_is_the_limit;

SELECT pg_notification_queue_usage();

--- notify-in-trigger
CREATE TABLE t (a int);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('rows', new.a::text); RETURN NULL; END $$;
CREATE TRIGGER t AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION tell();
LISTEN rows;

INSERT INTO t VALUES (1), (2), (1);

UNLISTEN *;

--- advisory-locks
SELECT pg_advisory_lock(1), pg_try_advisory_lock(1), pg_try_advisory_lock(1, 2), pg_advisory_xact_lock_shared(5);

SELECT locktype, classid, objid, objsubid, mode, granted FROM pg_locks WHERE locktype = 'advisory' ORDER BY classid, objid, objsubid;

SELECT pg_advisory_unlock(1), pg_advisory_unlock(1), pg_advisory_unlock(1);

SELECT pg_advisory_unlock_shared(77);

SELECT pg_advisory_unlock_all();

--- table-locks
CREATE TABLE t (a int);

LOCK TABLE t IN ACCESS EXCLUSIVE MODE;

BEGIN;

LOCK t IN SHARE ROW EXCLUSIVE MODE NOWAIT;

SELECT mode, granted FROM pg_locks WHERE relation = 't'::regclass;

ROLLBACK;

LOCK nosuch;

--- large-objects
SELECT lo_create(4242), lo_put(4242, 0, '\x0102030405'), lo_get(4242), lo_get(4242, 1, 2), loid, pageno, length(data) FROM (SELECT 1) s LEFT JOIN pg_largeobject ON true;

SELECT lo_from_bytea(4243, decode(repeat('ab', 5000), 'hex')), length(lo_get(4243));

BEGIN;

SELECT lo_open(4242, x'60000'::int);

SELECT lo_lseek(0, 2, 0), lowrite(0, '\xffff'), lo_tell(0), lo_lseek64(0, 0, 0), loread(0, 10), lo_truncate(0, 3), lo_close(0);

SELECT lo_get(4242);

SELECT lo_open(99999, 262144);

ROLLBACK;

SELECT loread(0, 1);

SELECT lo_unlink(4242), lo_unlink(4243);

SELECT lo_unlink(4242);

SELECT lo_create(1259) = 1259, lo_unlink(1259);

--- discard
CREATE TEMP TABLE t (a int);
PREPARE p AS SELECT 1;
CREATE SEQUENCE s;

SELECT nextval('s');

DISCARD PLANS;

DISCARD SEQUENCES;

SELECT lastval();

DISCARD TEMP;

SELECT * FROM t;

BEGIN;

DISCARD ALL;

ROLLBACK;

--- temporary-tables
CREATE TABLE t (a int);
CREATE TEMP TABLE t (b text) ON COMMIT DROP;

SELECT * FROM t;

BEGIN;

CREATE TEMP TABLE t ON COMMIT DROP AS SELECT 'temp' AS b;

SELECT * FROM t;

SELECT * FROM public.t;

COMMIT;

SELECT * FROM t;

CREATE TEMP TABLE refs (a int PRIMARY KEY);

CREATE TABLE uses (a int REFERENCES refs);

CREATE TEMP TABLE public.bad (a int);

--- statement-timeout
SET statement_timeout = '50ms';

SELECT pg_sleep(20);

SELECT 1;

SET statement_timeout = 0;

SELECT pg_sleep(0.01);

SET statement_timeout = -1;

--- cancel-self
BEGIN;

SELECT pg_cancel_backend(pg_backend_pid());

SELECT 1;

ROLLBACK;

--- session-information
SELECT current_user, session_user, user, current_role, current_catalog, current_schema, current_database(), pg_is_in_recovery(), txid_current_if_assigned(), pg_trigger_depth(), version() LIKE 'PostgreSQL 18.%', pg_postmaster_start_time() < now(), pg_conf_load_time() < now(), current_query();

SELECT pg_size_pretty(10240::bigint), pg_size_bytes('1.5 GB'), pg_column_size('abc'::text), pg_typeof(pg_backend_pid()), pg_encoding_to_char(encoding), datlocprovider, datname FROM pg_database WHERE datname = current_database();

--- warnings-and-notices
ROLLBACK;

DROP TABLE IF EXISTS nosuch;

SELECT 'x'::char(1)::"char", pg_advisory_unlock(9);

CREATE TABLE a_table_with_a_very_long_name_that_will_be_cut_short_by_the_server_itself (a int);

SET client_min_messages = warning;

DROP TABLE IF EXISTS nosuch;

SET client_min_messages = panic;

--- database-locale
SELECT datcollate, datctype FROM pg_database WHERE datname = current_database();

--- version
SELECT version();
