"""PostgreSQL's wire protocol, as a client writes and reads it."""
