-- Every built-in type's text form: what is accepted, what comes back, what is refused.

--- boolean-spellings
SELECT 't'::bool, 'tru'::bool, 'yes'::bool, 'on'::bool, '1'::bool, ' FALSE '::bool, 'n'::bool, 'of'::bool, '0'::bool;

--- boolean-ambiguous-prefix
SELECT 'o'::bool;

--- boolean-logic-with-null
SELECT a, b, a AND b AS "and", a OR b AS "or", NOT a AS "not", a IS DISTINCT FROM b, a IS UNKNOWN
  FROM (VALUES (true), (false), (null)) x(a), (VALUES (true), (false), (null)) y(b);

--- integer-literals
SELECT 0x1F, 0b1011, 0o17, 1_000_000, -9223372036854775808, 9223372036854775807, 9223372036854775808;

--- integer-type-by-size
SELECT pg_typeof(2147483647), pg_typeof(2147483648), pg_typeof(9223372036854775808), pg_typeof(1.0), pg_typeof(1e3), pg_typeof('x'), pg_typeof(null);

--- smallint-out-of-range
SELECT 32768::int2;

--- smallint-text-out-of-range
SELECT '-32769'::smallint;

--- integer-overflow-add
SELECT 2147483647 + 1;

--- integer-overflow-multiply
SELECT 65536 * 65536;

--- integer-minimum-divided-by-minus-one
SELECT (-2147483648)::int4 / -1;

--- bigint-overflow
SELECT 9223372036854775807 + 1;

--- bigint-absolute-overflow
SELECT abs((-9223372036854775808)::int8);

--- integer-division-and-modulo-signs
SELECT -7 / 2, -7 % 2, 7 / -2, 7 % -2, mod(-7, 3), div(-7, 2), gcd(-12, 18), lcm(4, 6);

--- division-by-zero-each-type
SELECT 1::int2 / 0::int2;

SELECT 1::int8 / 0;

SELECT 1.0 / 0;

SELECT 1::float8 / 0;

SELECT 5 % 0;

SELECT mod(5.5, 0);

--- integer-invalid-text
SELECT '12a'::int;

SELECT ''::int;

SELECT '  42  '::int, '-0'::int, '+7'::int;

SELECT '1 2'::int8;

--- integer-bit-operations
SELECT 91 & 15, 32 | 3, 17 # 5, ~1, 1 << 31, -16 >> 2, bit_count(255::bit(16)), bit_count('\xff0f'::bytea);

--- float-special-values
SELECT 'NaN'::float8, 'Infinity'::float8, '-inf'::float8, 'infinity'::float4, '-0'::float8, 'nan'::float4 = 'nan'::float4;

--- float-shortest-output
SELECT 0.1::float4, 0.1::float8, 0.1::float4::float8, 1e22::float8, 1e-7::float8, 123456789012345680::float8, 5e-324::float8, 1.7976931348623157e308::float8, 3.4028235e38::float4, 1e15::float8, 1e16::float8;

--- float-extra-digits
SET extra_float_digits = 0;

SELECT 0.1::float8 + 0.2::float8, 1.0::float4 / 3;

SET extra_float_digits = -5;

SELECT 0.1::float8 + 0.2::float8, pi();

--- float-overflow-and-underflow
SELECT '1e400'::float8;

SELECT '1e-400'::float8;

SELECT '1e39'::float4;

SELECT 1e200::float8 * 1e200::float8;

SELECT 1e-200::float8 * 1e-200::float8;

SELECT 1e300::float8::float4;

--- float-to-integer-rounds-to-even
SELECT 0.5::float8::int, 1.5::float8::int, 2.5::float8::int, -0.5::float8::int, -2.5::float8::int, 2.5::numeric::int;

--- float-to-integer-out-of-range
SELECT 1e10::float8::int4;

SELECT 'NaN'::float8::int4;

SELECT 1e19::float8::int8;

--- float-functions
-- Fifteen digits: the last one is the C library's own.
SET extra_float_digits = 0;

SELECT sqrt(2::float8), cbrt(27::float8), exp(1::float8), ln(10::float8), log(1000::float8), power(2::float8, 0.5), sin(1), cos(1), tan(1), atan2(1, 2), degrees(pi()), radians(180), sinh(1), acosh(2), erf(0.5), erfc(0.5), gamma(5), lgamma(10);

--- float-domain-errors
SELECT sqrt(-1::float8);

SELECT ln(0::float8);

SELECT power(0::float8, -1);

SELECT power(-8::float8, 1.0/3);

SELECT asin(2);

SELECT acosh(0.5);

--- rounding-functions
SELECT round(2.5), round(-2.5), round(2.5::float8), trunc(-2.7), ceil(-2.3), floor(-2.3), round(1234.567, -2), round(1234.567, 2), trunc(1234.567, 1), sign(-3.2), scale(1.200), min_scale(1.200), trim_scale(1.200);

--- char-padding
SELECT 'ab'::char(4), length('ab'::char(4)), octet_length('ab'::char(4)), 'ab '::char(4) = 'ab'::char(6), 'ab'::char(4) || '|', 'a'::"char", 'abc'::varchar(2), 'abc'::char(2);

--- varchar-too-long-on-insert
CREATE TABLE t (v varchar(3), c char(2));

INSERT INTO t VALUES ('abc   ', 'x ');

INSERT INTO t VALUES ('abcd', 'x');

INSERT INTO t VALUES ('abc', 'xyz');

TABLE t;

--- bytea-input-and-output
SELECT '\x00ff10'::bytea, 'a\\b\000c'::bytea, '\xDE AD'::bytea, length('\x0001'::bytea);

SET bytea_output = escape;

SELECT '\x00ff10'::bytea, 'a\\b\000c'::bytea;

--- bytea-invalid
SELECT '\xabc'::bytea;

SELECT '\xzz'::bytea;

SELECT 'a\9'::bytea;

--- bytea-functions
SELECT substring('\x0011223344'::bytea from 2 for 2), overlay('\x001122'::bytea placing '\xffff'::bytea from 2), position('\x22'::bytea in '\x001122'::bytea), get_byte('\x00ff'::bytea, 1), set_byte('\x00ff'::bytea, 0, 17), get_bit('\x01'::bytea, 0), set_bit('\x00'::bytea, 7, 1), trim('\x00'::bytea from '\x00110000'::bytea), reverse('\x010203'::bytea), '\x01'::bytea || '\x02'::bytea;

--- bytea-index-out-of-range
SELECT get_byte('\x00'::bytea, 1);

--- bytea-integer-casts
SELECT 1::int2::bytea, (-1)::int4::bytea, 256::int8::bytea, '\x0102'::bytea::int2, '\xff'::bytea::int4, '\x0102030405060708'::bytea::int8;

SELECT '\x0102030405'::bytea::int4;

--- encode-and-decode
SELECT encode('\x00ff41'::bytea, 'hex'), encode('\x00ff41'::bytea, 'base64'), encode('\x00ff41'::bytea, 'escape'), decode('AP9B', 'base64'), decode('00fF', 'hex'), encode(repeat('x', 60)::bytea, 'base64');

SELECT decode('A', 'base64');

SELECT decode('0', 'hex');

SELECT encode('x', 'rot13');

--- hashes
SELECT md5('abc'), sha224('abc'), sha256('abc'), sha384('abc'), sha512('abc'), crc32('abc'), crc32c('abc'), hashtext('abc'), hash_array(ARRAY[1,2]), hashtextextended('abc', 7);

--- bit-strings
SELECT B'1010', X'1F', B'1010'::bit(6), B'1010'::varbit(2), 10::bit(8), B'00001010'::int, B'101' || B'11', B'1100' & B'1010', B'1100' # B'1010', ~B'1100', B'1100' << 1, length(B'101'), substring(B'11001' from 2 for 3);

SELECT B'12';

SELECT B'101'::bit(3) & B'11'::bit(2);

CREATE TABLE t (b bit(3));

INSERT INTO t VALUES (B'10');

--- money
SELECT '12.345'::money, '-$1,234.56'::money, 5::money * 1.5, '10'::money / '4'::money, '10'::money / 3, cash_words('1234.56'::money);

--- uuid-forms
SELECT 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid, '{a0eebc999c0b4ef8bb6d6bb9bd380a11}'::uuid, 'a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11'::uuid;

SELECT 'a0eebc99'::uuid;

--- uuid-generators
SELECT uuid_extract_version(gen_random_uuid()), uuid_extract_version(uuidv4()), uuid_extract_version(uuidv7()), uuidv7() < uuidv7(), length(uuidv7()::text), uuid_extract_timestamp('018e7e39-9f42-7000-8000-000000000000'::uuid);

--- network-types
SELECT '192.168.1.5/24'::inet, '192.168.1.0/24'::cidr, '::1'::inet, '2001:db8::ff00:42:8329/64'::inet, host('10.1.2.3/8'::inet), network('10.1.2.3/8'::inet), broadcast('10.1.2.3/8'::inet), netmask('10.1.2.3/8'::inet), masklen('10.1.2.3/8'::inet), abbrev('10.1.0.0/16'::cidr), family('::1'::inet), '10.0.0.1'::inet + 300, '10.0.1.0'::inet - '10.0.0.0'::inet, '10.1.0.0/16'::inet >> '10.1.2.3'::inet, inet_merge('10.0.0.1', '10.0.3.9');

SELECT '192.168.1.5/24'::cidr;

SELECT '1.2.3.256'::inet;

SELECT '08:00:2b:01:02:03'::macaddr, '0800.2b01.0203'::macaddr, '08:00:2b:01:02:03'::macaddr8, macaddr8_set7bit('08:00:2b:01:02:03'::macaddr8), trunc('12:34:56:78:90:ab'::macaddr);

SELECT 'zz:00:2b:01:02:03'::macaddr;

--- geometric-types
SELECT '(1,2)'::point, '[(0,0),(3,4)]'::lseg, '((0,0),(1,1))'::box, '[(0,0),(1,1),(2,0)]'::path, '((0,0),(1,1),(2,0))'::polygon, '<(1,2),3>'::circle, '{1,-1,0}'::line;

SELECT '(0,0)'::point <-> '(3,4)'::point, area('<(0,0),2>'::circle), center('((0,0),(2,2))'::box), '((0,0),(2,2))'::box && '((1,1),(3,3))'::box, '((0,0),(2,2))'::box # '((1,1),(3,3))'::box, length('[(0,0),(3,4)]'::path), npoints('((0,0),(1,1),(2,0))'::polygon), isclosed('[(0,0),(1,1)]'::path), '(1,1)'::point <@ '<(0,0),2>'::circle, slope('(0,0)', '(1,2)'), '(1,2)'::point * '(3,4)'::point;

SELECT '(1,2'::point;

SELECT '<(0,0),-1>'::circle;

--- object-identifier-types
SELECT 'pg_class'::regclass, 'pg_catalog.int4'::regtype, 'now()'::regprocedure, 'sum(int4)'::regprocedure, '+(int4,int4)'::regoperator, 'english'::regconfig, 'simple'::regdictionary, 'postgres'::regrole, 'pg_catalog'::regnamespace, '"C"'::regcollation, 'pg_class'::regclass::oid, 1259::regclass, to_regclass('nowhere'), to_regtype('int4[]'), to_regtypemod('varchar(5)');

SELECT 'nowhere'::regclass;

SELECT 'sum'::regproc;

SELECT 'nosuchtype'::regtype;

--- xid-and-system-types
SELECT '123'::xid, '4294967295'::xid, '18446744073709551615'::xid8, '1'::xid < '2'::xid8, '(0,1)'::tid, '0/16B3748'::pg_lsn, '0/16B3748'::pg_lsn - '0/16B3700'::pg_lsn, '7'::cid, '10:20:10,14,15'::pg_snapshot, '1 2 3'::int2vector, '1 2'::oidvector;

SELECT '-1'::oid;

SELECT '4294967296'::oid;

--- casts-implicit-assignment-explicit
CREATE TABLE t (i int, b boolean, s text, n numeric(4,1));

INSERT INTO t VALUES (1.6, 'yes', 42, 12.35);

TABLE t;

INSERT INTO t (b) VALUES (1);

SELECT 1::boolean, 0::boolean, true::int, 'x'::text::name, 65::"char";

SELECT true + 1;

SELECT '1' + 1, '1.5' * 2.0, 'a' || 1, 1 || 'a';

SELECT cast('2024-02-30' AS date);

--- user-defined-cast
CREATE TYPE celsius AS (degrees numeric);
CREATE FUNCTION celsius(int) RETURNS celsius LANGUAGE sql IMMUTABLE RETURN ROW($1)::celsius;
CREATE CAST (int AS celsius) WITH FUNCTION celsius(int) AS IMPLICIT;
CREATE FUNCTION warm(celsius) RETURNS boolean LANGUAGE sql RETURN ($1).degrees > 20;

SELECT warm(25), warm(5), 21::celsius;

DROP CAST (int AS celsius);

SELECT warm(25);

--- pg-input-is-valid
SELECT pg_input_is_valid('12', 'int4'), pg_input_is_valid('x', 'int4'), pg_input_is_valid('1e400', 'float8'), pg_input_is_valid('123456', 'numeric(4,2)');

SELECT * FROM pg_input_error_info('{1,x}', 'int4[]');

--- enum-order-and-functions
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');

SELECT 'ok'::mood > 'sad', enum_first(null::mood), enum_last(null::mood), enum_range(null::mood), enum_range('ok'::mood, null), 'happy'::mood::text, array_agg(m ORDER BY m DESC) FROM unnest(enum_range(null::mood)) m;

SELECT 'angry'::mood;

ALTER TYPE mood ADD VALUE 'fine' BEFORE 'happy';

SELECT enum_range(null::mood);

ALTER TYPE mood RENAME VALUE 'ok' TO 'so-so';

SELECT enum_range(null::mood);

ALTER TYPE mood ADD VALUE 'sad';

--- domain-checks
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN email AS text NOT NULL CONSTRAINT has_at CHECK (VALUE ~ '@');
CREATE TABLE people (age positive, mail email DEFAULT 'a@b');

INSERT INTO people VALUES (1, 'x@y') RETURNING *;

INSERT INTO people VALUES (-1, 'x@y');

INSERT INTO people VALUES (1, 'xy');

INSERT INTO people VALUES (1, null);

SELECT 0::positive;

SELECT '{1,-1}'::positive[];

ALTER DOMAIN positive ADD CONSTRAINT small CHECK (VALUE < 1);

ALTER DOMAIN positive DROP CONSTRAINT positive_check;

INSERT INTO people VALUES (-5);

--- composite-values
CREATE TYPE pair AS (a int, b text);
CREATE TABLE holder (id int, p pair, ps pair[]);

INSERT INTO holder VALUES (1, (7, 'x y'), ARRAY[(1, 'a'), (2, null)]::pair[]) RETURNING *;

SELECT (p).a, (p).*, ps[2].a, p = ROW(7, 'x y')::pair, p IS NULL FROM holder;

UPDATE holder SET p.b = 'quote " and \ slash' RETURNING p;

SELECT '(1,"a,b")'::pair, '(,)'::pair, ROW(1, null) IS NULL, ROW(null, null) IS NULL, ROW(1, 2) < ROW(1, 3);

SELECT '(1)'::pair;

SELECT '(1,2,3)'::pair;

SELECT ROW(1, 'x') = ROW(1, 'x', 2);

SELECT row_to_json(h) FROM holder h;

--- pseudo-type-not-a-column
CREATE TABLE t (x anyelement);

--- unknown-type
SELECT 1::nosuch;

SELECT 'x'::varchar(0);

SELECT 1::numeric(0);

SELECT 1::numeric(1001);

SELECT 1::int(4);
