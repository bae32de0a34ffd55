-- What the compiler is to optimise for. A statement ends where a line ends in a semicolon.

create extension if not exists vector;
create table account (id int primary key, branch int, balance int, filler text);
create table history (account int, delta int, made timestamptz default now());
create table pair (k int primary key, v bigint);
create table line (account int, part int, quantity int, price numeric(12, 2), rate float8, made date, mode text);
create table document (id int generated always as identity primary key, body jsonb, title text);
create table item (id int primary key, embedding vector(16));

insert into account select n, n % 10, 0, repeat('x', 80) from generate_series(1, 5000) n;
insert into pair select n, n * 2 from generate_series(1, 5000) n;
insert into line select n % 5000, n % 200, n % 50, (n % 9000) / 100.0, n / 7.0, date '2026-01-01' + n % 400,
    (array['AIR', 'RAIL', 'SHIP', 'TRUCK'])[1 + n % 4] from generate_series(1, 20000) n;
insert into document (body, title)
    select jsonb_build_object('a', n, 'b', array[n, n + 1], 'c', md5(n::text)), 'title of ' || n
    from generate_series(1, 2000) n;
insert into item select n, (select array_agg(((n * 31 + i * 17) * 7919 % 1000) / 1000.0)
    from generate_series(1, 16) i)::vector from generate_series(1, 300) n;
create index on account (branch);
create index on document using gin (body);
create index on item using hnsw (embedding vector_l2_ops);
analyze;

select count(*), sum(x * 2 + 1) from generate_series(1, 60000) x;
select count(*), sum(a.v + b.v) from pair a join pair b using (k);
create temp table unordered as select k, v from pair order by md5(k::text);
analyze unordered;
select count(*), sum(a.v + b.v) from unordered a join unordered b using (k);
select mode, sum(quantity), sum(price), sum(price * (1 - 0.05)), avg(quantity), avg(rate), count(*) from line
    where made <= date '2026-12-01' group by mode order by mode;
select a.branch, sum(l.price) as revenue from account a join line l on l.account = a.id
    where l.made between '2026-03-01' and '2026-09-01' group by a.branch order by revenue desc limit 5;
select count(*) from account a where exists (select from line l where l.account = a.id and l.quantity > 40);
select count(*) from account where id not in (select account from line where mode = 'AIR');
select part, made, max(price) from line group by part, made having count(*) > 0 order by 3 desc, 1, 2 limit 10;
select distinct part, mode from line order by part, mode;
select sum(case when mode in ('AIR', 'RAIL') then 1 else 0 end) from line where mode like '%A%';
select k from pair where k < 2000 union select account from line where part < 20 order by 1 limit 100;
with recent as materialized (select * from line where made > '2026-06-01')
    select part, count(*) from recent group by part order by 2 desc, 1 limit 10;
select made, sum(quantity) over (partition by part order by made rows 5 preceding) from line where part < 10;
with recursive t(n) as (select 1 union all select n + 1 from t where n < 10000) select sum(n) from t;
do $$ declare s bigint := 0; begin for i in 1..40000 loop s := s + i % 7; end loop; end $$;
do $$ declare r record; s text := ''; n numeric := 0; begin
    for r in select id, title from document where id < 1000 loop if r.id % 2 = 0 then
    s := r.title || ', ' || left(s, 20); else n := n + r.id * 1.1; end if; end loop; end $$;
do $$ begin perform 1 / 0; exception when division_by_zero then null; end $$;
select count(*) from (select md5(n::text) t from generate_series(1, 10000) n order by t offset 0) s;
select branch, count(*), avg(balance), max(filler) from account group by branch order by branch;
select id, row_number() over (partition by branch order by id desc) from account limit 500;
select sum((jsonb_build_object('a', n, 'b', array[n, n + 1], 'c', md5(n::text)) ->> 'a')::int)
    from generate_series(1, 5000) n;
select jsonb_agg(jsonb_set(body, '{c}', to_jsonb(title)) - 'b') from document where id < 500;
select id, key, value from document, jsonb_each_text(body) where id < 200;
select title, (body ->> 'a')::int as a from document where body ->> 'c' > 'f' order by a desc limit 20;
select body -> 'b' -> 0, body ->> 'c' from document where body @> '{"a": 77}';
select title from document where title ~ 'of 1[0-9]*$' or title ilike '%99' order by title;
select to_tsvector('english', title || ' walking dogs') @@ to_tsquery('dog') from document limit 300;
select string_agg(upper(substr(title, 1, 5)), ',' order by id) from document where id < 200;
select n / 7.0::float8, n * 1.5::numeric, (n * 10.25)::numeric(12, 2), n::text
    from generate_series(1, 3000) n;
select timestamp '2026-01-01' + n * interval '1 hour', date_trunc('month', now() - n * interval '1 day')
    from generate_series(1, 2000) n;
select id from item order by embedding <-> '[0,1,0,1,0,1,0,1,0,1,0,1,0,1,0,1]' limit 10;
update account set balance = balance + 1 where branch = 3;
delete from account where id % 50 = 0;
insert into pair values (1, 2) on conflict (k) do update set v = excluded.v + 1 returning *;
create view rich as select * from account where balance > 0;
select count(*) from rich;
select relname, attname, typname from pg_class c join pg_attribute a on attrelid = c.oid
    join pg_type t on t.oid = atttypid where relkind = 'r' and attnum > 0 order by 1, attnum limit 200;
