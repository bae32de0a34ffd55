"""What pytest-postgresql's tests import in its place; what is None is internal to that."""
