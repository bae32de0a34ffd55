"""The same name as the drop-in gives a database under pytest-xdist."""

import os


def xdistify_dbname(dbname: str) -> str:
    return dbname + os.environ.get("PYTEST_XDIST_WORKER", "")
