insert into test_load values (2);
