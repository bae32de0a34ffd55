create table test_load (id int);
insert into test_load values (1);
