"""The janitor, and what tests replace in it."""

import psycopg

from pglite_native.testing.pytest_postgresql.janitor import *  # noqa: F403
from pglite_native.testing.pytest_postgresql.janitor import DatabaseJanitor
