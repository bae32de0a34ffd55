-- Strings, patterns, formatting, encodings and collations.

--- literals
SELECT 'it''s', E'tab\tnewline\nhex\x41oct\101', U&'d\0061t\+000061', U&'d!0061' UESCAPE '!', $$dollar 'quoted'$$, $x$nested $$ inside$x$, 'split '
  'literal', B'1', N'national';

SELECT E'\u00e9\U0001F600', 'héllo wörld ☃ 😀', length('héllo ☃😀'), octet_length('héllo ☃😀'), bit_length('é'), char_length('日本語');

SELECT U&'\D83D\DE00';

SELECT U&'\D83D';

SELECT E'\xff';

SELECT E'\u0000';

SELECT 'a' 'b';

--- standard-conforming-strings-off
SET standard_conforming_strings = off;

SELECT 'a\\b\x41';

SET escape_string_warning = off;

SELECT 'a\\b\x41';

SET backslash_quote = off;

SELECT 'a\'b';

--- identifiers
SELECT 1 AS "Mixed ""Case""", 2 AS unquoted_CASE, 3 AS "select", 4 AS ünïcödé;

CREATE TABLE a_name_that_is_much_longer_than_the_sixty_three_bytes_that_postgresql_keeps (i int);

SELECT relname FROM pg_class WHERE relname LIKE 'a\_name%';

SELECT 1 AS "";

--- substring-and-position
SELECT substring('postgres' from 3 for 4), substring('postgres', -2, 5), substring('postgres' from '...$'), substring('postgres' similar '%#"gre#"%' escape '#'), left('héllo', 2), left('hello', -2), right('hello', 3), right('hello', -3), position('o' in 'foo'), strpos('日本語', '本'), split_part('a,b,c', ',', 2), split_part('a,b,c', ',', -1), starts_with('abc', 'ab'), overlay('Txxxxas' placing 'hom' from 2 for 4);

SELECT substring('abc' from 1 for -1);

SELECT split_part('a', ',', 0);

--- trimming-and-padding
SELECT trim('  x '), trim(both 'xy' from 'xyaxy'), ltrim('zzyx', 'xyz'), rtrim('testxx', 'x'), btrim('xyx', 'x'), lpad('hi', 5, 'xy'), rpad('hi', 5, 'xy'), lpad('hello', 2), lpad('é', 3, '☃'), repeat('ab', 3), repeat('x', -1), reverse('añb'), replace('abcabc', 'b', 'XX'), translate('12345', '143', 'ax');

--- case-conversion
SELECT upper('strasse é ǆ'), lower('ÀÉÎ Σ İ'), initcap('hello wORLD o''neil x-y 3rd'), casefold('Straße' COLLATE "pg_c_utf8"), upper('é' COLLATE "C"), ascii('é'), chr(8364), chr(65);

SELECT chr(0);

SELECT chr(1114112);

SELECT chr(55296);

--- case-conversion-of-sharp-s
SELECT upper('ß');

--- concatenation
SELECT 'a' || null, concat('a', null, 1, true), concat_ws('-', 'a', null, 'b'), 'a' || 1.50, 'x' || '{1,2}'::int[]::text, string_agg(v, ',' ORDER BY v DESC) FROM (VALUES ('a'), ('b'), (null)) t(v);

--- format-function
SELECT format('Hello %s, %1$s, %I, %L, %%', 'World', 'odd name', 'it''s'), format('|%10s|%-10s|%*s|', 'r', 'l', 5, 'w'), format('%s %s', VARIADIC ARRAY['a', 'b']), format('%L', null::text), format('%I', 'select');

SELECT format('%s %s', 'one');

SELECT format('%I', null::text);

SELECT format('%z', 1);

SELECT format('%5$s', 1);

--- quoting-functions
SELECT quote_ident('Mixed'), quote_ident('plain'), quote_ident('user'), quote_literal('it''s \ here'), quote_nullable(null::text), quote_literal(42), parse_ident('"A".b.c'), parse_ident('a b', false);

SELECT parse_ident('a.b.');

--- string-splitting
SELECT string_to_array('a,b,,c', ','), string_to_array('abc', null), string_to_array('a-x-b', '-', 'x'), string_to_table('a b c', ' '), regexp_split_to_array('a1b22c', '\d+');

SELECT unistr('d\0061t\u00e9'), to_ascii('abc', 'LATIN1'), normalize(U&'e\0301', NFC) = 'é', 'é' IS NFC NORMALIZED, U&'e\0301' IS NFC NORMALIZED, normalize('①', NFKD), unicode_assigned('a'), unicode_version();

--- like-patterns
SELECT 'abc' LIKE 'a%', 'abc' LIKE '_b_', 'a%c' LIKE 'a\%c', 'a%c' LIKE 'aX%c' ESCAPE 'X', 'ABC' ILIKE 'abc', 'É' ILIKE 'é', 'abc' NOT LIKE 'b%', 'abc' ~~ 'a%', 'abc' SIMILAR TO '(a|b)%', 'abc' SIMILAR TO '_{3}', 'a' LIKE ANY (ARRAY['b%', 'a%']), 'a' LIKE ALL (ARRAY['%', 'a']);

SELECT 'a' LIKE 'a\';

SELECT 'a' LIKE 'b' ESCAPE 'xx';

--- regular-expression-matching
SELECT 'thomas' ~ 't.*ma', 'thomas' ~* 'T.*MA', 'thomas' !~ 'xyz', 'abc' ~ '^(a|b)+c$', 'foo bar' ~ '\mbar\M', 'aaa' ~ 'a{2,}$', 'é' ~ '[[:alpha:]]', 'ß' ~ '\w', '٣' ~ '\d', E'a\nb' ~ 'a.b', E'a\nb' ~ '(?n)a.b', E'a\nb' ~ '(?w)^b', 'AB' ~ '(?i)ab', 'x' ~ '(?q)[', 'ab' ~ '(?x) a  b # comment';

--- regular-expression-captures
SELECT regexp_match('foobarbequebaz', '(bar)(beque)'), regexp_matches('foobarbequebazilbarfbonk', '(b[^b]+)(b[^b]+)', 'g'), regexp_match('abc', 'x'), substring('foobar', 'o(.)b'), regexp_match('aaa', '(a*?)(a*)'), regexp_match('abab', '(ab)\1'), regexp_match('foobar', 'foo(?=bar)'), regexp_match('foobaz', 'foo(?!bar)'), regexp_match('foobar', '(?<=foo)bar');

--- regular-expression-functions
SELECT regexp_replace('foobarbaz', 'b..', 'X'), regexp_replace('foobarbaz', 'b(..)', 'X\1Y\&', 'g'), regexp_replace('A PostgreSQL function', 'a|e|i|o|u', 'X', 1, 0, 'i'), regexp_replace('abcabc', 'b', 'X', 1, 2), regexp_count('ABCABCAXYaxy', 'A.', 1, 'i'), regexp_instr('ABCDEF', 'c(.)(..)', 1, 1, 0, 'i', 2), regexp_like('Hello', 'hello', 'i'), regexp_substr('ABCDEF', 'c(.)(..)', 1, 1, 'i', 2);

SELECT foo FROM regexp_split_to_table('the quick brown fox', '\s+') AS foo;

SELECT regexp_replace('x', '(', '');

SELECT 'x' ~ 'a{2,1}';

SELECT 'x' ~ '[b-a]';

SELECT 'x' ~ '*a';

SELECT 'x' ~ 'a\';

SELECT regexp_count('x', 'x', 0);

SELECT regexp_match('x', 'x', 'g');

SELECT regexp_matches('x', 'x', 'z');

--- encoding-conversions
SELECT convert_to('é€', 'WIN1252'), convert_from('\xe9'::bytea, 'LATIN1'), convert('\xe9'::bytea, 'LATIN1', 'UTF8'), convert_to('日本', 'EUC_JP'), convert_from('\x93fa967b'::bytea, 'SJIS'), convert_to('Привет', 'KOI8R'), convert_to('Привет', 'WIN1251'), convert_from('\xcfd2'::bytea, 'KOI8R'), convert_to('한글', 'EUC_KR'), convert_to('中文', 'GB18030'), convert_to('中文', 'BIG5'), convert_to('ž', 'LATIN2'), length('\xe9e8'::bytea, 'LATIN1');

--- encoding-untranslatable
SELECT convert_to('€', 'LATIN1');

SELECT convert_from('\xff'::bytea, 'UTF8');

SELECT convert_from('\xc3'::bytea, 'UTF8');

SELECT convert_from('\x81'::bytea, 'WIN1252');

SELECT convert_to('x', 'NOSUCH');

SELECT convert_from('\x00'::bytea, 'UTF8');

--- encoding-mule-internal
SELECT convert_to('é', 'MULE_INTERNAL');

SELECT convert('\xe9'::bytea, 'LATIN1', 'MULE_INTERNAL'), convert('\x81e9'::bytea, 'MULE_INTERNAL', 'LATIN1'), convert('\xcfd2'::bytea, 'KOI8R', 'WIN1251'), convert('\xb0a1'::bytea, 'EUC_JP', 'SJIS'), convert('\xe1'::bytea, 'LATIN2', 'WIN1250');

--- client-encoding-latin1
SET client_encoding = 'LATIN1';

SELECT U&'\00e9' AS e_acute, 'x' AS U&"\00e9";

SELECT U&'\20ac';

SHOW client_encoding;

RESET client_encoding;

SELECT U&'\00e9';

--- client-encoding-sql-ascii
SET client_encoding = 'SQL_ASCII';

SELECT U&'\00e9';

SET client_encoding = 'EUC_JIS_2004';

SELECT U&'\65e5';

SET client_encoding = 'MULE_INTERNAL';

SET NAMES 'nosuch';

--- encoding-names
SELECT pg_client_encoding(), getdatabaseencoding(), pg_encoding_to_char(6), pg_char_to_encoding('latin1'), pg_encoding_max_length(6);

--- collation-ordering
SELECT v FROM (VALUES ('a'), ('B'), ('Z'), ('ä'), ('z'), ('_'), ('É'), ('e'), ('1'), ('10'), ('2')) t(v) ORDER BY v;

SELECT v FROM (VALUES ('a'), ('B'), ('Z'), ('ä'), ('z')) t(v) ORDER BY v COLLATE "C" DESC;

SELECT v FROM (VALUES ('a'), ('B'), ('Z'), ('ä'), ('z')) t(v) ORDER BY v COLLATE "pg_c_utf8";

SELECT 'a' < 'B', 'a' < 'B' COLLATE "C", 'a' < 'B' COLLATE "ucs_basic", pg_collation_for('x'), pg_collation_for('x' COLLATE "C");

--- collation-conflicts
CREATE TABLE t (a text COLLATE "C", b text COLLATE "POSIX");
INSERT INTO t VALUES ('x', 'y');

SELECT a < b FROM t;

SELECT a || b FROM t;

SELECT a FROM t ORDER BY a || b;

SELECT a < b COLLATE "C" FROM t;

SELECT 1 COLLATE "C";

SELECT 'x' COLLATE "nosuch";

--- collation-created
CREATE COLLATION plain (provider = libc, locale = 'C');
CREATE COLLATION builtin (provider = builtin, locale = 'C.UTF-8');
CREATE COLLATION unicode_fast (provider = builtin, locale = 'PG_UNICODE_FAST');

SELECT upper('ß' COLLATE builtin), upper('ß' COLLATE unicode_fast), lower('ÀΣ' COLLATE unicode_fast), casefold('ß' COLLATE unicode_fast);

CREATE COLLATION bad (provider = builtin, locale = 'de_DE');

SELECT collname, collprovider, collisdeterministic FROM pg_collation WHERE collnamespace = 'public'::regnamespace ORDER BY 1;

--- collation-of-unknown-locale
CREATE COLLATION bad (provider = libc, locale = 'xx_YY');

--- long-values-toasted
CREATE TABLE t (id int, body text);
INSERT INTO t SELECT 1, string_agg(md5(g::text), '') FROM generate_series(1, 3000) g;
INSERT INTO t VALUES (2, repeat('compressible ', 20000));

SELECT id, length(body), md5(body), substr(body, 50001, 20) FROM t ORDER BY id;

UPDATE t SET id = id + 10;

SELECT id, md5(body) FROM t ORDER BY id;

ALTER TABLE t ALTER body SET STORAGE EXTERNAL;

UPDATE t SET body = body || 'x';

SELECT id, length(body), pg_column_compression(body) FROM t ORDER BY id;

--- null-byte-in-query-text
SELECT length(E'a\000b');
