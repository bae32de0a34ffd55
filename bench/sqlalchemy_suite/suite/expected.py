"""What the suite expects of a database: SQLAlchemy's own list, and what it says of drivers."""

# mypy: ignore-errors
# SQLAlchemy's tests have no types.

from requirements import DefaultRequirements  # SQLAlchemy's, put on the path by the run
from sqlalchemy.testing import exclusions


class Requirements(DefaultRequirements):
    @property
    def infinity_floats(self) -> exclusions.compound:
        """Expected of psycopg and asyncpg by their names; ours does it, too."""
        return exclusions.open()
