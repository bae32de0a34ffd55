"""Everybody side by side: `python -m bench.against`, or `make bench-peers`.

`contestants.py` says who takes part, and why somebody does not; `works.py` what they do, as data;
`targets.py` what is to be reached. Each contestant is a child process, which reads requests and
writes answers, a line of JSON each: `child.py` is this side of it, `serve.py` and `node.mjs` are
the other one. So a round asks all of them for the same work, one after the other, and whatever
disturbs the machine disturbs all of them alike.

A request is {"work": OPERATION, "arguments": {...}}, an answer {"seconds": S}, or
{"missing": REASON} where a contestant has no way to do it, or {"error": TEXT}. The first line, not
asked for, is {"ready": DESCRIPTION}: the contestant has answered its first query.
"""
