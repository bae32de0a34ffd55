create function probe_count() returns int language c as '$libdir/probe';
create function probe_compare(int, int) returns int strict language c as '$libdir/probe';
create function probe_text() returns text language c as '$libdir/probe';
create function probe_process() returns int language c as '$libdir/probe';
create function probe_half(int) returns int strict language c as '$libdir/probe';
