-- Arrays, ranges, multiranges and full-text search.

--- array-input-and-output
SELECT '{1,2,null}'::int[], '{{1,2},{3,4}}'::int[], '{"a b",c,"d\"e","null",null,""}'::text[], '[2:4]={1,2,3}'::int[], '[0:1][1:2]={{1,2},{3,4}}'::int[], ARRAY[[1,2],[3,4]], ARRAY[]::text[], ARRAY(SELECT g FROM generate_series(1, 3) g), '{t,f}'::bool[], ARRAY['2024-01-01'::date];

--- array-invalid-input
SELECT '{1,2'::int[];

SELECT '{{1},{2,3}}'::int[];

SELECT '{1,x}'::int[];

SELECT '1,2'::int[];

SELECT '[3:1]={1}'::int[];

SELECT '{1}}'::int[];

SELECT ARRAY[1, 'x'];

SELECT ARRAY[[1,2],[3]];

SELECT ARRAY[];

--- array-subscripts
SELECT a[1], a[2][1], a[1:1], a[2:], a[:1][2:], a[5], (ARRAY[1,2,3])[2:3], (ARRAY[1,2,3])[null] FROM (VALUES ('{{1,2},{3,4}}'::int[])) t(a);

SELECT (1)[1];

--- array-functions
SELECT array_length(a, 1), array_ndims(a), array_dims(a), array_lower(a, 1), array_upper(a, 1), cardinality(a), array_append(a, 9), array_prepend(0, a), array_cat(a, a), array_remove(a, 2), array_replace(a, 2, 20), array_position(a, 3), array_positions(a, 2), array_to_string(a, ',', '*'), trim_array(a, 1), array_fill(7, ARRAY[2,2]), array_reverse(a), array_sort(ARRAY[3,1,2]), array_sort(ARRAY['b','a',null], true) FROM (VALUES ('{1,2,3,2,null}'::int[])) t(a);

SELECT array_fill(1, null);

SELECT array_position('{{1}}'::int[], 1);

SELECT trim_array(ARRAY[1], 2);

SELECT array_append('{{1,2}}'::int[], 3);

--- array-operators
SELECT ARRAY[1,2] || 3, 0 || ARRAY[1], ARRAY[1] || ARRAY[[2],[3]], ARRAY[1,2,3] @> ARRAY[2], ARRAY[1] <@ ARRAY[1,2], ARRAY[1,2] && ARRAY[2,3], ARRAY[1,2] < ARRAY[1,3], ARRAY[1,2] = '{1,2}', 2 = ANY (ARRAY[1,2]), 3 > ALL (ARRAY[1,2]), null = ANY (ARRAY[1]), 1 = ANY ('{}'::int[]), 1 = ALL ('{}'::int[]);

--- array-element-assignment
CREATE TABLE t (a int[]);
INSERT INTO t VALUES ('{1,2,3}'), (null);

UPDATE t SET a[5] = 9 RETURNING a;

UPDATE t SET a[0] = 0 RETURNING a;

UPDATE t SET a[1:2] = '{10,20}' RETURNING a;

UPDATE t SET a[1:3] = '{1}';

UPDATE t SET a[null] = 1;

--- array-too-large
SELECT array_fill(0, ARRAY[2000000000, 2]);

SELECT '{1}'::int[7];

SELECT '{{{{{{{1}}}}}}}'::int[];

--- unnest
SELECT * FROM unnest(ARRAY[1,2], ARRAY['a','b','c']) WITH ORDINALITY AS u(n, t, i);

SELECT unnest('{{1,2},{3,4}}'::int[]), generate_series(1, 2);

SELECT generate_subscripts('[2:4]={1,2,3}'::int[], 1);

--- array-aggregates
SELECT array_agg(v), array_agg(v ORDER BY v DESC) FILTER (WHERE v > 1), array_agg(DISTINCT v % 2), array_agg(ARRAY[v, v * 2]) FROM generate_series(1, 3) v;

SELECT array_agg(x) FROM (VALUES (ARRAY[1]), (ARRAY[1,2])) t(x);

--- range-input-and-output
SELECT '[1,5)'::int4range, '(1,5]'::int4range, '[1,1)'::int4range, '(,5)'::int4range, 'empty'::int4range, '[1.5,2.5]'::numrange, '[2024-01-01,2024-02-01]'::daterange, '["2024-01-01 00:00","2024-01-02 00:00")'::tsrange, '[a,"c d"]'::text || '', int8range(1, 10, '[]'), numrange(null, 3), tstzrange('2024-01-01Z', 'infinity');

SELECT '[5,1]'::int4range;

SELECT '[1,5'::int4range;

SELECT '[1;5]'::int4range;

SELECT int4range(1, 5, 'xx');

SELECT '[2147483647,2147483647]'::int4range;

--- range-operators
SELECT r @> 3, r @> '[2,3]'::int4range, 3 <@ r, r && '[4,9)'::int4range, r << '[5,9)'::int4range, r >> '[0,1)'::int4range, r &< '[1,9)'::int4range, r -|- '[5,6)'::int4range, r + '[5,7)'::int4range, r * '[3,9)'::int4range, r - '[3,9)'::int4range, r = '[1,4]'::int4range, lower(r), upper(r), isempty(r), lower_inc(r), upper_inc(r), lower_inf(r), upper_inf(r), range_merge(r, '[8,9)') FROM (VALUES ('[1,5)'::int4range)) t(r);

SELECT '[1,2)'::int4range + '[5,6)'::int4range;

SELECT '[1,10)'::int4range - '[3,5)'::int4range;

--- multiranges
SELECT '{[1,3),[5,7)}'::int4multirange, '{[1,3),[2,7)}'::int4multirange, int4multirange('[1,2)', '[4,5)'), '{[1,3),[5,7)}'::int4multirange + '{[3,5)}', '{[1,10)}'::int4multirange - '{[3,5)}', '{[1,10)}'::int4multirange * '{[3,5),[9,20)}', '{[1,3),[5,7)}'::int4multirange @> 5, range_merge('{[1,3),[5,7)}'::int4multirange), range_agg(r), range_intersect_agg(r) FROM (VALUES ('[1,5)'::int4range), ('[3,9)')) t(r);

SELECT unnest('{[1,3),[5,7)}'::int4multirange);

SELECT '{[1,3)'::int4multirange;

--- user-defined-range
CREATE TYPE floatrange AS RANGE (subtype = float8, subtype_diff = float8mi);

SELECT '[1.5,2.5)'::floatrange @> 2::float8, floatmultirange(floatrange(1, 2), floatrange(3, 4));

CREATE TYPE bad AS RANGE (subtype = json);

--- exclusion-constraint-on-range
CREATE TABLE booking (during tsrange, EXCLUDE USING gist (during WITH &&));

INSERT INTO booking VALUES ('[2024-01-01, 2024-01-05)');

INSERT INTO booking VALUES ('[2024-01-05, 2024-01-07)');

INSERT INTO booking VALUES ('[2024-01-04, 2024-01-06)');

--- temporal-keys
CREATE TABLE parent (id int4range, valid daterange, PRIMARY KEY (id, valid WITHOUT OVERLAPS));
CREATE TABLE child (id int4range, valid daterange, parent int4range, FOREIGN KEY (parent, PERIOD valid) REFERENCES parent (id, PERIOD valid));

INSERT INTO parent VALUES ('[1,2)', '[2024-01-01,2024-06-01)'), ('[1,2)', '[2024-06-01,2025-01-01)');

INSERT INTO parent VALUES ('[1,2)', '[2024-03-01,2024-04-01)');

INSERT INTO child VALUES ('[5,6)', '[2024-02-01,2024-08-01)', '[1,2)');

INSERT INTO child VALUES ('[5,6)', '[2023-02-01,2024-08-01)', '[1,2)');

DELETE FROM parent WHERE valid @> '2024-02-01'::date;

--- tsvector-and-tsquery-input
SELECT 'a fat cat sat on a mat'::tsvector, 'a:1A fat:2B,4C cat:5'::tsvector, $$'it''s' ' '$$::tsvector, 'fat & (rat | cat)'::tsquery, 'fat <-> cat <2> dog'::tsquery, '!fat & super:*AB'::tsquery;

SELECT 'a:xx'::tsvector;

SELECT 'fat &'::tsquery;

SELECT 'fat cat'::tsquery;

--- text-search-parsing
SELECT to_tsvector('english', 'The Fat Rats jumped over 3.14 lazy-dogs at http://example.com/a/b?q=1 mail me@host.org'), to_tsquery('english', 'Fat & Rats:AB'), plainto_tsquery('english', 'The Fat Rats'), phraseto_tsquery('english', 'The Fat Rats ate'), websearch_to_tsquery('english', '"supernovae stars" -crab or foo');

SELECT * FROM ts_debug('english', 'foo-bar 12 x@y.z') AS d;

SELECT * FROM ts_parse('default', 'a <b>tag</b> &amp; /usr/x');

--- text-search-languages
SELECT l, to_tsvector(l::regconfig, w) FROM (VALUES ('german', 'Häuser und Bäume liefen'), ('french', 'les chevaux mangeaient'), ('spanish', 'corriendo los gatos'), ('russian', 'бегущие люди'), ('finnish', 'taloissa'), ('simple', 'The Cats')) t(l, w);

SELECT count(*) FROM pg_ts_config;

SELECT ts_lexize('english_stem', 'stars'), ts_lexize('simple', 'The'), ts_lexize('english_stem', 'the');

--- text-search-matching
SELECT to_tsvector('english', 'fat cats ate rats') @@ to_tsquery('english', 'cat & rat'), to_tsvector('english', 'error is not fatal') @@ to_tsquery('english', 'fatal <-> error'), 'cat:3 fat:2,4'::tsvector @@ 'fat <-> cat'::tsquery, to_tsquery('english', 'a'), numnode('a & b | c'::tsquery), querytree('!a & b'::tsquery), ts_rewrite('a & b'::tsquery, 'a', 'c|d');

SELECT 'simple text' @@ 'text', to_tsvector('a') || to_tsvector('b'), setweight('a:1 b:2'::tsvector, 'A', '{a}'), strip('a:1 b:2'::tsvector), length('a:1 b:2'::tsvector), ts_delete('a:1 b:2'::tsvector, 'a'), ts_filter('a:1A b:2B'::tsvector, '{a}'), tsvector_to_array('a b'::tsvector), array_to_tsvector('{b,a}');

SELECT * FROM unnest('a:1A,2B b:3'::tsvector);

--- text-search-ranking
SELECT ts_rank('a:1A b:2 c:3'::tsvector, 'a & c'), ts_rank_cd('a:1 b:2 c:3'::tsvector, 'a & c'), ts_rank('{0.1,0.2,0.4,1.0}', 'a:1A b:2B'::tsvector, 'a | b', 2), ts_headline('english', 'The most common type of search is to find all documents containing given query terms', 'query & find', 'StartSel=<, StopSel=>, MaxWords=8, MinWords=3');

--- text-search-index
CREATE TABLE doc (id int, body text, words tsvector GENERATED ALWAYS AS (to_tsvector('english', body)) STORED);
INSERT INTO doc (id, body) SELECT g, 'document number ' || g || CASE WHEN g % 50 = 0 THEN ' about elephants' ELSE ' about mice' END FROM generate_series(1, 300) g;
CREATE INDEX ON doc USING gin (words);
CREATE INDEX ON doc USING gist (words);
SET enable_seqscan = off;

SELECT id FROM doc WHERE words @@ 'elephant' ORDER BY id;

SELECT * FROM ts_stat('SELECT words FROM doc') ORDER BY ndoc DESC, word LIMIT 4;

--- text-search-configuration
CREATE TEXT SEARCH DICTIONARY shouting (TEMPLATE = simple, STOPWORDS = english, ACCEPT = false);
CREATE TEXT SEARCH CONFIGURATION mine (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION mine ALTER MAPPING FOR asciiword WITH shouting, english_stem;

SELECT to_tsvector('mine', 'The running dogs');

CREATE TEXT SEARCH DICTIONARY bad (TEMPLATE = nosuch);

CREATE TEXT SEARCH DICTIONARY bad (TEMPLATE = snowball, Language = klingon);

SELECT to_tsvector('nosuch', 'x');
