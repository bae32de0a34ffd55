-- What the compiler is to optimise for. A statement ends where a line ends in a semicolon.

create extension if not exists vector;
create table account (id int primary key, branch int, balance int, filler text);
create table history (account int, delta int, made timestamptz default now());
create table pair (k int primary key, v bigint);
create table document (id int generated always as identity primary key, body jsonb, title text);
create table item (id int primary key, embedding vector(16));

insert into account select n, n % 10, 0, repeat('x', 80) from generate_series(1, 5000) n;
insert into pair select n, n * 2 from generate_series(1, 5000) n;
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
select count(*) from account a join history h on h.account = a.id;
with recursive t(n) as (select 1 union all select n + 1 from t where n < 10000) select sum(n) from t;
do $$ declare s bigint := 0; begin for i in 1..40000 loop s := s + i % 7; end loop; end $$;
do $$ begin perform 1 / 0; exception when division_by_zero then null; end $$;
select count(*) from (select md5(n::text) t from generate_series(1, 10000) n order by t offset 0) s;
select branch, count(*), avg(balance), max(filler) from account group by branch order by branch;
select id, row_number() over (partition by branch order by id desc) from account limit 500;
select sum((jsonb_build_object('a', n, 'c', md5(n::text)) ->> 'a')::int) from generate_series(1, 3000) n;
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
