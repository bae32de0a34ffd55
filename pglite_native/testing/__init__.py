"""Drop-ins for tools that tests have their PostgreSQL from: docs/COMING_FROM.md.

Each module has the names and keyword arguments of the tool that it is called after, so that a
project changes one line. An argument that can mean nothing here is refused, or has no effect where
that does no harm, and its docstring says so.
"""
