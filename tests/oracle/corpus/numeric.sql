-- numeric: arbitrary precision, its limits and its special values.

--- precision-and-scale
SELECT 123.456::numeric(5,2), 123.456::numeric(5,-1), 0.00012::numeric(3,5), 99.99::numeric(3,1), '1e-5'::numeric, '1e5'::numeric, '0x_ff'::numeric, '1_000.5'::numeric;

--- precision-overflow
SELECT 12345.6::numeric(5,2);

SELECT 0.1::numeric(3,5);

--- special-values
SELECT 'NaN'::numeric, 'Infinity'::numeric, '-inf'::numeric, 'inf'::numeric - 'inf'::numeric, 'inf'::numeric * 0, 1 / 'inf'::numeric, 'NaN'::numeric > 'inf'::numeric, 'NaN'::numeric = 'NaN'::numeric;

SELECT 'inf'::numeric::numeric(5,2);

SELECT 'inf'::numeric::int;

SELECT 'nan'::numeric::int8;

--- invalid-text
SELECT '1.2.3'::numeric;

SELECT '1e'::numeric;

SELECT '1e1000000'::numeric;

SELECT ''::numeric;

--- division-scale
SELECT 1/3.0, 10.0/3, 1.000/3, 2::numeric/3, 100000000000000000000/3.0, 1e-20/3, 22/7.0000000000000000000000001;

--- large-products
SELECT 99999999999999999999999999999999 * 99999999999999999999999999999999::numeric, 2::numeric ^ 200, factorial(40), 10::numeric ^ -30;

--- overflow
SELECT 10::numeric ^ 200000;

SELECT factorial(40000);

SELECT factorial(-1);

--- modulus-and-division
SELECT 5.5 % 2.2, -5.5 % 2.2, div(5.5, 2.2), div(-5.5, 2.2), gcd(12.5, 7.5), lcm(1.5, 2.5), mod(10.0, 3.3);

--- roots-logs-powers
SELECT sqrt(2.0), sqrt(1e40), ln(2.0), log(2.0), log(2.0, 8.0), exp(1.0), power(2.0, 0.5), 2.0 ^ -3, exp(-20.5), ln(1e50);

SELECT sqrt(-1.0);

SELECT ln(0.0);

SELECT 0.0 ^ -1;

SELECT (-2.0) ^ 0.5;

--- casts-to-and-from
SELECT 1.5::numeric::float4, 1e20::float8::numeric, 0.1::float8::numeric, 123456789.123456789::float4::numeric, 12345678901234567890::numeric::float8, 1.5::numeric::int2, (-1.5)::numeric::int2;

SELECT 40000::numeric::int2;

SELECT 1e20::numeric::int8;

--- comparison-ignores-scale
SELECT 1.0 = 1.00, 1.0::text = 1.00::text, hash_numeric(1.0) = hash_numeric(1.00), greatest(1.10, 1.1), array_agg(DISTINCT v) FROM (VALUES (1.0), (1.00), (2)) t(v);

--- width-bucket
SELECT width_bucket(5.35, 0.024, 10.06, 5), width_bucket(-1, 0, 10, 5), width_bucket(11, 0, 10, 5), width_bucket(5, 10, 0, 5), width_bucket(now(), array['yesterday', 'today', 'tomorrow']::timestamptz[]);

SELECT width_bucket(5, 1, 1, 5);

SELECT width_bucket(5, 0, 10, 0);

--- aggregates
SELECT sum(v), avg(v), min(v), max(v), count(v), stddev(v), variance(v), stddev_pop(v), var_pop(v) FROM (VALUES (1.5), (2.5), (4.25), (null)) t(v);

SELECT sum(v), avg(v), stddev(v), var_samp(v) FROM (VALUES (1), (2), (4), (null)) t(v);

SELECT sum(v) , avg(v), stddev(v) FROM (VALUES (1::float8), (2), (4)) t(v);

SELECT corr(y, x), covar_pop(y, x), covar_samp(y, x), regr_slope(y, x), regr_intercept(y, x), regr_r2(y, x), regr_count(y, x), regr_avgx(y, x), regr_sxx(y, x) FROM (VALUES (1.0, 2.0), (2, 3), (4, 7)) t(x, y);

SELECT sum(v), avg(v) FROM (SELECT 1.0 WHERE false) t(v);

SELECT avg(v), sum(v) FROM (VALUES (9223372036854775807), (9223372036854775807)) t(v);

--- to-char-numbers
SELECT to_char(1234.5, '9,999.99'), to_char(-1234.5, 'S9999.9'), to_char(0.1, '0.99'), to_char(12, 'RN'), to_char(485, 'FMRN'), to_char(1234, '0009999'), to_char(-5, '9PR'), to_char(1e10::float8, '9.99EEEE'), to_char(12.45, '99V9'), to_char(123, 'FM9,99th'), to_char(148.5, '999D999'), to_char(12345, '999'), to_char(255, 'XX');

SELECT to_char(0.0001234, '9.99EEEE'), to_char('nan'::float8, '999'), to_char('inf'::numeric, '999'), to_number('1,234.56-', '9,999.99S'), to_number('$12.34', 'L99.99'), to_number('CDXXI', 'RN');

SELECT to_number('abc', '999');

--- integer-to-text-in-bases
SELECT to_hex(255), to_hex(-1), to_bin(10), to_oct(-8::bigint), to_hex(1234567890123);

--- generate-series-numeric
SELECT generate_series(0.0, 1.0, 0.25);

SELECT generate_series(5, 1, -2);

SELECT generate_series(1, 5, 0);

SELECT count(*), sum(g) FROM generate_series(9223372036854775800, 9223372036854775807) g;

--- random-seeded
SELECT setseed(0.5);

SELECT random(), random(1, 100), random(1.0, 2.0), random_normal(0, 1);

SELECT setseed(2);

SELECT random(5, 1);

--- sort-order-with-special-values
SELECT v FROM (VALUES ('1'::numeric), ('NaN'), ('-inf'), ('inf'), (null), ('-1e100')) t(v) ORDER BY v;
