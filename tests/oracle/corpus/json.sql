-- json, jsonb, jsonpath and the SQL/JSON functions.

--- input-and-output
SELECT '{"a": 1,   "b":[1, 2.50, null, true], "a": "dup"}'::json, '{"a": 1, "b":[1, 2.50, null, true], "a": "dup"}'::jsonb, '"\u00e9\n"'::jsonb, '1e3'::jsonb, ' null '::jsonb, '{"z":1,"aa":2,"b":3}'::jsonb;

--- invalid-input
SELECT '{"a":1,}'::json;

SELECT '{a:1}'::jsonb;

SELECT '[1,2'::json;

SELECT '"\u0000"'::jsonb;

SELECT '"\ud83d"'::jsonb;

SELECT '01'::json;

SELECT E'{\n  "a": 1,\n  "b": oops\n}'::json;

SELECT ''::jsonb;

SELECT 'nul'::json;

SELECT '1e1000000'::jsonb;

--- accessors
SELECT j -> 'a', j ->> 'a', j -> 'b' -> 0, j #> '{b,1}', j #>> '{b,1,x}', j -> -1, j -> 'nope', j['b'][1]['x'], (j -> 'b')[0], jsonb_array_length(j -> 'b'), jsonb_typeof(j -> 'b') FROM (VALUES ('{"a": "text", "b": [1, {"x": "deep"}]}'::jsonb)) t(j);

SELECT jsonb_array_length('{}');

SELECT json_array_length('1');

--- containment-and-existence
SELECT '{"a":1,"b":[1,2,3]}'::jsonb @> '{"b":[3]}', '[1,2]'::jsonb <@ '[2,1,3]', '{"a":1}'::jsonb ? 'a', '["a","b"]'::jsonb ?| ARRAY['x','b'], '["a","b"]'::jsonb ?& ARRAY['a','x'], '"a"'::jsonb ? 'a', '[1,[2]]'::jsonb @> '[2]';

--- comparison-order
SELECT v FROM (VALUES ('1'::jsonb), ('"a"'), ('null'), ('true'), ('[]'), ('{}'), ('[1]'), ('{"a":1}'), ('2.0'), ('"B"'), ('false'), ('[1,2]')) t(v) ORDER BY v;

SELECT '1.0'::jsonb = '1'::jsonb, '{"a":1,"b":2}'::jsonb = '{"b":2,"a":1}'::jsonb;

SELECT '1'::json = '1'::json;

--- modification
SELECT '{"a":1}'::jsonb || '{"b":2,"a":3}', '[1]'::jsonb || '2', '{"a":1,"b":2}'::jsonb - 'a', '["a","b"]'::jsonb - 0, '{"a":1,"b":2}'::jsonb - ARRAY['a','b'], '{"a":{"b":1,"c":2}}'::jsonb #- '{a,b}', jsonb_set('{"a":[1,2]}', '{a,1}', '"x"'), jsonb_set('{"a":1}', '{b}', '2', false), jsonb_insert('{"a":[0,1]}', '{a,1}', '"n"', true), jsonb_strip_nulls('{"a":null,"b":[null]}'), jsonb_strip_nulls('{"b":[null,1]}', true), jsonb_set_lax('{"a":1}', '{a}', null, true, 'delete_key');

SELECT '1'::jsonb || '{"a":1}', '{"a":1}'::jsonb - 0;

SELECT '"s"'::jsonb - 'a';

SELECT jsonb_set('{"a":1}', '{a,b}', '1');

SELECT jsonb_insert('{"a":1}', '{a}', '2');

--- subscript-assignment
CREATE TABLE t (id int, j jsonb);
INSERT INTO t VALUES (1, '{"a": 1}'), (2, null), (3, '[1]');

UPDATE t SET j['b']['c'] = '5' WHERE id = 1 RETURNING j;

UPDATE t SET j[2] = '"x"' WHERE id = 3 RETURNING j;

UPDATE t SET j['k'] = '1' WHERE id = 2 RETURNING j;

UPDATE t SET j['a']['b'] = '1' WHERE id = 1;

--- building
SELECT to_json(row(1, 'a', null)), to_jsonb(ARRAY[[1,2],[3,4]]), json_build_array(1, 'a', null, '{"x":1}'::json), json_build_object('a', 1, 'b', ARRAY[1,2]), json_object('{a,1,b,2}'), json_object(ARRAY['a','b'], ARRAY['1',null]), array_to_json(ARRAY[1,2], true), row_to_json(row(1, now() IS NULL)), to_jsonb(1.50), to_jsonb('2024-01-01'::timestamp), to_jsonb('2024-01-01Z'::timestamptz), to_json('NaN'::float8), to_jsonb('inf'::numeric);

SELECT json_build_object('a');

SELECT json_build_object(null, 1);

SELECT json_object('{a,b,c}');

--- aggregation
SELECT json_agg(v ORDER BY v), jsonb_agg(v ORDER BY v DESC), json_object_agg(k, v ORDER BY k), jsonb_object_agg(k, v), json_agg_strict(v ORDER BY v), jsonb_object_agg_unique_strict(k, v) FROM (VALUES ('a', 1), ('b', null), ('c', 3)) t(k, v);

SELECT jsonb_object_agg_unique(k, v) FROM (VALUES ('a', 1), ('a', 2)) t(k, v);

SELECT jsonb_object_agg(k, v) FROM (VALUES (null, 1)) t(k, v);

--- expansion
SELECT * FROM jsonb_each('{"a":1,"b":[2]}');

SELECT * FROM json_each_text('{"a":null,"b":"x"}');

SELECT * FROM jsonb_array_elements('[1,"a",null]') WITH ORDINALITY;

SELECT * FROM json_array_elements_text('[1,"a",null]');

SELECT json_object_keys('{"b":1,"a":2}');

SELECT jsonb_array_elements('{"a":1}');

SELECT jsonb_pretty('{"a":[1,{"b":null}],"c":{}}');

--- populate-records
CREATE TYPE item AS (id int, tags text[], at timestamp, sub jsonb);

SELECT * FROM jsonb_populate_record(null::item, '{"id": 7, "tags": ["x", "y"], "at": "2024-01-01", "sub": {"a": 1}, "extra": 1}');

SELECT * FROM json_populate_recordset(row(0, null, null, null)::item, '[{"id":1},{"tags":["z"]}]');

SELECT * FROM jsonb_to_record('{"a":1,"b":"x"}') AS t(a int, b text, c date);

SELECT * FROM json_to_recordset('[{"a":1,"b":"foo"},{"a":"2","c":"bar"}]') AS t(a int, b text);

SELECT * FROM jsonb_populate_record(null::item, '{"id": "x"}');

SELECT * FROM jsonb_populate_record(null::item, '{"tags": "x"}');

--- jsonpath-language
SELECT jsonb_path_query('{"a":[1,2,3,4,5]}', '$.a[*] ? (@ >= 2 && @ < 5)');

SELECT jsonb_path_query_array('{"a":[1,2,3]}', '$.a[0 to last]'), jsonb_path_query_first('[1,2]', '$[*] ? (@ > $x)', '{"x":1}'), jsonb_path_exists('{"a":1}', '$.b'), jsonb_path_match('{"a":1}', '$.a == 1'), '{"a":[1,2]}'::jsonb @? '$.a[*] ? (@ == 2)', '{"a":1}'::jsonb @@ '$.a > 0';

SELECT jsonb_path_query('{"a":{"b":1},"c":[{"b":2}]}', '$.**.b');

SELECT jsonb_path_query_array('[1.5,-2.5,"3","x"]', '$[*].type()'), jsonb_path_query_array('[1.5,-2.5]', '$[*].abs()'), jsonb_path_query('{"a":1,"b":2}', '$.keyvalue()'), jsonb_path_query('"2024-01-01"', '$.datetime()'), jsonb_path_query('"12:30"', '$.time()'), jsonb_path_query('[1,2,3]', '$.size()'), jsonb_path_query('"1.5"', '$.double()'), jsonb_path_query('" x"', '$ starts with " "'), jsonb_path_query('"abc"', '$ like_regex "^A" flag "i"'), jsonb_path_query('"1.25"', '$.decimal(3,1)'), jsonb_path_query('"t"', '$.boolean()'), jsonb_path_query('12', '$.string()');

SELECT '$.a[*] ? (@.b == "x" && !(@.c > 1)) . d + 1'::jsonpath, 'lax $.a'::jsonpath, 'strict $["a b"]'::jsonpath;

--- jsonpath-errors
SELECT '$.a['::jsonpath;

SELECT jsonb_path_query('{"a":1}', 'strict $.b');

SELECT jsonb_path_query('[1]', 'strict $[5]');

SELECT jsonb_path_query('"x"', '$.double()');

SELECT jsonb_path_query('1', '$ / 0');

SELECT jsonb_path_query('1', '$x');

SELECT jsonb_path_query('"2024-01-01 12:00+02"', '$.timestamp()');

SELECT jsonb_path_query('1', 'strict $.a', '{}', true);

--- sql-json-constructors
SELECT JSON_OBJECT('a': 1, 'b' VALUE null ABSENT ON NULL), JSON_OBJECT('a': 1 RETURNING jsonb), JSON_ARRAY(1, 'x', null NULL ON NULL), JSON_ARRAY(SELECT g FROM generate_series(1, 3) g), JSON('{"a":1}'), JSON_SCALAR(1.5), JSON_SERIALIZE('{"a":1}' RETURNING bytea), JSON_OBJECTAGG(k: v), JSON_ARRAYAGG(v ORDER BY v DESC) FROM (VALUES ('a', 1), ('b', 2)) t(k, v);

SELECT JSON_OBJECT('a': 1, 'a': 2 WITH UNIQUE KEYS);

SELECT '{"a":1,"a":2}' IS JSON, '{"a":1,"a":2}' IS JSON WITH UNIQUE KEYS, '[1]' IS JSON ARRAY, '1' IS JSON SCALAR, '{' IS JSON, '{}' IS NOT JSON OBJECT;

--- sql-json-query-functions
SELECT JSON_EXISTS(jsonb '{"a":1}', '$.a'), JSON_VALUE(jsonb '{"a":"5"}', '$.a' RETURNING int), JSON_QUERY(jsonb '{"a":[1,2]}', '$.a'), JSON_QUERY(jsonb '[1,2]', '$[*]' WITH WRAPPER), JSON_QUERY(jsonb '"x"', '$' OMIT QUOTES), JSON_VALUE(jsonb '{}', '$.a' DEFAULT 'none' ON EMPTY), JSON_VALUE(jsonb '"x"', '$' RETURNING int DEFAULT -1 ON ERROR), JSON_VALUE(jsonb '[1,2]', '$[*] ? (@ > $m)' PASSING 1 AS m);

SELECT JSON_VALUE(jsonb '{}', 'strict $.a' ERROR ON ERROR);

SELECT JSON_VALUE(jsonb '{"a":[1]}', '$.a' ERROR ON ERROR);

SELECT JSON_VALUE(jsonb '{}', '$.a' ERROR ON EMPTY ERROR ON ERROR);

SELECT JSON_VALUE(jsonb '"x"', '$' RETURNING int ERROR ON ERROR);

SELECT JSON_QUERY(jsonb '[1,2]', '$[*]' ERROR ON ERROR);

--- json-table
SELECT * FROM JSON_TABLE(
  jsonb '{"items":[{"id":1,"tags":["a","b"],"price":"9.50"},{"id":2,"tags":[]},{"id":"x"}]}', '$.items[*]'
  COLUMNS (
    n FOR ORDINALITY,
    id int PATH '$.id' DEFAULT -1 ON ERROR,
    price numeric(6,2) PATH '$.price',
    has_tags boolean EXISTS PATH '$.tags',
    all_tags jsonb PATH '$.tags' WITH CONDITIONAL WRAPPER,
    NESTED PATH '$.tags[*]' COLUMNS (tag text PATH '$')
  )
) AS jt;

SELECT * FROM JSON_TABLE(jsonb '[1]', '$[*]' COLUMNS (a int PATH '$.x' ERROR ON EMPTY));

SELECT * FROM JSON_TABLE(jsonb '[1]', 'strict $.a[*]' COLUMNS (a int PATH '$') ERROR ON ERROR);

SELECT * FROM JSON_TABLE(jsonb '[1]', '$[*]' COLUMNS (a int PATH '$', a int PATH '$'));

--- indexed-search
CREATE TABLE docs (id int, j jsonb);
INSERT INTO docs SELECT g, jsonb_build_object('k', g % 10, 'tags', jsonb_build_array(g % 3, 'x' || g % 7)) FROM generate_series(1, 500) g;
CREATE INDEX ON docs USING gin (j);
CREATE INDEX ON docs USING gin (j jsonb_path_ops);
SET enable_seqscan = off;

SELECT count(*) FROM docs WHERE j @> '{"k": 3}';

SELECT count(*) FROM docs WHERE j ? 'tags' AND j @? '$.tags[*] ? (@ == "x4")';

EXPLAIN (COSTS OFF) SELECT * FROM docs WHERE j @> '{"k": 3}';

--- deep-nesting
SELECT length(repeat('[', 6000) || repeat(']', 6000));

SELECT length((repeat('[', 500) || '1' || repeat(']', 500))::jsonb::text);
