-- Roles, privileges and row security. (One session: SET ROLE is another user.)

--- roles
CREATE ROLE one LOGIN PASSWORD 'x' VALID UNTIL '2030-01-01' CONNECTION LIMIT 3;
CREATE ROLE grp;
GRANT grp TO one WITH ADMIN OPTION;

SELECT rolname, rolsuper, rolcanlogin, rolconnlimit, rolvaliduntil FROM pg_roles WHERE rolname IN ('one', 'grp') ORDER BY 1;

SELECT pg_has_role('one', 'grp', 'MEMBER'), roleid::regrole, member::regrole, admin_option FROM pg_auth_members WHERE member = 'one'::regrole;

CREATE ROLE one;

CREATE ROLE pg_mine;

ALTER ROLE nosuch LOGIN;

SET ROLE nosuch;

DROP ROLE postgres;

GRANT one TO grp;

--- table-privileges
CREATE ROLE reader;
CREATE TABLE t (a int, secret int);
INSERT INTO t VALUES (1, 2);
GRANT USAGE ON SCHEMA public TO reader;
GRANT SELECT (a), INSERT ON t TO reader;
SET ROLE reader;

SELECT a FROM t;

SELECT * FROM t;

INSERT INTO t VALUES (5, 6);

INSERT INTO t VALUES (5, 6) RETURNING a;

UPDATE t SET a = 1;

DROP TABLE t;

CREATE TABLE mine (a int);

SELECT has_table_privilege('t', 'SELECT'), has_column_privilege('t', 'a', 'SELECT'), has_table_privilege('t', 'INSERT'), has_schema_privilege('public', 'CREATE');

RESET ROLE;

SELECT relacl::text, attacl::text FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attname = 'a' WHERE relname = 't';

REVOKE ALL ON t FROM reader;

DROP ROLE reader;

GRANT nosuch ON t TO postgres;

GRANT SELECT ON nosuch TO postgres;

--- superuser-only-operations
CREATE ROLE plain;
SET ROLE plain;

CREATE ROLE another;

ALTER SYSTEM SET work_mem = '1MB';

COPY (SELECT 1) TO '/tmp/x';

SELECT pg_read_file('/etc/hostname');

CREATE EXTENSION plpgsql;

SET log_statement = 'all';

SELECT pg_terminate_backend(1);

CREATE SCHEMA x;

CREATE DATABASE x;

SET SESSION AUTHORIZATION postgres;

RESET ROLE;

--- row-security
CREATE ROLE alice;
CREATE ROLE bob;
CREATE TABLE note (owner text, body text);
INSERT INTO note VALUES ('alice', 'a1'), ('bob', 'b1');
GRANT ALL ON note TO alice, bob;
GRANT USAGE ON SCHEMA public TO alice, bob;
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON note USING (owner = current_user) WITH CHECK (owner = current_user);
CREATE POLICY short ON note AS RESTRICTIVE FOR INSERT WITH CHECK (length(body) < 5);
SET ROLE alice;

SELECT * FROM note;

INSERT INTO note VALUES ('alice', 'a2');

INSERT INTO note VALUES ('bob', 'x');

INSERT INTO note VALUES ('alice', 'much too long');

UPDATE note SET body = 'changed' RETURNING *;

UPDATE note SET owner = 'bob';

DELETE FROM note WHERE owner = 'bob';

EXPLAIN (COSTS OFF) SELECT * FROM note;

SET row_security = off;

SELECT * FROM note;

RESET ROLE;

SELECT polname, polcmd, polpermissive, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid) FROM pg_policy ORDER BY 1;

TABLE note ORDER BY 1, 2;

ALTER TABLE note FORCE ROW LEVEL SECURITY;

TABLE note ORDER BY 1, 2;

--- security-barrier-and-invoker-views
CREATE ROLE viewer;
CREATE TABLE t (a int);
INSERT INTO t VALUES (1);
CREATE VIEW open_view AS SELECT * FROM t;
CREATE VIEW strict_view WITH (security_invoker) AS SELECT * FROM t;
GRANT USAGE ON SCHEMA public TO viewer;
GRANT SELECT ON open_view, strict_view TO viewer;
SET ROLE viewer;

SELECT * FROM open_view;

SELECT * FROM strict_view;

RESET ROLE;

--- default-privileges-and-ownership
CREATE ROLE owner_role;
GRANT CREATE, USAGE ON SCHEMA public TO owner_role;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO owner_role;
CREATE TABLE t (a int);

SELECT relacl::text FROM pg_class WHERE relname = 't';

ALTER TABLE t OWNER TO owner_role;

SELECT tableowner FROM pg_tables WHERE tablename = 't';

DROP ROLE owner_role;

REASSIGN OWNED BY owner_role TO postgres;

DROP OWNED BY owner_role;

ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM owner_role;

DROP ROLE owner_role;
