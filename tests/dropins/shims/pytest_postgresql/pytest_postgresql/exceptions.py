"""Internal."""

PostgreSQLUnsupported = None
