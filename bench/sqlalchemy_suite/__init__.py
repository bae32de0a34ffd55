"""SQLAlchemy's own dialect test suite, run on our databases and on a native PostgreSQL.

As SQLAlchemy's README.dialects.rst describes for dialects of third parties: suite/ has what pytest
is to be run with. What the database is expected to do (the *requirements*) is SQLAlchemy's own
list for PostgreSQL, which is in its source distribution.
"""
