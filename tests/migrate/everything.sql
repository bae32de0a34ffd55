-- One of each kind of thing that moves, and each kind of value.

CREATE EXTENSION hstore;
CREATE EXTENSION vector;
CREATE SCHEMA "Odd ""schema"".%s";
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN even AS int CHECK (value % 2 = 0);
CREATE TYPE span AS RANGE (subtype = float8);

CREATE FUNCTION normal(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT RETURN lower($1);
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
/*
-- Name: EXTENSION hstore; Type: COMMENT; Schema: -; Owner: -
\restrict thisisonlytext
\unrestrict thisisonlytext
*/
    NEW.stamped := now();
    RETURN NEW;
END $$;

CREATE TABLE author (
    id int GENERATED ALWAYS AS IDENTITY (START WITH 10 INCREMENT BY 5) PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name <> ''),
    key text GENERATED ALWAYS AS (normal(name)) STORED,
    loud text GENERATED ALWAYS AS (upper(name)),
    stamped timestamptz,
    gone int
);
INSERT INTO author (name) SELECT 'Author ' || n FROM generate_series(1, 100) n;
ALTER TABLE author DROP COLUMN gone;
CREATE TRIGGER stamping BEFORE INSERT ON author FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE INDEX ON author (normal(name)) WHERE id > 20;
COMMENT ON TABLE author IS 'who writes; \restrict nothing';
ALTER TABLE author ENABLE ROW LEVEL SECURITY;
CREATE POLICY everybody ON author USING (true);

-- Each refers to the other.
CREATE TABLE "Odd ""schema"".%s"."table; with.a ""name""%" ("col%s" int PRIMARY KEY, author int);
INSERT INTO "Odd ""schema"".%s"."table; with.a ""name""%" SELECT id, id FROM author;
ALTER TABLE author ADD book int REFERENCES "Odd ""schema"".%s"."table; with.a ""name""%";
UPDATE author SET book = id;
ALTER TABLE "Odd ""schema"".%s"."table; with.a ""name""%" ADD FOREIGN KEY (author) REFERENCES author;

CREATE TABLE every_value (
    b bool, i2 int2, i8 int8, n numeric, f4 float4, f8 float8, m money, t text, c char(5),
    v varchar(9), bin bytea, d date, ti time, ttz timetz, ts timestamp, tz timestamptz,
    iv interval, u uuid, j json, jb jsonb, a int[], a2 text[][], r int4range,
    mr int4multirange, sp span, e mood, p pair, ev even, h hstore, vec vector(3), ip inet,
    ma macaddr, bits bit varying(9), pt point, cls regclass, ts_v tsvector, ts_q tsquery, o oid
);
INSERT INTO every_value DEFAULT VALUES;
INSERT INTO every_value VALUES (
    true, -32768, 9223372036854775807, 12345678901234567890.123456789, 'NaN', 1e-300, '1,234.56',
    E'tab\there, \\ backslash, line\nend, \r, \\N, \\., "quotes", é 日本 🐘', 'ab', 'varchar',
    '\x00ff0a5c', '4714-11-24 BC', '24:00', '12:00:00.5+02', 'infinity', '2024-02-29 12:00:00.123456+05',
    '-1 year 2 mons -3 days 04:05:06.789', '00000000-0000-0000-0000-000000000001', '{"a": "\u00e9"}',
    '{"a": [1, null]}', '[0:2]={1,null,3}', '{{a,"b c"},{"",null}}', '[1,10)',
    '{[1,3),[5,7)}', '[1.5,2.5]', 'happy', '(1,"a,b")', 4, 'a=>1, "b c"=>null', '[1,2,3.5]',
    '10.0.0.0/8', '08:00:2b:01:02:03', '101', '(1.5,-2)', 'author', 'a fat cat', 'fat & cat', 4000000000
);

CREATE TABLE nothing ();
INSERT INTO nothing DEFAULT VALUES;
CREATE UNLOGGED TABLE scratch AS SELECT 1 AS a;
CREATE TABLE only_generated (a int GENERATED ALWAYS AS (1) STORED);
INSERT INTO only_generated DEFAULT VALUES;

CREATE TABLE parent (a int);
CREATE TABLE child (b int) INHERITS (parent);
INSERT INTO parent VALUES (1), (2);
INSERT INTO child VALUES (3, 4);

CREATE TABLE event (at date, what mood) PARTITION BY RANGE (at);
CREATE TABLE event_2024 PARTITION OF event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')
    PARTITION BY LIST (what);
CREATE TABLE event_2024_ok PARTITION OF event_2024 FOR VALUES IN ('ok');
CREATE TABLE event_rest PARTITION OF event DEFAULT;
INSERT INTO event VALUES ('2024-05-01', 'ok'), ('2020-01-01', 'sad');

-- By the hash of an enum, which is another one in the target.
CREATE TABLE hashed (what mood, n int) PARTITION BY HASH (what);
CREATE TABLE hashed_0 PARTITION OF hashed FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE hashed_1 PARTITION OF hashed FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE hashed_2 PARTITION OF hashed FOR VALUES WITH (MODULUS 3, REMAINDER 2);
INSERT INTO hashed SELECT (enum_range(null::mood))[1 + n % 3], n FROM generate_series(1, 30) n;

CREATE SEQUENCE called INCREMENT BY -7;
SELECT nextval('called'), nextval('called');
CREATE SEQUENCE uncalled START WITH 77;

CREATE VIEW names AS SELECT name FROM author;
CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM names;
CREATE MATERIALIZED VIEW empty_yet AS SELECT * FROM names WITH NO DATA;
CREATE INDEX ON counted (count);
CREATE RULE nobody AS ON DELETE TO author DO INSTEAD NOTHING;
CREATE STATISTICS together ON id, name FROM author;
CREATE AGGREGATE longest (text) (sfunc = textcat, stype = text);

SELECT lo_from_bytea(4242, decode(repeat('00ff', 300000), 'hex')), lo_from_bytea(4243, '');
