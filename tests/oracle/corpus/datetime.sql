-- Dates, times and intervals; the session's zone is UTC unless a case sets one.

--- date-input-spellings
SELECT '2024-02-29'::date, 'January 8, 1999'::date, '1/8/1999'::date, '19990108'::date, '1999.008'::date, 'J2451187'::date, '99-Jan-08'::date, 'epoch'::date, 'infinity'::date, '-infinity'::date, '0044-03-15 BC'::date;

--- date-order-settings
SET DateStyle = 'ISO, DMY';

SELECT '1/8/1999'::date;

SET DateStyle = 'SQL, MDY';

SELECT '1999-08-01'::date, '1999-08-01 13:14:15.5'::timestamp, '1999-08-01 13:14:15+00'::timestamptz;

SET DateStyle = 'German';

SELECT '1999-08-01'::date, '1999-08-01 13:14:15.5'::timestamp;

SET DateStyle = 'Postgres, DMY';

SELECT '1999-08-01'::date, '1999-08-01 13:14:15+00'::timestamptz;

SET DateStyle = 'nonsense';

--- date-errors
SELECT '2023-02-29'::date;

SELECT '2024-13-01'::date;

SELECT 'not a date'::date;

SELECT '5874898-01-01'::date;

SELECT '13/13/2000'::date;

SELECT make_date(2024, 2, 30);

--- date-arithmetic
SELECT '2024-03-01'::date - 1, '2024-03-01'::date - '2024-02-01'::date, '2024-01-31'::date + interval '1 month', '2024-03-31'::date - interval '1 month', 'infinity'::date + 1, '2024-01-01'::date + '12:00'::time;

SELECT '5874897-12-31'::date + 1;

SELECT 'infinity'::date - 'infinity'::date;

--- timestamp-precision
SELECT '2024-01-01 12:34:56.7891236'::timestamp, '2024-01-01 12:34:56.7891236'::timestamp(2), '23:59:59.999999'::time(3), '24:00:00'::time, '2024-01-01 23:59:60'::timestamp, '2024-01-01T10:11:12Z'::timestamptz, '294276-12-31 23:59:59'::timestamp, '4713-01-01 00:00:00 BC'::timestamp;

SELECT '294277-01-01'::timestamp;

SELECT '25:00:00'::time;

SELECT '2024-01-01 12:61:00'::timestamp;

SELECT '12:00'::time(7);

--- zones-and-offsets
SELECT '2024-07-01 12:00 Europe/Vienna'::timestamptz, '2024-01-01 12:00 Europe/Vienna'::timestamptz, '2024-01-01 12:00 PST'::timestamptz, '2024-01-01 12:00+05:30'::timestamptz, '2024-01-01 12:00 -08'::timestamptz, timestamptz '2024-07-01 12:00Z' AT TIME ZONE 'America/New_York', timestamp '2024-07-01 12:00' AT TIME ZONE 'Asia/Kolkata', timestamptz '2024-07-01 12:00Z' AT LOCAL;

SELECT '2024-01-01 12:00 Mars/Olympus'::timestamptz;

SELECT now() AT TIME ZONE 'nowhere';

--- zone-setting-changes-output
SET TimeZone = 'Europe/Vienna';

SELECT '2024-03-31 01:59:59+01'::timestamptz, '2024-03-31 02:30:00'::timestamptz, '2024-10-27 02:30:00'::timestamptz, '2024-10-27 00:30Z'::timestamptz, '1890-01-01 00:00Z'::timestamptz;

SET TIME ZONE -3.5;

SELECT '2024-01-01 00:00Z'::timestamptz;

SHOW TimeZone;

SET TIME ZONE INTERVAL '+08:00' HOUR TO MINUTE;

SELECT '2024-01-01 00:00Z'::timestamptz;

SET TimeZone = 'Nowhere/Else';

SET TIME ZONE LOCAL;

SHOW TimeZone;

--- zone-catalog
SELECT name, abbrev, utc_offset, is_dst FROM pg_timezone_names WHERE name IN ('UTC', 'Asia/Kathmandu', 'Etc/GMT+5') ORDER BY name;

SELECT count(*) > 400 FROM pg_timezone_names;

SELECT * FROM pg_timezone_abbrevs WHERE abbrev IN ('CET', 'UTC', 'IST') ORDER BY abbrev;

--- dst-arithmetic
SET TimeZone = 'America/New_York';

SELECT '2024-03-09 12:00'::timestamptz + interval '1 day', '2024-03-09 12:00'::timestamptz + interval '24 hours', date_add('2024-03-09 12:00'::timestamptz, '1 day', 'Europe/Vienna'), '2024-11-03 00:00'::timestamptz + interval '2 hours', '2024-11-04'::timestamptz - '2024-11-03'::timestamptz;

SELECT generate_series('2024-03-09'::timestamptz, '2024-03-12', '1 day');

--- interval-input
SELECT '1 year 2 months 3 days 04:05:06.789'::interval, '-1 day +02:03'::interval, 'P1Y2M3DT4H5M6.7S'::interval, 'P0001-02-03T04:05:06'::interval, '1.5 months'::interval, '1 week ago'::interval, '@ 2 hours 3 minutes'::interval, interval '5' hour, interval '1-2' year to month, interval '1 2:03:04' day to second(0), '2 decades'::interval, 'infinity'::interval, '-infinity'::interval;

SELECT '1 fortnight'::interval;

SELECT '178956970 years 8 months'::interval;

SELECT interval '1 day' YEAR;

--- interval-output-styles
SET IntervalStyle = 'sql_standard';

SELECT '1 year 2 months 3 days 04:05:06.789'::interval, '-1 days 02:03'::interval, '0'::interval;

SET IntervalStyle = 'postgres_verbose';

SELECT '1 year -2 months 3 days 04:05:06.789'::interval, '-1 days'::interval, '0'::interval;

SET IntervalStyle = 'iso_8601';

SELECT '1 year -2 months 3 days 04:05:06.789'::interval, '-1 days'::interval, '0'::interval;

--- interval-arithmetic
SELECT interval '1 day' * 1.5, interval '1 month' / 4, - interval '1 day 2 hours', interval '1 day' = interval '24 hours', interval '1 month' = interval '30 days', justify_days('35 days'), justify_hours('27 hours'), justify_interval('1 mon -1 hour'), interval '1 year' > interval '364 days', interval '2 days' - interval '36 hours', make_interval(1, 2, 3, 4, 5, 6, 7.5), extract(epoch from interval '1 year');

SELECT interval '1 day' / 0;

SELECT 'infinity'::interval - 'infinity'::interval;

SELECT interval '2147483647 days' + interval '1 day';

--- extract-fields
SELECT extract(century from d), extract(decade from d), extract(dow from d), extract(isodow from d), extract(doy from d), extract(epoch from d), extract(isoyear from d), extract(julian from d), extract(microseconds from d), extract(millennium from d), extract(quarter from d), extract(week from d), extract(second from d), date_part('milliseconds', d) FROM (VALUES (timestamp '2024-12-30 13:14:15.678901')) t(d);

SELECT extract(timezone from timestamptz '2024-01-01 00:00+02'), extract(timezone_hour from timestamptz '2024-01-01');

SELECT extract(hour from date '2024-01-01');

SELECT extract(fortnight from now());

SELECT extract(epoch from 'infinity'::timestamp), extract(day from 'infinity'::timestamp), extract(year from '-infinity'::date);

--- truncate-and-bin
SELECT date_trunc('hour', timestamp '2024-02-16 20:38:40'), date_trunc('week', date '2024-02-16'), date_trunc('quarter', timestamp '2024-02-16'), date_trunc('day', timestamptz '2024-02-16 20:38:40+00', 'Australia/Sydney'), date_bin('15 minutes', timestamp '2024-02-11 15:44:17', '2001-01-01'), date_trunc('month', interval '1 year 2 months 3 days'), date_trunc('millennium', timestamp '2024-01-01');

SELECT date_trunc('fortnight', now());

SELECT date_bin('1 month', timestamp '2024-01-01', '2001-01-01');

--- age-and-overlaps
SELECT age('2024-03-01'::timestamp, '2023-12-31'::timestamp), age('2024-01-31'::timestamp, '2024-02-29'::timestamp), (date '2001-02-16', date '2001-12-21') OVERLAPS (date '2001-10-30', date '2002-10-30'), (date '2001-02-16', interval '100 days') OVERLAPS (date '2001-10-30', date '2002-10-30'), isfinite('infinity'::date);

--- to-char-dates
SELECT to_char(t, 'YYYY-MM-DD HH24:MI:SS.US'), to_char(t, 'FMDay, FMDDth FMMonth YYYY'), to_char(t, 'IYYY-IW-ID'), to_char(t, 'Dy DD Mon YY HH12:MI AM'), to_char(t, 'J Q WW W CC'), to_char(t, '"literal" YYYY"T"DDD'), to_char(t, 'DAY day Day|MONTH|TMMonth|RM') FROM (VALUES (timestamp '2024-02-09 15:04:05.678')) v(t);

SELECT to_char(timestamptz '2024-02-09 15:04:05+00' , 'TZ tz OF TZH:TZM'), to_char(interval '15h 2m 12s', 'HH24:MI:SS'), to_char('0044-03-15 BC'::date, 'YYYY BC');

--- to-timestamp-parsing
SELECT to_timestamp('05 Dec 2000', 'DD Mon YYYY'), to_date('2024-060', 'YYYY-DDD'), to_timestamp('2024-02-09 03:04 PM', 'YYYY-MM-DD HH12:MI PM'), to_timestamp(1700000000.123456), to_date('20240229', 'YYYYMMDD'), to_timestamp('12.5', 'SS.MS'), to_date('99', 'YY'), to_timestamp('2024 -5', 'YYYY TZH');

SELECT to_date('2024-02-30', 'YYYY-MM-DD');

SELECT to_timestamp('abc', 'YYYY');

SELECT to_timestamp('2024-01-01', 'YYYY-MM-DD HH24:MI:SS');

SELECT to_timestamp('13', 'HH12');

SELECT to_date('2024 01', 'IYYY MM');

--- make-functions
SELECT make_date(2024, 2, 29), make_date(-44, 3, 15), make_time(8, 15, 23.5), make_timestamp(2024, 2, 29, 8, 15, 23.5), make_timestamptz(2024, 7, 1, 8, 15, 23.5, 'Europe/Vienna');

SELECT make_time(24, 1, 0);

SELECT make_timestamptz(2024, 7, 1, 8, 15, 23.5, 'x');

--- special-strings-relate-to-today
SELECT 'today'::date = current_date, 'tomorrow'::date - 'yesterday'::date, 'now'::timestamptz = now(), 'allballs'::time, current_timestamp = transaction_timestamp(), localtimestamp(0) - localtimestamp < '1s', statement_timestamp() >= now(), clock_timestamp() >= statement_timestamp();

--- time-with-zone
SELECT '12:00+02'::timetz, '12:00 UTC'::timetz = '14:00+02'::timetz, '12:00+02'::timetz AT TIME ZONE 'UTC', '04:05:06.789-08'::timetz::time, '12:00'::time - '10:30'::time, '23:00'::time + interval '2 hours', '12:00:00'::time::interval;

SELECT '12:00 Europe/Vienna'::timetz;

SELECT '2024-07-01 12:00 Europe/Vienna'::timetz;

--- unix-times-at-edges
SELECT to_timestamp(0), to_timestamp(-1), to_timestamp('infinity'), '1969-12-31 23:59:59.999999Z'::timestamptz, extract(epoch from '2038-01-19 03:14:08Z'::timestamptz), '2038-01-19 03:14:08 America/New_York'::timestamptz, '2500-07-01 12:00 America/New_York'::timestamptz;

SELECT to_timestamp(1e20);

SELECT to_timestamp('nan');
