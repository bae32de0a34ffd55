-- Definitions: tables, constraints, indexes, views, sequences, partitions, inheritance.

--- create-table-errors
CREATE TABLE t (a int, a text);

CREATE TABLE t (a int PRIMARY KEY, b int PRIMARY KEY);

CREATE TABLE t (a int DEFAULT b, b int);

CREATE TABLE t (a int CHECK (nosuch > 1));

CREATE TABLE t (a int REFERENCES nosuch);

CREATE TABLE t (a int, PRIMARY KEY (nosuch));

CREATE TABLE nosuch.t (a int);

CREATE TABLE t (a int);

CREATE TABLE t (a int);

CREATE TABLE IF NOT EXISTS t (a int);

DROP TABLE nosuch;

DROP TABLE IF EXISTS nosuch, nosuch2;

DROP VIEW t;

--- create-table-in-system-schema
CREATE TABLE pg_catalog.t (a int);

DROP TABLE IF EXISTS pg_catalog.t;

--- create-table-forms
CREATE TABLE a (id serial PRIMARY KEY, t text NOT NULL DEFAULT 'x', n numeric(5,2) CHECK (n > 0), u int UNIQUE NULLS NOT DISTINCT);
CREATE TABLE b (LIKE a INCLUDING ALL, extra date);
CREATE TABLE c AS SELECT 1 AS x, 'y'::text AS y WITH NO DATA;
CREATE TEMP TABLE d (z int) ON COMMIT DELETE ROWS;
CREATE UNLOGGED TABLE e (z int);
SELECT 1 AS i INTO f;

SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid) FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0 LEFT JOIN pg_attrdef d ON adrelid = c.oid AND adnum = attnum WHERE relkind = 'r' AND relname IN ('a', 'b', 'c', 'd', 'e', 'f') ORDER BY 1, attnum;

SELECT conrelid::regclass, conname, contype, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1::text, 2;

--- not-null-violation
CREATE TABLE t (a int NOT NULL, b int);

INSERT INTO t VALUES (null, 1);

UPDATE t SET a = null;

ALTER TABLE t ADD c int NOT NULL;

INSERT INTO t VALUES (1, 2, 3);

ALTER TABLE t ADD d int NOT NULL;

ALTER TABLE t ALTER a DROP NOT NULL;

ALTER TABLE t ADD CONSTRAINT a_there NOT NULL a NOT VALID;

--- unique-violation
CREATE TABLE t (a int, b text, CONSTRAINT only_once UNIQUE (a, b));
INSERT INTO t VALUES (1, 'x'), (1, null), (1, null);

INSERT INTO t VALUES (1, 'x');

UPDATE t SET b = 'x';

CREATE UNIQUE INDEX ON t (a);

CREATE UNIQUE INDEX lower_b ON t (lower(b)) WHERE b IS NOT NULL;

INSERT INTO t VALUES (2, 'X');

--- check-violation
CREATE TABLE t (a int CONSTRAINT positive CHECK (a > 0), b int, CHECK (a < b));

INSERT INTO t VALUES (0, 5);

INSERT INTO t VALUES (6, 5);

INSERT INTO t VALUES (null, 5);

ALTER TABLE t ADD CONSTRAINT has_a CHECK (a IS NOT NULL);

ALTER TABLE t ADD CONSTRAINT has_a CHECK (a IS NOT NULL) NOT VALID;

INSERT INTO t VALUES (null, 5);

ALTER TABLE t VALIDATE CONSTRAINT has_a;

ALTER TABLE t ADD CONSTRAINT later CHECK (b > 100) NOT ENFORCED;

INSERT INTO t VALUES (1, 2);

--- foreign-key-violation
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int, parent int CONSTRAINT child_of REFERENCES parent);
INSERT INTO parent VALUES (1), (2);

INSERT INTO child VALUES (1, 1), (2, null);

INSERT INTO child VALUES (3, 9);

DELETE FROM parent WHERE id = 1;

UPDATE parent SET id = 5 WHERE id = 1;

DROP TABLE parent;

TRUNCATE parent;

TRUNCATE parent CASCADE;

DROP TABLE parent CASCADE;

--- foreign-key-actions
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE c1 (p int REFERENCES p ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE c2 (p int DEFAULT 0 REFERENCES p ON DELETE SET DEFAULT);
CREATE TABLE c3 (p int REFERENCES p ON DELETE SET NULL);
INSERT INTO p VALUES (0), (1), (2);
INSERT INTO c1 VALUES (1), (2);
INSERT INTO c2 VALUES (1);
INSERT INTO c3 VALUES (1);

DELETE FROM p WHERE id = 1;

UPDATE p SET id = 20 WHERE id = 2;

SELECT (SELECT array_agg(p) FROM c1), (SELECT array_agg(p) FROM c2), (SELECT array_agg(p) FROM c3);

--- deferred-constraints
CREATE TABLE p (id int PRIMARY KEY DEFERRABLE INITIALLY IMMEDIATE);
CREATE TABLE c (p int REFERENCES p DEFERRABLE INITIALLY DEFERRED);

BEGIN;

INSERT INTO c VALUES (1);

INSERT INTO p VALUES (1);

COMMIT;

BEGIN;

INSERT INTO c VALUES (2);

COMMIT;

BEGIN;

INSERT INTO c VALUES (2);

SET CONSTRAINTS ALL IMMEDIATE;

ROLLBACK;

UPDATE p SET id = id + 0;

SET CONSTRAINTS nosuch DEFERRED;

--- alter-table
CREATE TABLE t (a int, b text);
INSERT INTO t VALUES (1, '10'), (2, '20');

ALTER TABLE t ADD COLUMN c int DEFAULT 5, ADD d timestamp;

ALTER TABLE t ALTER b TYPE int USING b::int;

ALTER TABLE t RENAME a TO id;

ALTER TABLE t DROP d, ALTER c SET DEFAULT 6, ALTER c SET NOT NULL;

SELECT * FROM t;

ALTER TABLE t ALTER b TYPE date;

ALTER TABLE t ALTER b TYPE text, ALTER b SET STORAGE plain;

ALTER TABLE t DROP nosuch;

ALTER TABLE t DROP IF EXISTS nosuch;

ALTER TABLE t ADD COLUMN b int;

ALTER TABLE t RENAME TO renamed;

ALTER TABLE renamed SET (fillfactor = 5);

ALTER TABLE renamed SET (fillfactor = 50);

ALTER TABLE renamed SET SCHEMA nosuch;

INSERT INTO renamed VALUES (3, 'x') RETURNING *;

--- generated-columns
CREATE TABLE t (a int, twice int GENERATED ALWAYS AS (a * 2) STORED, thrice int GENERATED ALWAYS AS (a * 3));

INSERT INTO t (a) VALUES (1), (5) RETURNING *;

UPDATE t SET a = 10 WHERE thrice = 15 RETURNING *;

INSERT INTO t (a, thrice) VALUES (1, 2);

UPDATE t SET twice = 1;

ALTER TABLE t ALTER thrice SET EXPRESSION AS (a * 30);

SELECT * FROM t ORDER BY a;

CREATE TABLE bad (a int, b int GENERATED ALWAYS AS (a + random()));

CREATE TABLE bad (a int GENERATED ALWAYS AS (b) STORED, b int GENERATED ALWAYS AS (a) STORED);

--- identity-columns
CREATE TABLE t (a int GENERATED BY DEFAULT AS IDENTITY (START 10 INCREMENT 5), b int);

INSERT INTO t (b) VALUES (1), (2) RETURNING a;

INSERT INTO t VALUES (1, 1) RETURNING a;

ALTER TABLE t ALTER a SET GENERATED ALWAYS, ALTER a RESTART WITH 100;

INSERT INTO t VALUES (1, 1);

INSERT INTO t (b) VALUES (1) RETURNING a;

ALTER TABLE t ALTER b ADD GENERATED ALWAYS AS IDENTITY;

SELECT pg_get_serial_sequence('t', 'a');

--- sequences
CREATE SEQUENCE s AS smallint INCREMENT 2 MINVALUE -1 MAXVALUE 5 START 3 CACHE 1;

SELECT currval('s');

SELECT nextval('s'), nextval('s'), currval('s'), lastval();

SELECT nextval('s');

SELECT setval('s', 1), nextval('s'), setval('s', 1, false), nextval('s');

SELECT setval('s', 100);

SELECT * FROM s;

ALTER SEQUENCE s CYCLE RESTART;

SELECT nextval('s'), nextval('s'), nextval('s'), nextval('s');

CREATE SEQUENCE bad INCREMENT 0;

CREATE SEQUENCE bad MINVALUE 5 MAXVALUE 1;

SELECT * FROM pg_sequences WHERE sequencename = 's';

SELECT nextval('nosuch');

--- views
CREATE TABLE t (a int, b text);
CREATE VIEW v AS SELECT a, b FROM t WHERE a > 0;
CREATE VIEW checked AS SELECT * FROM v WHERE a < 10 WITH CASCADED CHECK OPTION;

INSERT INTO v VALUES (1, 'through'), (-1, 'invisible');

INSERT INTO checked VALUES (20, 'x');

INSERT INTO checked VALUES (-5, 'x');

SELECT * FROM v;

UPDATE v SET b = 'changed' RETURNING *;

SELECT pg_get_viewdef('v'), is_insertable_into FROM information_schema.tables WHERE table_name = 'v';

CREATE VIEW agg AS SELECT count(*) AS n FROM t;

INSERT INTO agg VALUES (1);

CREATE OR REPLACE VIEW v AS SELECT b FROM t;

ALTER TABLE t DROP a;

DROP TABLE t;

DROP TABLE t CASCADE;

CREATE VIEW v AS SELECT 1 AS a, 2 AS a;

--- materialized-views
CREATE TABLE t (a int);
INSERT INTO t VALUES (1), (2);
CREATE MATERIALIZED VIEW m AS SELECT sum(a) AS total FROM t;
CREATE MATERIALIZED VIEW late AS SELECT a FROM t WITH NO DATA;

INSERT INTO t VALUES (3);

SELECT * FROM m;

REFRESH MATERIALIZED VIEW m;

SELECT * FROM m;

SELECT * FROM late;

REFRESH MATERIALIZED VIEW CONCURRENTLY m;

INSERT INTO m VALUES (1);

--- rules
CREATE TABLE t (a int);
CREATE TABLE log (a int, note text);
CREATE RULE logged AS ON INSERT TO t DO ALSO INSERT INTO log VALUES (new.a, 'inserted');
CREATE RULE frozen AS ON DELETE TO t DO INSTEAD NOTHING;
CREATE RULE moved AS ON UPDATE TO t WHERE new.a > 100 DO INSTEAD INSERT INTO log VALUES (old.a, 'refused') RETURNING a;

INSERT INTO t VALUES (1), (2);

DELETE FROM t;

UPDATE t SET a = 200 WHERE a = 2;

TABLE t;

TABLE log;

SELECT rulename, definition FROM pg_rules WHERE tablename = 't' ORDER BY 1;

--- indexes
CREATE TABLE t (a int, b text, c int[], d point);
INSERT INTO t SELECT g, 'b' || g % 20, ARRAY[g % 5, g % 7], point(g % 10, g % 13) FROM generate_series(1, 400) g;
CREATE INDEX ON t (a DESC NULLS LAST) INCLUDE (b);
CREATE INDEX ON t USING hash (b);
CREATE INDEX ON t USING gin (c);
CREATE INDEX ON t USING gist (d);
CREATE INDEX ON t USING spgist (d);
CREATE INDEX ON t USING brin (a);
CREATE INDEX partial ON t ((a % 3)) WHERE b = 'b1';
ANALYZE t;
SET enable_seqscan = off;

SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 't' ORDER BY 1;

SELECT count(*) FROM t WHERE a BETWEEN 10 AND 20;

SELECT count(*) FROM t WHERE b = 'b7';

SELECT count(*) FROM t WHERE c @> ARRAY[3];

SELECT d FROM t ORDER BY d <-> point(3.2, 3.2) LIMIT 3;

SELECT count(*) FROM t WHERE d <@ box '((0,0),(2,2))';

REINDEX TABLE t;

CREATE INDEX ON t (d);

CREATE INDEX ON t (nosuch);

CREATE INDEX ON t (random());

CREATE INDEX CONCURRENTLY later ON t (a);

DROP INDEX CONCURRENTLY later;

CREATE INDEX partial ON t (a);

--- index-row-too-large
CREATE TABLE t (a text);
CREATE INDEX t_a ON t (a);

INSERT INTO t SELECT string_agg(md5(g::text), '') FROM generate_series(1, 500) g;

--- too-many-columns
SELECT format('CREATE TABLE wide (%s)', string_agg('c' || g || ' int', ', ')) IS NOT NULL FROM generate_series(1, 1601) g;

DO $$ BEGIN EXECUTE (SELECT format('CREATE TABLE wide (%s)', string_agg('c' || g || ' int', ', ')) FROM generate_series(1, 1601) g); END $$;

--- inheritance
CREATE TABLE city (name text, people int);
CREATE TABLE capital (country text) INHERITS (city);
INSERT INTO city VALUES ('Graz', 300);
INSERT INTO capital VALUES ('Vienna', 2000, 'Austria');

SELECT tableoid::regclass, * FROM city ORDER BY name;

SELECT * FROM ONLY city;

UPDATE city SET people = people + 1 RETURNING *;

ALTER TABLE city ADD area int;

SELECT * FROM capital;

ALTER TABLE capital DROP people;

DROP TABLE city;

--- partitions-by-range-and-list
CREATE TABLE sale (day date, region text, amount int) PARTITION BY RANGE (day);
CREATE TABLE sale_2023 PARTITION OF sale FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE sale_2024 PARTITION OF sale FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (region);
CREATE TABLE sale_2024_eu PARTITION OF sale_2024 FOR VALUES IN ('eu', 'uk');
CREATE TABLE sale_2024_rest PARTITION OF sale_2024 DEFAULT;

INSERT INTO sale VALUES ('2023-05-05', 'eu', 1), ('2024-05-05', 'uk', 2), ('2024-06-06', 'us', 3) RETURNING tableoid::regclass, *;

INSERT INTO sale VALUES ('2025-01-01', 'eu', 1);

UPDATE sale SET day = '2024-12-31' WHERE amount = 1 RETURNING tableoid::regclass;

EXPLAIN (COSTS OFF) SELECT * FROM sale WHERE day = '2024-05-05' AND region = 'eu';

CREATE TABLE overlap PARTITION OF sale FOR VALUES FROM ('2023-06-01') TO ('2023-07-01');

ALTER TABLE sale DETACH PARTITION sale_2023;

ALTER TABLE sale ATTACH PARTITION sale_2023 FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');

INSERT INTO sale_2023 VALUES ('2024-01-01', 'x', 1);

CREATE UNIQUE INDEX ON sale (amount);

SELECT pg_get_partkeydef('sale'::regclass), relid, parentrelid, isleaf, level FROM pg_partition_tree('sale');

--- partitions-by-hash
CREATE TABLE h (id int PRIMARY KEY, v text) PARTITION BY HASH (id);
CREATE TABLE h0 PARTITION OF h FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE h1 PARTITION OF h FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE h2 PARTITION OF h FOR VALUES WITH (MODULUS 3, REMAINDER 2);
INSERT INTO h SELECT g, 'v' || g FROM generate_series(1, 100) g;

SELECT tableoid::regclass::text, count(*) FROM h GROUP BY 1 ORDER BY 1;

INSERT INTO h VALUES (5, 'again');

CREATE TABLE bad PARTITION OF h FOR VALUES WITH (MODULUS 4, REMAINDER 4);

--- comments-and-catalog-views
CREATE TABLE t (a int);
COMMENT ON TABLE t IS 'a table';
COMMENT ON COLUMN t.a IS 'a column''s comment';

SELECT obj_description('t'::regclass), col_description('t'::regclass, 1);

COMMENT ON TABLE nosuch IS 'x';

SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns WHERE table_schema = 'public';

--- schemas-and-search-path
CREATE SCHEMA one CREATE TABLE t (a int) CREATE VIEW v AS SELECT a + 1 AS b FROM t;
CREATE SCHEMA two;
CREATE TABLE two.t (z text);

SET search_path = two, one;

SELECT * FROM t;

SELECT * FROM v;

SELECT current_schemas(false), current_schema;

SET search_path = nosuch;

SELECT * FROM t;

CREATE TABLE t (a int);

DROP SCHEMA one;

DROP SCHEMA one, two CASCADE;

--- extended-statistics
CREATE TABLE t AS SELECT g % 10 AS a, g % 10 AS b FROM generate_series(1, 1000) g;
CREATE STATISTICS ab (dependencies, ndistinct, mcv) ON a, b FROM t;
ANALYZE t;

EXPLAIN SELECT * FROM t WHERE a = 1 AND b = 1;

SELECT * FROM pg_get_statisticsobjdef_columns(oid) , pg_get_statisticsobjdef(oid) FROM pg_statistic_ext;

SELECT pg_get_statisticsobjdef(oid) FROM pg_statistic_ext;

--- event-triggers
CREATE TABLE log (what text);
CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (tg_event || ' ' || tg_tag); END $$;
CREATE EVENT TRIGGER noted ON ddl_command_end EXECUTE FUNCTION note();

CREATE TABLE t (a int);

DROP TABLE t;

DROP EVENT TRIGGER noted;

TABLE log;

--- operators-and-aggregates-made
CREATE FUNCTION cube(int) RETURNS int LANGUAGE sql IMMUTABLE RETURN $1 * $1 * $1;
CREATE OPERATOR @@@ (FUNCTION = cube, RIGHTARG = int);
CREATE AGGREGATE product(int) (SFUNC = int4mul, STYPE = int, INITCOND = '1');

SELECT @@@ 3, product(g) FROM generate_series(1, 5) g;

CREATE OPERATOR @@@ (FUNCTION = cube);

SELECT 3 @@@ 4;

--- vacuum-analyze-cluster
CREATE TABLE t (a int PRIMARY KEY);
INSERT INTO t SELECT generate_series(1, 100);

DELETE FROM t WHERE a % 2 = 0;

VACUUM t;

VACUUM FULL t;

ANALYZE t;

CLUSTER t USING t_pkey;

VACUUM nosuch;

BEGIN;

VACUUM;

ROLLBACK;

CHECKPOINT;

SELECT count(*) FROM t;
