-- A database for pg_dump: one of each kind of object, and rows that need quoting.

CREATE SCHEMA shop;
COMMENT ON SCHEMA shop IS 'it''s a "shop"';

CREATE TYPE shop.state AS ENUM ('open', 'sold', 'lost');
CREATE TYPE shop.size AS (width int, height int);
CREATE DOMAIN shop.price AS numeric(10, 2) CHECK (VALUE >= 0);

CREATE TABLE shop.customer (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    tags text[] DEFAULT '{}',
    data jsonb,
    initial text GENERATED ALWAYS AS (left(name, 1)) STORED
);

CREATE TABLE shop.item (
    id serial PRIMARY KEY,
    customer_id bigint REFERENCES shop.customer ON DELETE SET NULL,
    state shop.state NOT NULL DEFAULT 'open',
    size shop.size,
    price shop.price,
    picture bytea,
    made timestamptz,
    valid tstzrange,
    EXCLUDE USING gist (valid WITH &&)
);
CREATE INDEX item_of_state ON shop.item (state, price DESC) WHERE state <> 'lost';
CREATE INDEX item_of_data ON shop.customer USING gin (data);
CREATE STATISTICS shop.related ON customer_id, state FROM shop.item;

CREATE TABLE shop.event (happened date NOT NULL, what text) PARTITION BY RANGE (happened);
CREATE TABLE shop.event_2024 PARTITION OF shop.event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE shop.event_other PARTITION OF shop.event DEFAULT;

CREATE VIEW shop.sold AS SELECT id, price FROM shop.item WHERE state = 'sold';
CREATE MATERIALIZED VIEW shop.count AS SELECT state, count(*) FROM shop.item GROUP BY state;

CREATE FUNCTION shop.note() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    INSERT INTO shop.event VALUES ('2024-02-29', TG_OP || ' $$ ' || NEW.id);
    RETURN NEW;
END $body$;
CREATE TRIGGER noted AFTER INSERT ON shop.item FOR EACH ROW EXECUTE FUNCTION shop.note();

ALTER TABLE shop.customer ENABLE ROW LEVEL SECURITY;
CREATE POLICY everybody ON shop.customer USING (name <> 'nobody');

INSERT INTO shop.customer (name, tags, data)
VALUES (E'tab\tnew\nline\\', '{"a b",NULL,"c\"d"}', '{"n": [1, null]}'), ('Żółć ☃ 😀', '{}', NULL);
INSERT INTO shop.item (customer_id, state, size, price, picture, made, valid)
SELECT
    1 + n % 2,
    (enum_range(NULL::shop.state))[1 + n % 3],
    ROW (n, -n)::shop.size,
    n / 7.0,
    sha256(n::text::bytea),
    '2024-01-01 00:00Z'::timestamptz + n * interval '1 hour',
    tstzrange('2024-01-01 00:00Z'::timestamptz + n * interval '1 day', '2024-01-01 20:00Z'::timestamptz + n * interval '1 day')
FROM generate_series(1, 100) AS n;
REFRESH MATERIALIZED VIEW shop.count;

SELECT lo_from_bytea(4711, 'a large object');
